"""The SQL of semantic caches: how each may be used, what it has served, and the checks its promise rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.gateway.semantic.promise import Check, Promise
from quarterdeck.gateway.semantic.records import CheckRecord, Policy
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import semantic_caches, semantic_checks

_MOST_CHECKS = 4000
"""Of each cache: older ones than the newest so many are forgotten."""


@dataclass(frozen=True)
class CacheRow:
    """A semantic cache as it is kept."""

    project_id: str
    target: str
    policy: Policy
    since: str
    broken: str | None
    served: int
    saved_pico: int
    owner: str = "ui"


async def caches(database: Database, project_id: str | None = None) -> list[CacheRow]:
    """The semantic caches of a project, or of all."""
    query = select(semantic_caches).order_by(semantic_caches.c.target)
    if project_id is not None:
        query = query.where(semantic_caches.c.project_id == project_id)
    async with database.reading() as connection:
        return [_cache(row) for row in (await connection.execute(query)).all()]


async def put(database: Database, project_id: str, target: str, policy: Policy, now: str, *, owner: str = "ui") -> None:
    """Set a cache up, or anew: its checks are kept, and count again unless the promise was broken."""
    values = {
        "mode": policy.mode,
        "most_wrong": policy.promise.most_wrong,
        "confidence": policy.promise.confidence,
        "check_share": policy.check_share,
        "ttl_s": policy.ttl_s,
        "personal_data": policy.personal_data,
        "shared": policy.shared,
        "owner": owner,
    }
    row = {"project_id": project_id, "target": target, "since": now, "served": 0, "saved_pico": 0, **values}
    async with database.writing() as connection:
        where = _is(semantic_caches, project_id, target)
        broken = await connection.scalar(select(semantic_caches.c.broken).where(*where))
        anew = {} if broken is None else {"since": now, "broken": None}
        await connection.execute(
            upsert(semantic_caches).values(row).on_conflict_do_update(
                index_elements=["project_id", "target"], set_={**values, **anew}
            )
        )  # fmt: skip


async def remove(database: Database, project_id: str, target: str) -> bool:
    """Forget a cache with its checks; False when there was none."""
    async with database.writing() as connection:
        await connection.execute(delete(semantic_checks).where(*_is(semantic_checks, project_id, target)))
        result = await connection.execute(delete(semantic_caches).where(*_is(semantic_caches, project_id, target)))
    return bool(result.rowcount)


async def write_down(
    database: Database,
    project_id: str,
    target: str,
    checks: Sequence[CheckRecord],
    *,
    likeness: str,
    served: int = 0,
    saved_pico: int = 0,
    broken: str | None = None,
) -> None:
    """Add checks and counters to a cache, and whether its promise broke. A cache that is gone by now stays gone."""
    async with database.writing() as connection:
        changed: dict[str, Any] = {  # Any: SQL expressions and values
            "served": semantic_caches.c.served + served,
            "saved_pico": semantic_caches.c.saved_pico + saved_pico,
        }
        if broken is not None:
            changed["broken"] = broken
        where = _is(semantic_caches, project_id, target)
        result = await connection.execute(update(semantic_caches).where(*where).values(changed))
        if not checks or not result.rowcount:
            return
        rows = [
            {"project_id": project_id, "target": target, "likeness": likeness, **_values(check)} for check in checks
        ]
        await connection.execute(insert(semantic_checks), rows)
        of_it = _is(semantic_checks, project_id, target)
        newest = select(semantic_checks.c.rowid_).where(*of_it).order_by(semantic_checks.c.rowid_.desc())
        oldest_kept = await connection.scalar(newest.offset(_MOST_CHECKS - 1).limit(1))
        if oldest_kept is not None:
            await connection.execute(delete(semantic_checks).where(*of_it, semantic_checks.c.rowid_ < oldest_kept))


async def checks_of(
    database: Database, project_id: str, target: str, *, since: str, likeness: str, limit: int
) -> list[Check]:
    """The newest checks that count, oldest first: those that the likeness model in use has scored."""
    query = (
        select(semantic_checks.c.score, semantic_checks.c.wrong)
        .where(*_is(semantic_checks, project_id, target))
        .where(semantic_checks.c.at >= since, semantic_checks.c.likeness == likeness)
        .order_by(semantic_checks.c.rowid_.desc())
        .limit(limit)
    )
    async with database.reading() as connection:
        rows = (await connection.execute(query)).all()
    return [Check(row.score, bool(row.wrong)) for row in reversed(rows)]


async def check_records(
    database: Database, project_id: str, target: str, *, before: int | None, limit: int, wrong_only: bool
) -> list[tuple[int, CheckRecord]]:
    """A page of checks, newest first, each with its place."""
    query = select(semantic_checks).where(*_is(semantic_checks, project_id, target))
    if before is not None:
        query = query.where(semantic_checks.c.rowid_ < before)
    if wrong_only:
        query = query.where(semantic_checks.c.wrong)
    async with database.reading() as connection:
        rows = (await connection.execute(query.order_by(semantic_checks.c.rowid_.desc()).limit(limit))).all()
    return [(row.rowid_, _check(row)) for row in rows]


async def count_checks(database: Database, project_id: str, target: str) -> int:
    """How many checks of a cache are kept."""
    query = select(func.count()).select_from(semantic_checks).where(*_is(semantic_checks, project_id, target))
    async with database.reading() as connection:
        return int(await connection.scalar(query) or 0)


def _is(table: Any, project_id: str, target: str) -> tuple[Any, Any]:  # Any: SQLAlchemy's expressions
    return table.c.project_id == project_id, table.c.target == target


def _values(check: CheckRecord) -> dict[str, object]:
    return {**vars(check)}


def _check(row: Row[Any]) -> CheckRecord:
    return CheckRecord(
        at=row.at,
        score=row.score,
        similarity=row.similarity,
        wrong=bool(row.wrong),
        source=row.source,
        trace_id=row.trace_id,
        neighbour_trace_id=row.neighbour_trace_id,
    )


def _cache(row: Row[Any]) -> CacheRow:
    policy = Policy(
        mode=row.mode,
        promise=Promise(row.most_wrong, row.confidence),
        check_share=row.check_share,
        ttl_s=row.ttl_s,
        personal_data=bool(row.personal_data),
        shared=bool(row.shared),
    )
    return CacheRow(row.project_id, row.target, policy, row.since, row.broken, row.served, row.saved_pico, row.owner)
