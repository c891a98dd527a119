"""The only SQL of declared configuration: secrets by name, sealed."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.core.ids import new_id
from quarterdeck.declared.records import NamedSecret
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import named_secrets as table
from quarterdeck.storage.vault import Vault


async def secrets(database: Database, project_id: str) -> list[NamedSecret]:
    """The secrets of a project, by name."""
    statement = select(table).where(table.c.project_id == project_id).order_by(table.c.name)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    return [NamedSecret(row.name, row.hint, row.changed_at, row.changed_by) for row in rows]


async def opened(database: Database, vault: Vault, project_id: str) -> dict[str, str]:
    """What they say, by name: for what is applied, not for anybody's eyes."""
    statement = select(table).where(table.c.project_id == project_id)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    return {row.name: vault.open(row.sealed, _place(project_id, row.name)) for row in rows}


async def put(database: Database, vault: Vault, project_id: str, secret: NamedSecret, value: str) -> None:
    """Keep a secret; one of the same name becomes this one."""
    changing = {
        "sealed": vault.seal(value, _place(project_id, secret.name)),
        "hint": secret.hint,
        "changed_at": secret.changed_at,
        "changed_by": secret.changed_by,
    }
    row = {"id": new_id("sec"), "project_id": project_id, "name": secret.name, **changing}
    async with database.writing() as connection:
        await connection.execute(
            upsert(table).values(row).on_conflict_do_update(index_elements=["project_id", "name"], set_=changing)
        )


async def remove(database: Database, project_id: str, name: str) -> bool:
    """Forget one; False when there was none."""
    async with database.writing() as connection:
        result = await connection.execute(delete(table).where(table.c.project_id == project_id, table.c.name == name))
    return bool(result.rowcount)


def _place(project_id: str, name: str) -> str:
    return f"named_secrets/{project_id}/{name}"
