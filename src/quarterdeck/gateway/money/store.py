"""The only SQL of money: rows of set prices, sealed one to the other, and how far each repricing has come."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update

from quarterdeck.core.money import PICO
from quarterdeck.gateway.money.records import Repricing, RepricingScope
from quarterdeck.gateway.price_overrides import SetPrice
from quarterdeck.gateway.price_rows import PriceRow
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import repricings, set_prices

_FIRST_SEAL = "0" * 64
_SEALED = ("id", "project_id", "provider", "model", "row", "note", "withdraws", "owner", "created_at", "created_by")


@dataclass(frozen=True)
class KeptPrice:
    """A row, and whether it still holds."""

    price: SetPrice
    owner: str
    withdrawn_at: str | None
    withdrawn_by: str | None


@dataclass(frozen=True)
class Run:
    """A repricing, and where it goes on."""

    repricing: Repricing
    project_id: str
    cursor: str


async def append(database: Database, price: SetPrice, *, owner: str = "ui", withdraws: str | None = None) -> None:
    """Add a row, sealed together with the one before it."""
    row: dict[str, Any] = {  # Any: columns
        "id": price.id,
        "project_id": price.project_id,
        "provider": price.provider,
        "model": price.model,
        "row": msgspec.json.encode(price.row).decode(),
        "note": price.note,
        "withdraws": withdraws,
        "owner": owner,
        "created_at": price.created_at,
        "created_by": price.created_by,
    }
    async with database.writing() as connection:
        last = await connection.scalar(select(set_prices.c.seal).order_by(set_prices.c.number.desc()).limit(1))
        await connection.execute(insert(set_prices).values({**row, "seal": _seal(last or _FIRST_SEAL, row)}))


async def kept(database: Database) -> tuple[list[KeptPrice], bool]:
    """All rows, oldest first, and whether every seal fits."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(set_prices).order_by(set_prices.c.number))).all()
    withdrawals = {row.withdraws: row for row in rows if row.withdraws is not None}
    found = [_kept(row, withdrawals.get(row.id)) for row in rows if row.withdraws is None]
    return found, _intact(rows)


async def keep_run(database: Database, project_id: str, repricing: Repricing) -> None:
    """Note a run before it begins."""
    row = {
        "id": repricing.id,
        "project_id": project_id,
        "scope": msgspec.json.encode(repricing.scope).decode(),
        "status": repricing.status,
        "looked_at": 0,
        "changed": 0,
        "difference_pico": 0,
        "cursor": "",
        "created_at": repricing.created_at,
        "created_by": repricing.created_by,
    }
    async with database.writing() as connection:
        await connection.execute(insert(repricings).values(row))


async def progress(database: Database, run_id: str, **columns: object) -> None:
    """Note how far a run has come."""
    async with database.writing() as connection:
        await connection.execute(update(repricings).where(repricings.c.id == run_id).values(columns))


async def run(database: Database, run_id: str) -> Run | None:
    """A run, for the job that does it."""
    async with database.reading() as connection:
        row = (await connection.execute(select(repricings).where(repricings.c.id == run_id))).one_or_none()
    return None if row is None else _run(row)


async def runs_of(database: Database, project_id: str, *, limit: int) -> list[Repricing]:
    """The newest runs of a project."""
    newest = select(repricings).where(repricings.c.project_id == project_id).order_by(repricings.c.id.desc())
    async with database.reading() as connection:
        rows = (await connection.execute(newest.limit(limit))).all()
    return [_run(row).repricing for row in rows]


async def unfinished(database: Database) -> Sequence[str]:
    """Runs that a crash has cut off."""
    wanted = select(repricings.c.id).where(repricings.c.status.in_(("waiting", "running")))
    async with database.reading() as connection:
        return list((await connection.scalars(wanted)).all())


def _kept(row: Row[Any], withdrawal: Row[Any] | None) -> KeptPrice:
    price = SetPrice(
        id=row.id,
        project_id=row.project_id,
        provider=row.provider,
        model=row.model,
        row=msgspec.json.decode(row.row, type=PriceRow),
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )
    if withdrawal is None:
        return KeptPrice(price, row.owner, None, None)
    return KeptPrice(price, row.owner, withdrawal.created_at, withdrawal.created_by)


def _run(row: Row[Any]) -> Run:
    repricing = Repricing(
        id=row.id,
        status=row.status,
        scope=msgspec.json.decode(row.scope, type=RepricingScope),
        looked_at=row.looked_at,
        changed=row.changed,
        difference_usd=row.difference_pico / PICO,
        created_at=row.created_at,
        created_by=row.created_by,
        finished_at=row.finished_at,
        error=row.error,
    )
    return Run(repricing, row.project_id, row.cursor)


def _seal(before: str, row: Mapping[str, object]) -> str:
    content = msgspec.json.encode([before, *(row[name] for name in _SEALED)])
    return hashlib.sha256(content).hexdigest()


def _intact(rows: Sequence[Row[Any]]) -> bool:
    before = _FIRST_SEAL
    for row in rows:
        if row.seal != _seal(before, dict(row._mapping)):
            return False
        before = row.seal
    return True
