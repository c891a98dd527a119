"""The only SQL of the gateway: provider accounts, their credentials sealed."""

from __future__ import annotations

import json
import logging

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.core.errors import Conflict, SetupError
from quarterdeck.gateway.provider import Account
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import providers
from quarterdeck.storage.vault import Vault

log = logging.getLogger(__name__)


async def accounts(database: Database, vault: Vault) -> list[Account]:
    """All stored accounts of all projects, opened. One whose seal does not open is left without its credential."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(providers).order_by(providers.c.created_at))).all()
    return [
        Account(
            name=row.name,
            kind=row.kind,
            base_url=row.base_url or "",
            api_key=_opened(vault, row.name, row.sealed_api_key, _place(row.id)),
            models=tuple(json.loads(row.models)),
            origin="stored",
            project_id=row.project_id,
            created_at=row.created_at,
            id=row.id,
            owner=row.owner,
        )
        for row in rows
    ]


async def add(database: Database, vault: Vault, account: Account) -> None:
    """Keep an account; a project has one of a name."""
    row = {
        "id": account.id,
        "project_id": account.project_id,
        "name": account.name,
        "created_at": account.created_at,
        **_changeable(vault, account),
    }
    try:
        async with database.writing() as connection:
            await connection.execute(insert(providers).values(row))
    except IntegrityError as error:
        raise Conflict(
            f"There is a provider `{account.name}` already. Remove it first, or choose another name."
        ) from error


async def change(database: Database, vault: Vault, account: Account) -> None:
    """Keep an account that is there already as it is now."""
    changed = update(providers).where(providers.c.project_id == account.project_id, providers.c.name == account.name)
    async with database.writing() as connection:
        await connection.execute(changed.values(**_changeable(vault, account)))


async def remove(database: Database, project_id: str, name: str) -> bool:
    """Forget an account; False when there was none."""
    async with database.writing() as connection:
        result = await connection.execute(
            delete(providers).where(providers.c.project_id == project_id, providers.c.name == name)
        )
    return bool(result.rowcount)


def _changeable(vault: Vault, account: Account) -> dict[str, object]:
    return {
        "kind": account.kind,
        "base_url": account.base_url,
        "sealed_api_key": vault.seal(account.api_key, _place(account.id)) if account.api_key else None,
        "key_hint": account.key_hint,
        "models": json.dumps(account.models),
        "owner": account.owner,
    }


def _opened(vault: Vault, name: str, sealed: bytes | None, place: str) -> str | None:
    if sealed is None:
        return None
    try:
        return vault.open(sealed, place)
    except SetupError as error:
        # One stale credential must not keep the server, and the page where it is entered again, from starting.
        log.error("The credential of the provider `%s` cannot be opened: %s", name, error.message)
        return None


def _place(account_id: str) -> str:
    return f"providers/{account_id}"
