"""The SQL of learned routers: what they are for, the outcomes they learn from, and their models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from quarterdeck.core.errors import Conflict
from quarterdeck.core.hashing import sha256
from quarterdeck.gateway.routing.learned.records import Outcome, Report, Sample
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import router_outcomes, routers

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class RouterRow:
    """A router as it is kept."""

    project_id: str
    name: str
    weak: str
    strong: str
    keep: float
    confidence: float
    model: bytes | None
    report: Report | None


async def all_routers(database: Database, project_id: str | None = None) -> list[RouterRow]:
    """The routers of a project, or of all."""
    query = select(routers).order_by(routers.c.name)
    if project_id is not None:
        query = query.where(routers.c.project_id == project_id)
    async with database.reading() as connection:
        return [_router(row) for row in (await connection.execute(query)).all()]


async def router(database: Database, project_id: str, name: str) -> RouterRow | None:
    """One router."""
    async with database.reading() as connection:
        row = (await connection.execute(select(routers).where(*_is(project_id, name)))).first()
    return None if row is None else _router(row)


async def add(database: Database, row: RouterRow, now: str) -> None:
    """Keep a new router."""
    values = {
        "project_id": row.project_id,
        "name": row.name,
        "weak": row.weak,
        "strong": row.strong,
        "keep": row.keep,
        "confidence": row.confidence,
        "created_at": now,
    }
    try:
        async with database.writing() as connection:
            await connection.execute(insert(routers).values(values))
    except IntegrityError as error:
        raise Conflict(f"There is a router `{row.name}` already. Remove it first, or choose another name.") from error


async def keep_model(database: Database, project_id: str, name: str, model: bytes, report: Report, now: str) -> None:
    """Keep what a training has found."""
    values = {"model": model, "report": msgspec.json.encode(report).decode(), "trained_at": now}
    async with database.writing() as connection:
        await connection.execute(update(routers).where(*_is(project_id, name)).values(values))


async def remove(database: Database, project_id: str, name: str) -> bool:
    """Forget a router with its outcomes; False when there was none."""
    async with database.writing() as connection:
        await connection.execute(delete(router_outcomes).where(*_of(project_id, name)))
        result = await connection.execute(delete(routers).where(*_is(project_id, name)))
    return bool(result.rowcount)


async def add_outcomes(database: Database, project_id: str, name: str, outcomes: Sequence[Outcome], now: str) -> None:
    """Keep outcomes; of a text and a target the newest counts."""
    rows = [
        {
            "project_id": project_id,
            "router": name,
            "text_sha256": sha256(outcome.text),
            "text": outcome.text,
            "target": outcome.target,
            "score": outcome.score,
            "cost_usd": outcome.cost_usd,
            "topic": outcome.topic,
            "at": now,
        }
        for outcome in outcomes
    ]
    # One row of a key in each statement: SQLite refuses to change a row twice in one.
    newest = {(row["text_sha256"], row["target"]): row for row in rows}
    unique = list(newest.values())
    async with database.writing() as connection:
        for start in range(0, len(unique), _ROWS_AT_ONCE):
            statement = upsert(router_outcomes).values(unique[start : start + _ROWS_AT_ONCE])
            changed = {column: statement.excluded[column] for column in ("score", "cost_usd", "topic", "at")}
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["project_id", "router", "text_sha256", "target"], set_=changed
                )
            )


async def count_outcomes(database: Database, project_id: str, name: str) -> int:
    """How many outcomes a router has."""
    query = select(func.count()).select_from(router_outcomes).where(*_of(project_id, name))
    async with database.reading() as connection:
        return int(await connection.scalar(query) or 0)


async def count_pairs(database: Database, row: RouterRow) -> int:
    """How many requests have an outcome of both models."""
    async with database.reading() as connection:
        return int(await connection.scalar(select(func.count()).select_from(_pairs(row).subquery())) or 0)


async def samples(database: Database, row: RouterRow, limit: int) -> list[Sample]:
    """The newest requests with an outcome of both models."""
    async with database.reading() as connection:
        found = (await connection.execute(_pairs(row).limit(limit))).all()
    return [Sample(one.text, one.weak, one.strong, one.weak_cost, one.strong_cost, one.topic) for one in found]


def _pairs(row: RouterRow) -> Any:  # Any: SQLAlchemy's select over two aliases
    weak, strong = router_outcomes.alias("weak_one"), router_outcomes.alias("strong_one")
    same = (
        (weak.c.project_id == strong.c.project_id)
        & (weak.c.router == strong.c.router)
        & (weak.c.text_sha256 == strong.c.text_sha256)
    )
    return (
        select(
            weak.c.text,
            weak.c.score.label("weak"),
            strong.c.score.label("strong"),
            weak.c.cost_usd.label("weak_cost"),
            strong.c.cost_usd.label("strong_cost"),
            func.coalesce(weak.c.topic, strong.c.topic).label("topic"),
        )
        .select_from(weak.join(strong, same))
        .where(weak.c.project_id == row.project_id, weak.c.router == row.name)
        .where(weak.c.target == row.weak, strong.c.target == row.strong)
        .order_by(weak.c.at.desc(), weak.c.rowid_)
    )


def _is(project_id: str, name: str) -> tuple[Any, Any]:  # Any: SQLAlchemy's expressions
    return routers.c.project_id == project_id, routers.c.name == name


def _of(project_id: str, name: str) -> tuple[Any, Any]:
    return router_outcomes.c.project_id == project_id, router_outcomes.c.router == name


def _router(row: Row[Any]) -> RouterRow:
    return RouterRow(
        project_id=row.project_id,
        name=row.name,
        weak=row.weak,
        strong=row.strong,
        keep=row.keep,
        confidence=row.confidence,
        model=row.model,
        report=None if row.report is None else msgspec.json.decode(row.report, type=Report),
    )
