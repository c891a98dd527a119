"""The only SQL of the gateway: provider accounts, their credentials sealed."""

from __future__ import annotations

import json

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from quarterdeck.core.errors import Conflict
from quarterdeck.gateway.provider import Account
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import providers
from quarterdeck.storage.vault import Vault


async def accounts(database: Database, vault: Vault) -> list[Account]:
    """All stored accounts of all projects, opened."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(providers).order_by(providers.c.created_at))).all()
    return [
        Account(
            name=row.name,
            kind=row.kind,
            base_url=row.base_url or "",
            api_key=vault.open(row.sealed_api_key, _place(row.id)) if row.sealed_api_key else None,
            models=tuple(json.loads(row.models)),
            origin="stored",
            project_id=row.project_id,
            created_at=row.created_at,
            id=row.id,
        )
        for row in rows
    ]


async def add(database: Database, vault: Vault, account: Account) -> None:
    """Keep an account; a project has one of a name."""
    row = {
        "id": account.id,
        "project_id": account.project_id,
        "name": account.name,
        "kind": account.kind,
        "base_url": account.base_url,
        "sealed_api_key": vault.seal(account.api_key, _place(account.id)) if account.api_key else None,
        "key_hint": account.key_hint,
        "models": json.dumps(account.models),
        "created_at": account.created_at,
    }
    try:
        async with database.writing() as connection:
            await connection.execute(insert(providers).values(row))
    except IntegrityError as error:
        raise Conflict(
            f"There is a provider `{account.name}` already. Remove it first, or choose another name."
        ) from error


async def remove(database: Database, project_id: str, name: str) -> bool:
    """Forget an account; False when there was none."""
    async with database.writing() as connection:
        result = await connection.execute(
            delete(providers).where(providers.c.project_id == project_id, providers.c.name == name)
        )
    return bool(result.rowcount)


def _place(account_id: str) -> str:
    return f"providers/{account_id}"
