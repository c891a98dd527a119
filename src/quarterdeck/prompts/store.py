"""The SQL of prompts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.core.hashing import Json
from quarterdeck.core.ids import new_id
from quarterdeck.prompts.records import Prompt, PromptLabel, PromptVersion
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import prompt_labels as label_table
from quarterdeck.storage.tables import prompt_versions as table


async def add_version(
    database: Database,
    project_id: str,
    name: str,
    *,
    template: str,
    model: str | None,
    parameters: Mapping[str, Json],
    sha256: str,
    note: str,
    at: str,
    by: str,
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
            model=model,
            parameters=dict(parameters),
        )
        values = {**vars(version), "parameters": json.dumps(version.parameters)}
        await connection.execute(insert(table).values(project_id=project_id, **values))
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
    named = await labels(database, project_id)
    # Versions count up from 1 without gaps, so the newest number is how many there are.
    return [
        Prompt(name=row.name, versions=row.version, newest=_version(row), labels=named.get(row.name, []))
        for row in rows
    ]


async def labels(database: Database, project_id: str) -> dict[str, list[PromptLabel]]:
    """The labels of all prompts of a project, by prompt."""
    statement = select(label_table).where(label_table.c.project_id == project_id).order_by(label_table.c.label)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    found: dict[str, list[PromptLabel]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(PromptLabel(row.label, row.version, row.moved_at, row.moved_by))
    return found


async def move_label(database: Database, project_id: str, name: str, label: PromptLabel) -> None:
    """Let a label stand for a version from now on."""
    values = {"version": label.version, "moved_at": label.moved_at, "moved_by": label.moved_by}
    async with database.writing() as connection:
        await connection.execute(
            upsert(label_table)
            .values(project_id=project_id, name=name, label=label.label, **values)
            .on_conflict_do_update(index_elements=["project_id", "name", "label"], set_=values)
        )


async def remove_label(database: Database, project_id: str, name: str, label: str) -> bool:
    """Take a label away; False when it is not there."""
    its = (label_table.c.project_id == project_id, label_table.c.name == name, label_table.c.label == label)
    async with database.writing() as connection:
        return (await connection.execute(delete(label_table).where(*its))).rowcount == 1


async def everything(database: Database) -> tuple[list[tuple[str, PromptVersion]], list[tuple[str, str, str, int]]]:
    """All versions of all projects in order, and all labels as (project, prompt, label, version)."""
    async with database.reading() as connection:
        versions = (await connection.execute(select(table).order_by(table.c.version))).all()
        named = (await connection.execute(select(label_table))).all()
    return (
        [(row.project_id, _version(row)) for row in versions],
        [(row.project_id, row.name, row.label, row.version) for row in named],
    )


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
        model=row.model,
        parameters=json.loads(row.parameters),
    )
