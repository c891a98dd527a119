"""Prices that somebody has set here: for a project or for all, for models by pattern, from a date on. They win."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from fnmatch import translate

import msgspec

from quarterdeck.gateway.price_rows import PriceRow

Sellers = tuple[str, str | None]
"""A provider by its name here, and by the name of its price list: a pattern may mean either."""
_MOST_NAMES = 10_000


class SetPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One row that somebody has set. Rows are never changed: a newer one wins, and a withdrawn one holds no more."""

    id: str
    project_id: str | None
    """None means all projects."""
    provider: str
    """A pattern such as `openai` or `*`."""
    model: str
    """A pattern such as `gpt-4o*`."""
    row: PriceRow
    note: str = ""
    created_at: str = ""
    created_by: str = ""


class Overrides:
    """The rows that hold, ready to be asked on every call."""

    def __init__(self, rows: Sequence[SetPrice] = ()) -> None:
        # The project's own before those of all, the later date before the earlier, the newer row before the older.
        ordered = sorted(rows, key=_weight, reverse=True)
        self._rows = [(row, _pattern(row.provider), _pattern(row.model)) for row in ordered]
        self._known: dict[tuple[str | None, Sellers, str], Sequence[SetPrice]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def all_for(self, project_id: str | None, sellers: Sellers, model: str) -> Sequence[SetPrice]:
        """Every row that is about a model, the weightiest first."""
        return self._of(project_id, sellers, model)

    def standard(self, project_id: str | None, sellers: Sellers, model: str, at: datetime) -> SetPrice | None:
        """The row whose prices are those of a moment, in the standard tier."""
        return self._first(project_id, sellers, model, at, None)

    def tier(
        self, project_id: str | None, sellers: Sellers, model: str, at: datetime, service_tier: str | None
    ) -> SetPrice | None:
        """The row of a tier that has prices of its own."""
        return None if service_tier is None else self._first(project_id, sellers, model, at, service_tier)

    def _first(
        self, project_id: str | None, sellers: Sellers, model: str, at: datetime, tier: str | None
    ) -> SetPrice | None:
        rows = self._of(project_id, sellers, model)
        return next((one for one in rows if one.row.service_tier == tier and one.row.holds(at)), None)

    def _of(self, project_id: str | None, sellers: Sellers, model: str) -> Sequence[SetPrice]:
        key = (project_id, sellers, model)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            found = self._known[key] = [
                row
                for row, provider, name in self._rows
                if row.project_id in (None, project_id)
                and any(provider.fullmatch(seller) for seller in sellers if seller)
                and name.fullmatch(model)
            ]
        return found


def _weight(one: SetPrice) -> tuple[bool, str, bool, str, str]:
    row = one.row
    return one.project_id is not None, row.since or "", row.hours is not None, one.created_at, one.id


def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob), re.IGNORECASE)


NO_OVERRIDES = Overrides()
