"""Declared routes: aliases with their plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pydantic import TypeAdapter

from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.records import Fallbacks, Plan, RoutesChanged
from quarterdeck.runtime.work import Work

_PLAN = TypeAdapter(Plan)


class Aliases(Section):
    """Aliases, by name."""

    key = "routes"
    kind = "route"
    changed = RoutesChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        mine = work.part(Catalogue).aliases(work.project_id)
        return {name: Standing(alias.owner, _PLAN.dump_python(alias.plan, mode="json")) for name, alias in mine.items()}

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        await aliases.put(work, name, _PLAN.validate_python(fields), owner=owner)
        return None

    async def begin(self, work: Work, wanted: Mapping[str, Fields], new: Collection[str], *, owner: str) -> None:
        """Make new aliases that others fall back on, first without fallbacks of their own, which may lead in circles."""
        plans = {name: _PLAN.validate_python(fields) for name, fields in wanted.items()}
        needed = {other for plan in plans.values() for names in vars(plan.fallbacks).values() for other in names}
        for name in needed.intersection(new):
            await aliases.put(work, name, replace(plans[name], fallbacks=Fallbacks()), owner=owner)

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await aliases.remove(work, name, owner=owner)
