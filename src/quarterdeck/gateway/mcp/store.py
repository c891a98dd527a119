"""The SQL of MCP servers, their headers sealed, and of the tools that were approved."""

from __future__ import annotations

import json
import logging
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.core.errors import SetupError
from quarterdeck.gateway.mcp.records import McpServer, ToolPin
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import mcp_servers, mcp_tools
from quarterdeck.storage.vault import Vault

log = logging.getLogger(__name__)


async def servers(database: Database, vault: Vault) -> list[McpServer]:
    """The servers of all projects, opened."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(mcp_servers).order_by(mcp_servers.c.name))).all()
    return [_server(row, vault) for row in rows]


async def put(database: Database, vault: Vault, server: McpServer) -> None:
    """Keep a server; one of the same name in the project becomes this one. Tools that were approved stay so."""
    row = {
        "id": server.id,
        "project_id": server.project_id,
        "name": server.name,
        "url": server.url,
        "transport": server.transport,
        "sealed_headers": vault.seal(json.dumps(server.headers), _place(server.id)) if server.headers else None,
        "allowed_tools": json.dumps(server.allowed_tools),
        "timeout_s": server.timeout_s,
        "on_change": server.on_change,
        "price_pico_per_call": server.price_pico_per_call,
        "created_at": server.created_at,
        "owner": server.owner,
    }
    changed = {name: value for name, value in row.items() if name not in ("id", "project_id", "name", "created_at")}
    async with database.writing() as connection:
        await connection.execute(
            upsert(mcp_servers).values(row).on_conflict_do_update(index_elements=["project_id", "name"], set_=changed)
        )


async def remove(database: Database, project_id: str, server_id: str) -> None:
    """Forget a server and what was approved of it."""
    async with database.writing() as connection:
        await connection.execute(delete(mcp_tools).where(mcp_tools.c.server_id == server_id))
        await connection.execute(
            delete(mcp_servers).where(mcp_servers.c.project_id == project_id, mcp_servers.c.id == server_id)
        )


async def pins(database: Database) -> dict[str, dict[str, ToolPin]]:
    """What was approved, by server and by tool."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(mcp_tools))).all()
    found: dict[str, dict[str, ToolPin]] = {}
    for row in rows:
        found.setdefault(row.server_id, {})[row.name] = ToolPin(
            name=row.name,
            sha256=row.sha256,
            definition=json.loads(row.definition),
            approved_at=row.approved_at,
            approved_by=row.approved_by,
            changed_sha256=row.changed_sha256,
            changed_definition=json.loads(row.changed_definition) if row.changed_definition else None,
            changed_at=row.changed_at,
        )
    return found


async def add_pins(database: Database, server_id: str, new: list[ToolPin]) -> None:
    """Keep tools as they were seen first. Who was there before stays."""
    async with database.writing() as connection:
        for pin in new:
            row = {
                "server_id": server_id,
                "name": pin.name,
                "sha256": pin.sha256,
                "definition": json.dumps(pin.definition),
                "approved_at": pin.approved_at,
                "approved_by": pin.approved_by,
            }
            await connection.execute(upsert(mcp_tools).values(row).on_conflict_do_nothing())


async def note_change(database: Database, server_id: str, pin: ToolPin) -> None:
    """Keep what a tool has become, beside what was approved; None when it is again what it was."""
    definition = None if pin.changed_definition is None else json.dumps(pin.changed_definition)
    async with database.writing() as connection:
        await connection.execute(
            update(mcp_tools)
            .where(mcp_tools.c.server_id == server_id, mcp_tools.c.name == pin.name)
            .values(changed_sha256=pin.changed_sha256, changed_definition=definition, changed_at=pin.changed_at)
        )


async def replace_pin(database: Database, server_id: str, pin: ToolPin) -> None:
    """Approve a tool as it is now."""
    async with database.writing() as connection:
        await connection.execute(
            delete(mcp_tools).where(mcp_tools.c.server_id == server_id, mcp_tools.c.name == pin.name)
        )
        await connection.execute(
            insert(mcp_tools).values(
                server_id=server_id,
                name=pin.name,
                sha256=pin.sha256,
                definition=json.dumps(pin.definition),
                approved_at=pin.approved_at,
                approved_by=pin.approved_by,
            )
        )


def _server(row: Row[Any], vault: Vault) -> McpServer:
    # Any: a row of SQLAlchemy's has no type of its own.
    headers: dict[str, str] = {}
    if row.sealed_headers is not None:
        try:
            headers = json.loads(vault.open(row.sealed_headers, _place(row.id)))
        except SetupError as error:
            # One stale credential must not keep the server, and the page where it is entered again, from starting.
            log.error("The headers of the MCP server `%s` cannot be opened: %s", row.name, error.message)
    return McpServer(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        url=row.url,
        transport=row.transport,
        headers=headers,
        allowed_tools=tuple(json.loads(row.allowed_tools)),
        timeout_s=row.timeout_s,
        on_change=row.on_change,
        price_pico_per_call=row.price_pico_per_call,
        created_at=row.created_at,
        owner=row.owner,
    )


def _place(server_id: str) -> str:
    return f"mcp_servers/{server_id}"
