"""The SQL of access: projects, keys, the administrator's credentials, browser sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.access.records import ApiKey, Project
from quarterdeck.runtime.work import Scope
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import admin_credentials, api_keys
from quarterdeck.storage.tables import projects as project_table
from quarterdeck.storage.tables import sessions as session_table
from quarterdeck.storage.tables import teams as team_table


@dataclass(frozen=True)
class KeyRow:
    """A key with what only the keyring may know."""

    key: ApiKey
    project_id: str
    secret_sha256: str
    team_id: str | None = None
    previous_sha256: str | None = None


class _Terms(msgspec.Struct, omit_defaults=True):
    """What a key may do beyond its scopes, as its row keeps it."""

    allowed_models: list[str] = []
    allowed_ips: list[str] = []
    passthrough: bool = True
    allowed_tools: list[str] = []
    tags: list[str] = []
    metadata: dict[str, str] = {}


# --- projects -------------------------------------------------------------------------------------------------


async def projects(database: Database) -> list[Project]:
    """All projects, by name."""
    async with database.reading() as connection:
        rows = await connection.execute(select(project_table).order_by(project_table.c.name))
    return [Project(id=row.id, name=row.name, created_at=row.created_at) for row in rows]


async def add_project(database: Database, project: Project) -> bool:
    """Keep a project; False when its name is taken."""
    async with database.writing() as connection:
        result = await connection.execute(
            upsert(project_table)
            .values(id=project.id, name=project.name, created_at=project.created_at)
            .on_conflict_do_nothing()
        )
    return result.rowcount == 1


# --- keys -----------------------------------------------------------------------------------------------------


async def keys(database: Database) -> list[KeyRow]:
    """Every key of every project, dead ones too: their refusals say why."""
    async with database.reading() as connection:
        rows = await connection.execute(_keys().order_by(api_keys.c.id))
    return [_key_row(row) for row in rows]


async def keys_of(database: Database, project_id: str) -> list[ApiKey]:
    """The keys of a project, newest first."""
    statement = _keys().where(api_keys.c.project_id == project_id).order_by(api_keys.c.id.desc())
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    return [_key_row(row).key for row in rows]


async def key(database: Database, project_id: str, key_id: str) -> KeyRow | None:
    """One key of a project."""
    statement = _keys().where(api_keys.c.project_id == project_id, api_keys.c.id == key_id)
    async with database.reading() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else _key_row(row)


async def add_key(database: Database, row: KeyRow) -> None:
    """Keep a new key."""
    made = {"id": row.key.id, "project_id": row.project_id, "prefix": row.key.prefix, "created_at": row.key.created_at}
    async with database.writing() as connection:
        await connection.execute(insert(api_keys).values(**made, secret_sha256=row.secret_sha256, **_changeable(row)))


async def change_key(database: Database, row: KeyRow) -> None:
    """Keep what a key may do from now on."""
    statement = update(api_keys).where(api_keys.c.id == row.key.id, api_keys.c.project_id == row.project_id)
    async with database.writing() as connection:
        await connection.execute(statement.values(**_changeable(row)))


async def rotate_key(database: Database, row: KeyRow) -> bool:
    """Give a key a new secret, and the old one until a moment; False when it has been rotated or revoked meanwhile."""
    key = row.key
    statement = update(api_keys).where(
        api_keys.c.id == key.id,
        api_keys.c.project_id == row.project_id,
        api_keys.c.secret_sha256 == row.previous_sha256,
        api_keys.c.revoked_at.is_(None),
    )
    async with database.writing() as connection:
        result = await connection.execute(
            statement.values(
                prefix=key.prefix,
                secret_sha256=row.secret_sha256,
                previous_sha256=row.previous_sha256,
                previous_until=key.previous_until,
                rotated_at=key.rotated_at,
            )
        )
    return result.rowcount == 1


async def revoke_key(database: Database, key_id: str, at: str) -> None:
    """Note that a key is dead from now on; the first revocation stands."""
    statement = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    async with database.writing() as connection:
        await connection.execute(statement.values(revoked_at=at))


async def note_last_used(database: Database, moments: Mapping[str, str]) -> None:
    """When keys, by id, were last used."""
    async with database.writing() as connection:
        for key_id, moment in moments.items():
            await connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=moment))


def _keys() -> Select[Any]:  # Any: the columns of a key and its team's name, typed at run time
    return select(api_keys, team_table.c.name.label("team")).join_from(
        api_keys, team_table, api_keys.c.team_id == team_table.c.id, isouter=True
    )


def _changeable(row: KeyRow) -> dict[str, object]:
    key = row.key
    terms = _Terms(key.allowed_models, key.allowed_ips, key.passthrough, key.allowed_tools, key.tags, key.metadata)
    return {
        "name": key.name,
        "scopes": " ".join(key.scopes),
        "expires_at": key.expires_at,
        "team_id": row.team_id,
        "terms": msgspec.json.encode(terms).decode(),
        "owner": key.owner,
    }


def _key_row(row: Row[Any]) -> KeyRow:  # Any: a row of `api_keys`, whose columns SQLAlchemy types at run time
    terms = msgspec.json.decode(row.terms, type=_Terms)
    key = ApiKey(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=cast("list[Scope]", row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        team=row.team,
        allowed_models=terms.allowed_models,
        allowed_ips=terms.allowed_ips,
        passthrough=terms.passthrough,
        allowed_tools=terms.allowed_tools,
        tags=terms.tags,
        metadata=terms.metadata,
        rotated_at=row.rotated_at,
        previous_until=row.previous_until,
        owner=row.owner,
    )
    return KeyRow(key, row.project_id, row.secret_sha256, row.team_id, row.previous_sha256)


# --- the administrator ----------------------------------------------------------------------------------------


async def admin_credential(database: Database, kind: str) -> str | None:
    """The stored hash of the administrator's key (`key_sha256`) or password (`password_argon2`)."""
    async with database.reading() as connection:
        value: str | None = await connection.scalar(
            select(admin_credentials.c.value).where(admin_credentials.c.kind == kind)
        )
    return value


async def set_admin_credential(database: Database, kind: str, value: str, at: str) -> None:
    """Replace it."""
    async with database.writing() as connection:
        await connection.execute(
            upsert(admin_credentials)
            .values(kind=kind, value=value, changed_at=at)
            .on_conflict_do_update(index_elements=["kind"], set_={"value": value, "changed_at": at})
        )


# --- browser sessions -----------------------------------------------------------------------------------------


async def sessions(database: Database) -> dict[str, str]:
    """When each session ends, by the hash of its token."""
    async with database.reading() as connection:
        rows = await connection.execute(select(session_table.c.token_sha256, session_table.c.expires_at))
    return {row.token_sha256: row.expires_at for row in rows}


async def add_session(database: Database, token_sha256: str, *, created_at: str, expires_at: str) -> None:
    """Keep a new session, and forget those that have ended."""
    async with database.writing() as connection:
        await connection.execute(delete(session_table).where(session_table.c.expires_at <= created_at))
        await connection.execute(
            insert(session_table).values(token_sha256=token_sha256, created_at=created_at, expires_at=expires_at)
        )


async def delete_session(database: Database, token_sha256: str) -> None:
    """End one session."""
    async with database.writing() as connection:
        await connection.execute(delete(session_table).where(session_table.c.token_sha256 == token_sha256))


async def delete_other_sessions(database: Database, kept_token_sha256: str | None) -> None:
    """End all sessions but one: what a change of password does."""
    async with database.writing() as connection:
        await connection.execute(delete(session_table).where(session_table.c.token_sha256 != (kept_token_sha256 or "")))
