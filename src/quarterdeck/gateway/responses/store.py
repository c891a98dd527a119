"""The only SQL of kept responses: each with what was new in its request, and with the one that it goes on from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import CTE, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import kept_responses

_LONGEST_CONVERSATION = 1_000
_AT_ONCE = 500


@dataclass(frozen=True)
class KeptResponse:
    """A response, and the items of its request that no earlier one has."""

    id: str
    project_id: str
    previous_id: str | None
    input: bytes
    response: bytes
    created_at: str


async def add(database: Database, kept: KeptResponse) -> None:
    """Keep one; the ones that it goes on from are needed for as long. A second time changes nothing."""
    row = {
        "id": kept.id,
        "project_id": kept.project_id,
        "previous_id": kept.previous_id,
        "input": kept.input,
        "response": kept.response,
        "size": len(kept.input) + len(kept.response),
        "created_at": kept.created_at,
        "used_at": kept.created_at,
    }
    try:
        async with database.writing() as connection:
            await connection.execute(insert(kept_responses).values(row))
            if kept.previous_id is not None:
                earlier = _line(kept.project_id, kept.previous_id)
                await connection.execute(
                    update(kept_responses)
                    .where(kept_responses.c.id.in_(select(earlier.c.id)))
                    .values(used_at=kept.created_at)
                )
    except IntegrityError:
        return  # the same answer again, from the cache


async def conversation(database: Database, project_id: str, response_id: str) -> list[KeptResponse]:
    """A response and all that came before it, the oldest first; without a beginning where that is gone."""
    line = _line(project_id, response_id)
    query = (
        select(kept_responses)
        .join(line, line.c.id == kept_responses.c.id)
        .where(kept_responses.c.project_id == project_id)
        .order_by(line.c.depth.desc())
    )
    async with database.reading() as connection:
        rows = (await connection.execute(query)).all()
    return [
        KeptResponse(row.id, row.project_id, row.previous_id, row.input, row.response, row.created_at) for row in rows
    ]


async def remove(database: Database, project_id: str, response_id: str) -> bool:
    """Forget one; False when there was none."""
    async with database.writing() as connection:
        result = await connection.execute(
            delete(kept_responses).where(kept_responses.c.project_id == project_id, kept_responses.c.id == response_id)
        )
    return bool(result.rowcount)


async def tidy(database: Database, project_id: str, *, before: str, most_bytes: int) -> int:
    """Forget what nobody has used since a moment, and the longest unused beyond a size. Returns how many were forgotten."""
    table = kept_responses
    forgotten = 0
    async with database.writing() as connection:
        old = delete(table).where(table.c.project_id == project_id, table.c.used_at < before)
        forgotten += (await connection.execute(old)).rowcount
        sizes = select(func.coalesce(func.sum(table.c.size), 0)).where(table.c.project_id == project_id)
        size = int(await connection.scalar(sizes) or 0)
        while size > most_bytes:
            oldest = (
                await connection.execute(
                    select(table.c.id, table.c.size)
                    .where(table.c.project_id == project_id)
                    .order_by(table.c.used_at, table.c.created_at)
                    .limit(_AT_ONCE)
                )
            ).all()
            doomed: list[str] = []
            for row in oldest:
                if size <= most_bytes:
                    break
                doomed.append(row.id)
                size -= row.size
            forgotten += len(doomed)
            await connection.execute(delete(table).where(table.c.project_id == project_id, table.c.id.in_(doomed)))
    return forgotten


def _line(project_id: str, response_id: str) -> CTE:
    """The ids of a response and all before it, each with its distance."""
    table = kept_responses
    line = (
        select(table.c.id, table.c.previous_id, literal(0).label("depth"))
        .where(table.c.project_id == project_id, table.c.id == response_id)
        .cte("line", recursive=True)
    )
    return line.union_all(
        select(table.c.id, table.c.previous_id, line.c.depth + 1).where(
            table.c.project_id == project_id, table.c.id == line.c.previous_id, line.c.depth < _LONGEST_CONVERSATION
        )
    )
