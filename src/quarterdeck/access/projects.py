"""Projects: the walls between tenants."""

from __future__ import annotations

import re

from quarterdeck.access import store
from quarterdeck.access.keyring import DEFAULT_PROJECT
from quarterdeck.access.records import KeysChanged, Project
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Conflict, InvalidInput, NotAllowed
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Work
from quarterdeck.storage.database import Database

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


async def ensure_default(database: Database) -> None:
    """A server always has the project `default`."""
    if not any(project.name == DEFAULT_PROJECT for project in await store.projects(database)):
        await store.add_project(database, _new(DEFAULT_PROJECT))


async def visible(work: Work) -> Page[Project]:
    """All projects for an administrator; its own for a key."""
    known = await store.projects(work.runtime.database)
    if work.actor.kind == "key":
        known = [project for project in known if project.id == work.project_id]
    return Page(known)


async def create(work: Work, name: str) -> Project:
    """A new, empty project."""
    if work.actor.kind == "key":
        raise NotAllowed("Only the administrator makes projects, not a key of one. Use the admin key.")
    if not _NAME.fullmatch(name):
        raise InvalidInput("A project name has 1 to 63 of `a-z`, `0-9` and `-`, not `-` first.", param="name")
    project = _new(name)
    if not await store.add_project(work.runtime.database, project):
        raise Conflict(f"There is already a project called `{name}`.", param="name")
    await work.runtime.events.publish(KeysChanged())
    return project


def _new(name: str) -> Project:
    return Project(id=ids.new_id("prj"), name=name, created_at=clock.iso(clock.now()))
