"""Teams: made, described, let go."""

from __future__ import annotations

import re
from dataclasses import replace

from quarterdeck.access.records import KeysChanged
from quarterdeck.access.teams import store
from quarterdeck.access.teams.records import Team
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


async def all_teams(work: Work) -> Page[Team]:
    """The teams of the project, by name."""
    return Page(await store.teams(work.runtime.database, work.project_id))


async def get(work: Work, name: str) -> Team:
    """One team."""
    team = await store.team(work.runtime.database, work.project_id, name)
    if team is None:
        known = [one.name for one in await store.teams(work.runtime.database, work.project_id)]
        raise NotFound(f"No team is called `{name}`. There are: {known}. `quarterdeck teams create` makes one.")
    return team


async def create(work: Work, name: str, *, description: str = "", owner: str = "ui") -> Team:
    """A new team, without keys."""
    if not _NAME.fullmatch(name):
        raise InvalidInput("A team name has 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, a letter or digit first.",
                           param="name")  # fmt: skip
    team = Team(ids.new_id("team"), name, description.strip(), clock.iso(clock.now()), owner)
    await store.add(work.runtime.database, work.project_id, team)
    return team


async def put(work: Work, name: str, *, description: str = "", owner: str = "ui", force: bool = False) -> Team:
    """The team of this name, made if it is not there."""
    known = await store.team(work.runtime.database, work.project_id, name)
    if known is None:
        return await create(work, name, description=description, owner=owner)
    require_owner(f"The team `{name}`", known.owner, owner=owner, force=force)
    changed = replace(known, description=description.strip(), owner=owner)
    await store.change(work.runtime.database, work.project_id, changed)
    return changed


async def remove(work: Work, name: str, *, owner: str = "ui", force: bool = False) -> None:
    """Let a team go. One that still has keys stays, so that none of them loses its limits unseen."""
    team = await get(work, name)
    require_owner(f"The team `{name}`", team.owner, owner=owner, force=force)
    if team.keys:
        raise Conflict(f"{team.keys} keys belong to the team `{name}`. Revoke them, or give them another team first.")
    await store.remove(work.runtime.database, work.project_id, team.id)
    await work.runtime.events.publish(KeysChanged())
