"""The SQL of prompts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, insert, select

from quarterdeck.core.ids import new_id
from quarterdeck.prompts.records import Prompt, PromptVersion
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import prompt_versions as table


async def add_version(
    database: Database, project_id: str, name: str, *, template: str, sha256: str, note: str, at: str, by: str
) -> PromptVersion:
    """Keep a wording as the next version; the wording that is already the newest stays the newest."""
    newest_first = (
        select(table).where(table.c.project_id == project_id, table.c.name == name).order_by(table.c.version.desc())
    )
    async with database.writing() as connection:
        newest = (await connection.execute(newest_first.limit(1))).first()
        if newest is not None and newest.sha256 == sha256:
            return _version(newest)
        version = PromptVersion(
            id=new_id("prm"),
            name=name,
            version=1 if newest is None else newest.version + 1,
            sha256=sha256,
            template=template,
            note=note,
            created_at=at,
            created_by=by,
        )
        await connection.execute(insert(table).values(project_id=project_id, **vars(version)))
    return version


async def versions(database: Database, project_id: str, name: str) -> list[PromptVersion]:
    """All versions of a prompt, newest first."""
    statement = select(table).where(table.c.project_id == project_id, table.c.name == name)
    async with database.reading() as connection:
        rows = await connection.execute(statement.order_by(table.c.version.desc()))
    return [_version(row) for row in rows]


async def version(database: Database, project_id: str, name: str, number: int | None) -> PromptVersion | None:
    """One version, or the newest."""
    statement = select(table).where(table.c.project_id == project_id, table.c.name == name)
    if number is not None:
        statement = statement.where(table.c.version == number)
    async with database.reading() as connection:
        row = (await connection.execute(statement.order_by(table.c.version.desc()).limit(1))).first()
    return None if row is None else _version(row)


async def prompts(database: Database, project_id: str) -> list[Prompt]:
    """Every prompt with its newest version, by name."""
    newest = (
        select(table.c.name, func.max(table.c.version).label("version"))
        .where(table.c.project_id == project_id)
        .group_by(table.c.name)
        .subquery()
    )
    statement = (
        select(table)
        .join(newest, (table.c.name == newest.c.name) & (table.c.version == newest.c.version))
        .where(table.c.project_id == project_id)
        .order_by(table.c.name)
    )
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    # Versions count up from 1 without gaps, so the newest number is how many there are.
    return [Prompt(name=row.name, versions=row.version, newest=_version(row)) for row in rows]


def _version(row: Row[Any]) -> PromptVersion:  # Any: a row of `prompt_versions`, typed at run time
    return PromptVersion(
        id=row.id,
        name=row.name,
        version=row.version,
        sha256=row.sha256,
        template=row.template,
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )
