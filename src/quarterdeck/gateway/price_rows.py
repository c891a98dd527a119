"""What a price list says: models, the names they go by, and their rates over time and by size of prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec


class Rates(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prices in pico-dollars a token, for prompts of more than `above` tokens; the last ones a piece of what they name.

    A kind of token without a price of its own is paid like the one it is part of.
    """

    above: int = 0
    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    image_input: int | None = None
    video_input: int | None = None
    audio_output: int | None = None
    image_output: int | None = None
    audio_cache_read: int | None = None
    image_cache_read: int | None = None
    citation: int | None = None
    """A token of what Perplexity has read for an answer: beside input and output."""
    character: int | None = None
    request: int | None = None
    search: int | None = None
    page: int | None = None
    image: int | None = None
    audio_second: int | None = None


TOKEN_UNITS = tuple(name for name in Rates.__struct_fields__[1:] if name not in (
    "character", "request", "search", "page", "image", "audio_second"
))  # fmt: skip
PER_MILLION = (*TOKEN_UNITS, "character")
"""What is so cheap that its price is told for a million."""
UNITS = Rates.__struct_fields__[1:]
"""Everything that can have a price."""


class PriceRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rates of a period: since a date, or in certain hours (UTC) of each day."""

    since: str | None = None
    hours: tuple[str, str] | None = None
    service_tier: str | None = None
    """A tier (`priority`, `flex`, `batch`, `fast`) whose rates replace the standard ones, where they say something."""
    rates: tuple[Rates, ...] = ()
    """By prompt size, smallest first."""

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates for a prompt of this size, which hold for all of its tokens."""
        return next((rates for rates in reversed(self.rates) if input_tokens > rates.above), self.rates[0])

    def holds(self, at: datetime) -> bool:
        """Whether its prices are those of a moment."""
        if self.since is not None and at.date().isoformat() < self.since:
            return False
        if self.hours is not None:
            start, end = self.hours
            clock_time = at.time().isoformat()
            return start <= clock_time < end if start <= end else (clock_time >= start or clock_time < end)
        return True


class PricedModel(msgspec.Struct, frozen=True):
    """A model, the names it goes by, and its prices over time: the last row that holds is the one."""

    id: str
    match: dict[str, Any]  # Any: nested clauses, see `matches`
    rows: tuple[PriceRow, ...]


class PriceList(msgspec.Struct, frozen=True):
    """The models of one seller."""

    url_pattern: str
    models: tuple[PricedModel, ...]
    resells: tuple[str, ...] = ()
    """Price lists that hold here as well, for models that this one does not name."""


class PriceBook(msgspec.Struct, frozen=True):
    """All price lists of one edition."""

    edition: str
    lists: dict[str, PriceList]


NO_PRICES = PriceBook(edition="none", lists={})


def matches(clause: dict[str, Any], name: str) -> bool:
    ((kind, value),) = clause.items()
    match kind:
        case "equals":
            return bool(name == value)
        case "starts_with":
            return name.startswith(value)
        case "ends_with":
            return name.endswith(value)
        case "contains":
            return value in name
        case "regex":
            return re.search(value, name) is not None
        case "or":
            return any(matches(inner, name) for inner in _clauses(value))
        case "and":
            return all(matches(inner, name) for inner in _clauses(value))
    return False


def _clauses(value: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    return value
