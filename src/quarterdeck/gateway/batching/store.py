"""The SQL of batches: files, batches, and the results of lines until they are a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.gateway.batching.records import ENDED, Batch, BatchError, LineResult, StoredFile
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import batch_results, batches, gateway_files

_CHUNK = 500


async def add_file(database: Database, file: StoredFile) -> None:
    """Keep what is known of a file."""
    async with database.writing() as connection:
        await connection.execute(insert(gateway_files).values(**asdict(file)))


async def file(database: Database, project_id: str, file_id: str) -> StoredFile | None:
    """One file of a project."""
    statement = select(gateway_files).where(gateway_files.c.project_id == project_id, gateway_files.c.id == file_id)
    async with database.reading() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else _file(row)


async def files(
    database: Database, project_id: str, *, purpose: str | None, after: StoredFile | None, limit: int
) -> list[StoredFile]:
    """The newest files of a project, after one of them if it is named."""
    table = gateway_files
    statement = select(table).where(table.c.project_id == project_id)
    if purpose is not None:
        statement = statement.where(table.c.purpose == purpose)
    if after is not None:
        older = and_(table.c.created_at == after.created_at, table.c.id < after.id)
        statement = statement.where(or_(table.c.created_at < after.created_at, older))
    statement = statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    async with database.reading() as connection:
        return [_file(row) for row in await connection.execute(statement)]


async def remove_file(database: Database, project_id: str, file_id: str) -> None:
    """Forget a file."""
    async with database.writing() as connection:
        await connection.execute(
            delete(gateway_files).where(gateway_files.c.project_id == project_id, gateway_files.c.id == file_id)
        )


async def is_used(database: Database, sha256: str) -> bool:
    """Whether any file of any project still has this content."""
    statement = select(func.count()).select_from(gateway_files).where(gateway_files.c.sha256 == sha256)
    async with database.reading() as connection:
        return bool((await connection.execute(statement)).scalar_one())


async def add_batch(database: Database, batch: Batch) -> None:
    """Keep a new batch."""
    async with database.writing() as connection:
        await connection.execute(insert(batches).values(**_row_of(batch)))


async def batch(database: Database, project_id: str | None, batch_id: str) -> Batch | None:
    """One batch, of a project or, for the job, of any."""
    statement = select(batches).where(batches.c.id == batch_id)
    if project_id is not None:
        statement = statement.where(batches.c.project_id == project_id)
    async with database.reading() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else _batch(row)


async def batches_of(database: Database, project_id: str, *, after: Batch | None, limit: int) -> list[Batch]:
    """The newest batches of a project."""
    statement = select(batches).where(batches.c.project_id == project_id)
    if after is not None:
        older = and_(batches.c.created_at == after.created_at, batches.c.id < after.id)
        statement = statement.where(or_(batches.c.created_at < after.created_at, older))
    statement = statement.order_by(batches.c.created_at.desc(), batches.c.id.desc()).limit(limit)
    async with database.reading() as connection:
        return [_batch(row) for row in await connection.execute(statement)]


async def unfinished(database: Database) -> list[str]:
    """The batches that somebody still waits for."""
    async with database.reading() as connection:
        rows = await connection.execute(select(batches.c.id).where(batches.c.status.not_in(ENDED)))
        return [row.id for row in rows]


async def change(database: Database, batch: Batch, *, unless: Sequence[str] = ()) -> bool:
    """Keep how a batch stands now; nothing changes, and False comes back, when its status is one of `unless`."""
    statement = update(batches).where(batches.c.id == batch.id, batches.c.status.not_in(list(unless)))
    row = {name: value for name, value in _row_of(batch).items() if name not in ("id", "project_id")}
    async with database.writing() as connection:
        result = await connection.execute(statement.values(**row))
    return bool(result.rowcount)


async def add_result(database: Database, batch_id: str, result: LineResult) -> None:
    """Keep what became of a line; what was there first stays."""
    row = {"batch_id": batch_id, "line": result.line, "ok": result.ok, "content": result.content}
    async with database.writing() as connection:
        await connection.execute(upsert(batch_results).values(row).on_conflict_do_nothing())


async def done_lines(database: Database, batch_id: str) -> dict[int, bool]:
    """The lines that have a result, and whether it is a good one."""
    statement = select(batch_results.c.line, batch_results.c.ok).where(batch_results.c.batch_id == batch_id)
    async with database.reading() as connection:
        return {row.line: row.ok for row in await connection.execute(statement)}


async def counts(database: Database, batch_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many good and bad results batches have that are still going on."""
    table = batch_results
    statement = (
        select(table.c.batch_id, table.c.ok, func.count().label("lines"))
        .where(table.c.batch_id.in_(list(batch_ids)))
        .group_by(table.c.batch_id, table.c.ok)
    )
    found: dict[str, tuple[int, int]] = {}
    async with database.reading() as connection:
        for row in await connection.execute(statement):
            good, bad = found.get(row.batch_id, (0, 0))
            found[row.batch_id] = (row.lines, bad) if row.ok else (good, row.lines)
    return found


async def results(database: Database, batch_id: str, *, ok: bool, after: int) -> list[LineResult]:
    """Some results in the order of the lines, after one of them."""
    table = batch_results
    statement = (
        select(table)
        .where(table.c.batch_id == batch_id, table.c.ok.is_(ok), table.c.line > after)
        .order_by(table.c.line)
        .limit(_CHUNK)
    )
    async with database.reading() as connection:
        return [LineResult(row.line, row.ok, row.content) for row in await connection.execute(statement)]


async def finish(database: Database, batch: Batch, new_files: Sequence[StoredFile]) -> None:
    """The batch has ended: its output files, its last status and the end of its results, all or nothing."""
    row = {name: value for name, value in _row_of(batch).items() if name not in ("id", "project_id")}
    async with database.writing() as connection:
        for made in new_files:
            await connection.execute(insert(gateway_files).values(**asdict(made)))
        await connection.execute(update(batches).where(batches.c.id == batch.id).values(**row))
        await connection.execute(delete(batch_results).where(batch_results.c.batch_id == batch.id))


def _row_of(batch: Batch) -> dict[str, object]:
    return {
        **asdict(batch),
        "metadata": json.dumps(batch.metadata),
        "errors": json.dumps([asdict(error) for error in batch.errors]),
        "moments": json.dumps(batch.moments),
    }


def _batch(row: Row[Any]) -> Batch:  # Any: a row of `batches`, whose columns SQLAlchemy types at run time
    found = dict(row._mapping)
    errors = tuple(BatchError(**error) for error in json.loads(found.pop("errors")))
    metadata, moments = json.loads(found.pop("metadata")), json.loads(found.pop("moments"))
    return Batch(**found, metadata=metadata, errors=errors, moments=moments)


def _file(row: Row[Any]) -> StoredFile:  # Any: as above
    return StoredFile(**row._mapping)
