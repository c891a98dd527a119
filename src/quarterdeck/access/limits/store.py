"""The SQL of limits: the limits, the alerts they raised, and what the journal of counters has been added up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from quarterdeck.access.limits.counters import Claim
from quarterdeck.access.limits.records import Limit, LimitAlert, amount_of
from quarterdeck.core.errors import Conflict
from quarterdeck.storage.database import Database
from quarterdeck.storage.spool import SpoolPosition
from quarterdeck.storage.tables import limit_alerts, limit_counters, limit_journal, limit_leases, projects
from quarterdeck.storage.tables import limits as limit_table


@dataclass(frozen=True)
class Balance:
    """What has been added up: counters, leases that are open, and the place in the journal until which it holds."""

    counters: Mapping[str, tuple[int, int]]
    """How much was used, and when the window ends, by the key of the counter."""
    leases: Mapping[str, Sequence[Claim]]
    until: SpoolPosition


# --- limits ---------------------------------------------------------------------------------------------------


async def every_limit(database: Database) -> list[tuple[str, str, Limit]]:
    """The limits of all projects, each with the id and the name of its project."""
    statement = select(limit_table, projects.c.name.label("project_name")).join_from(limit_table, projects)
    async with database.reading() as connection:
        rows = await connection.execute(statement.order_by(limit_table.c.id))
    return [(row.project_id, row.project_name, _limit(row)) for row in rows]


async def limits(database: Database, project_id: str) -> list[Limit]:
    """The limits of a project, by name."""
    statement = select(limit_table).where(limit_table.c.project_id == project_id).order_by(limit_table.c.name)
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    return [_limit(row) for row in rows]


async def limit(database: Database, project_id: str, name: str) -> Limit | None:
    """One limit, by its name."""
    statement = select(limit_table).where(limit_table.c.project_id == project_id, limit_table.c.name == name)
    async with database.reading() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else _limit(row)


async def add(database: Database, project_id: str, limit: Limit) -> None:
    """Keep a new limit; a project has one of a name."""
    try:
        async with database.writing() as connection:
            await connection.execute(insert(limit_table).values(project_id=project_id, **_row_of(limit)))
    except IntegrityError as error:
        raise Conflict(
            f"There is a limit `{limit.name}` already. Change it, or choose another name.", param="name"
        ) from error


async def change(database: Database, project_id: str, limit: Limit) -> None:
    """Put a limit in the place of the one of its name."""
    statement = update(limit_table).where(limit_table.c.project_id == project_id, limit_table.c.name == limit.name)
    async with database.writing() as connection:
        await connection.execute(statement.values(**_row_of(limit)))


async def remove(database: Database, project_id: str, name: str) -> bool:
    """Forget a limit; False when there was none."""
    statement = delete(limit_table).where(limit_table.c.project_id == project_id, limit_table.c.name == name)
    async with database.writing() as connection:
        result = await connection.execute(statement)
    return bool(result.rowcount)


# --- alerts ---------------------------------------------------------------------------------------------------


async def add_alert(database: Database, project_id: str, alert: LimitAlert, *, used: int, amount: int) -> bool:
    """Keep an alert; False when another process has raised it already."""
    row = {
        "id": alert.id,
        "project_id": project_id,
        "limit_id": alert.limit_id,
        "name": alert.name,
        "value": alert.value,
        "share": alert.share,
        "used": used,
        "amount": amount,
        "metric": alert.metric,
        "window_start": alert.window_start,
        "raised_at": alert.raised_at,
    }
    async with database.writing() as connection:
        result = await connection.execute(upsert(limit_alerts).values(row).on_conflict_do_nothing())
    return bool(result.rowcount)


async def alerts(database: Database, project_id: str, *, most: int, before: str | None) -> list[LimitAlert]:
    """The alerts of a project, newest first."""
    statement = select(limit_alerts).where(limit_alerts.c.project_id == project_id)
    if before is not None:
        statement = statement.where(limit_alerts.c.id < before)
    async with database.reading() as connection:
        rows = await connection.execute(statement.order_by(limit_alerts.c.id.desc()).limit(most))
    return [
        LimitAlert(
            id=row.id,
            limit_id=row.limit_id,
            name=row.name,
            value=row.value,
            metric=row.metric,
            share=row.share,
            used=amount_of(row.metric, row.used),
            amount=amount_of(row.metric, row.amount),
            window_start=row.window_start,
            raised_at=row.raised_at,
        )
        for row in rows
    ]


# --- counters -------------------------------------------------------------------------------------------------


async def balance(database: Database) -> Balance:
    """What has been added up so far."""
    async with database.reading() as connection:
        counters = (await connection.execute(select(limit_counters))).all()
        leases = (await connection.execute(select(limit_leases))).all()
        place = (await connection.execute(select(limit_journal))).first()
    return Balance(
        {row.key: (row.used, row.ends_at_s) for row in counters},
        {row.id: msgspec.msgpack.decode(row.claims, type=list[Claim]) for row in leases},
        SpoolPosition() if place is None else SpoolPosition(place.segment, place.offset),
    )


async def keep_balance(database: Database, changed: Balance, forgotten: Iterable[str]) -> None:
    """Keep what has been added up since: changed counters, forgotten ones, all open leases, the place. All or nothing."""
    async with database.writing() as connection:
        for key, (used, ends_at_s) in changed.counters.items():
            row = upsert(limit_counters).values(key=key, used=used, ends_at_s=ends_at_s)
            await connection.execute(
                row.on_conflict_do_update(index_elements=["key"], set_={"used": used, "ends_at_s": ends_at_s})
            )
        for key in forgotten:
            await connection.execute(delete(limit_counters).where(limit_counters.c.key == key))
        await connection.execute(delete(limit_leases))
        for lease, claims in changed.leases.items():
            await connection.execute(insert(limit_leases).values(id=lease, claims=msgspec.msgpack.encode(claims)))
        place = {"segment": changed.until.segment, "offset": changed.until.offset}
        await connection.execute(
            upsert(limit_journal).values(id=1, **place).on_conflict_do_update(index_elements=["id"], set_=place)
        )


def _row_of(limit: Limit) -> dict[str, object]:
    return {
        "id": limit.id,
        "name": limit.name,
        "subject": limit.subject,
        "subject_id": limit.subject_id,
        "each": limit.each,
        "metric": limit.metric,
        "amount": limit.units,
        "window": limit.window,
        "hard": limit.hard,
        "alert_at": msgspec.json.encode(limit.alert_at).decode(),
        "enabled": limit.enabled,
        "owner": limit.owner,
        "created_at": limit.created_at,
        "changed_at": limit.changed_at,
    }


def _limit(row: Row[Any]) -> Limit:  # Any: a row of `limits`, whose columns SQLAlchemy types at run time
    return Limit(
        id=row.id,
        name=row.name,
        subject=row.subject,
        subject_id=row.subject_id,
        each=row.each,
        metric=row.metric,
        amount=amount_of(row.metric, row.amount),
        window=row.window,
        hard=row.hard,
        alert_at=msgspec.json.decode(row.alert_at, type=list[float]),
        enabled=row.enabled,
        owner=row.owner,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
