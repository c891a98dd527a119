"""Declared teams."""

from __future__ import annotations

from quarterdeck.access.records import KeysChanged
from quarterdeck.access.teams import teams
from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.runtime.work import Work


class Teams(Section):
    """Teams, by name."""

    key = "teams"
    kind = "team"
    changed = KeysChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        page = await teams.all_teams(work)
        return {team.name: Standing(team.owner, {"description": team.description}) for team in page.items}

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        await teams.put(work, name, description=fields["description"], owner=owner)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await teams.remove(work, name, owner=owner)
