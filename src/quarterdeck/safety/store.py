"""The SQL of safety: guardrails."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.safety.records import Guardrail, GuardrailScope
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import guardrails as table
from quarterdeck.storage.vault import Vault


async def all_guardrails(database: Database, vault: Vault) -> list[tuple[str, Guardrail, str | None]]:
    """Every guardrail of every project, with the project and the credential of its webhook."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(table).order_by(table.c.project_id, table.c.name))).all()
    return [(row.project_id, _guardrail(row), _opened(vault, row)) for row in rows]


async def guardrails(database: Database, project_id: str) -> list[Guardrail]:
    """The guardrails of a project, by name."""
    statement = select(table).where(table.c.project_id == project_id).order_by(table.c.name)
    async with database.reading() as connection:
        return [_guardrail(row) for row in (await connection.execute(statement)).all()]


async def guardrail(database: Database, project_id: str, name: str) -> Guardrail | None:
    """One of them."""
    row = await _row(database, project_id, name)
    return None if row is None else _guardrail(row)


async def secret(database: Database, vault: Vault, project_id: str, name: str) -> str | None:
    """The credential of its webhook."""
    row = await _row(database, project_id, name)
    return None if row is None else _opened(vault, row)


async def put(database: Database, vault: Vault, project_id: str, guardrail: Guardrail, *, secret: str | None) -> None:
    """Keep a guardrail. `secret` None leaves the stored credential alone, and an empty one removes it."""
    policy = {
        "stages": guardrail.stages,
        "checks": guardrail.checks,
        "action": guardrail.action,
        "streaming": guardrail.streaming,
        "roles": guardrail.roles,
        "scope": vars(guardrail.scope),
    }
    values = {
        "version": guardrail.version,
        "description": guardrail.description,
        "enabled": guardrail.enabled,
        "policy": json.dumps(policy),
        "owner": guardrail.owner,
        "changed_at": guardrail.changed_at,
    }
    if secret is not None:
        values["sealed_secret"] = vault.seal(secret, _place(guardrail.id)) if secret else None
    made = {"id": guardrail.id, "project_id": project_id, "name": guardrail.name, "created_at": guardrail.created_at}
    async with database.writing() as connection:
        await connection.execute(
            upsert(table)
            .values(**made, **values)
            .on_conflict_do_update(index_elements=["project_id", "name"], set_=values)
        )


async def remove(database: Database, project_id: str, name: str) -> None:
    """Forget one."""
    async with database.writing() as connection:
        await connection.execute(delete(table).where(table.c.project_id == project_id, table.c.name == name))


async def _row(database: Database, project_id: str, name: str) -> Row[Any] | None:  # Any: a row of `guardrails`
    statement = select(table).where(table.c.project_id == project_id, table.c.name == name)
    async with database.reading() as connection:
        return (await connection.execute(statement)).first()


def _opened(vault: Vault, row: Row[Any]) -> str | None:
    return None if row.sealed_secret is None else vault.open(row.sealed_secret, _place(row.id))


def _place(guardrail_id: str) -> str:
    return f"guardrail {guardrail_id}"


def _guardrail(row: Row[Any]) -> Guardrail:
    policy = json.loads(row.policy)
    return Guardrail(
        id=row.id,
        name=row.name,
        version=row.version,
        description=row.description,
        enabled=bool(row.enabled),
        stages=policy["stages"],
        checks=policy["checks"],
        action=policy["action"],
        streaming=policy["streaming"],
        roles=policy["roles"],
        scope=GuardrailScope(**policy["scope"]),
        has_secret=row.sealed_secret is not None,
        owner=row.owner,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
