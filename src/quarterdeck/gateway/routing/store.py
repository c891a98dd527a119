"""The only SQL of routing: aliases and their plans."""

from __future__ import annotations

import logging

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from quarterdeck.gateway.routing.records import Alias, Plan
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import aliases

log = logging.getLogger(__name__)


async def all_aliases(database: Database) -> list[Alias]:
    """The aliases of all projects, by name. One whose plan cannot be read is left out, and said in the log."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(aliases).order_by(aliases.c.name))).all()
    found = []
    for row in rows:
        try:
            plan = msgspec.json.decode(row.plan, type=Plan)
        except msgspec.DecodeError as error:
            log.error("The plan of the alias `%s` cannot be read: %s", row.name, error)
            continue
        found.append(Alias(row.id, row.project_id, row.name, plan, row.owner, row.created_at, row.updated_at))
    return found


async def put(database: Database, alias: Alias) -> None:
    """Keep an alias, or what is new about it; a project has one of a name."""
    changing = {"plan": msgspec.json.encode(alias.plan).decode(), "owner": alias.owner, "updated_at": alias.updated_at}
    row = {
        "id": alias.id,
        "project_id": alias.project_id,
        "name": alias.name,
        "created_at": alias.created_at,
        **changing,
    }
    async with database.writing() as connection:
        await connection.execute(
            insert(aliases).values(row).on_conflict_do_update(index_elements=["project_id", "name"], set_=changing)
        )


async def remove(database: Database, project_id: str, name: str) -> bool:
    """Forget an alias; False when there was none."""
    async with database.writing() as connection:
        result = await connection.execute(
            delete(aliases).where(aliases.c.project_id == project_id, aliases.c.name == name)
        )
    return bool(result.rowcount)
