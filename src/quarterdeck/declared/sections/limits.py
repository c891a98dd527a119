"""Declared limits and budgets."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.access import keys
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.access.limits.records import LimitsChanged
from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.runtime.work import Work

_SAME = ("subject", "each", "metric", "amount", "hard", "alert_at", "enabled")


class Limits(Section):
    """Limits, by name."""

    key = "limits"
    kind = "limit"
    changed = LimitsChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        living = [key for key in (await keys.all_keys(work)).items if key.revoked_at is None]
        names = {key.id: key.name for key in living if sum(one.name == key.name for one in living) == 1}
        return {
            limit.name: Standing(
                limit.owner,
                {
                    **{name: getattr(limit, name) for name in _SAME},
                    "subject_id": None if limit.subject == "project" else names.get(limit.subject_id, limit.subject_id),
                    "window": None if limit.window == "now" else limit.window,
                },
            )
            for limit in (await limits.all_limits(work)).items
        }

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        return {
            name: {
                **fields,
                "each": fields["each"] and fields["subject"] != "project",
                "alert_at": sorted(set(fields["alert_at"])),
                "subject_id": None if fields["subject"] == "project" else fields["subject_id"],
            }
            for name, fields in declared.items()
        }

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        await limits.put(work, name, LimitWish(**fields), owner=owner)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await limits.remove(work, name, owner=owner)
