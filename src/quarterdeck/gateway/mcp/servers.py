"""Which MCP servers a project has: added, checked and removed by those who may; tools approved anew when they change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from yarl import URL

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotFound, QuarterdeckError
from quarterdeck.core.money import PICO
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.gateway.mcp import answering, store, tools
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.mcp.records import (
    ConfiguredMcpServer,
    McpCheck,
    McpServer,
    McpServersChanged,
    McpTool,
    OnChange,
    ToolPin,
    Transport,
)
from quarterdeck.gateway.mcp.sessions import Session
from quarterdeck.gateway.mcp.wire import WITH_HANDSHAKE, Json, McpError
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]|_(?!_)){0,62}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,4096}")
_OURS = {"content-type", "accept", "accept-encoding", "host", "content-length", "mcp-session-id", "transfer-encoding"}
_MOST_HEADERS = 20


async def all_servers(work: Work) -> Page[ConfiguredMcpServer]:
    """The servers of this project."""
    return Page([_shown(server) for server in work.part(McpDirectory).servers(work.project_id).values()])


async def put(
    work: Work,
    name: str,
    *,
    url: str,
    transport: Transport = "auto",
    headers: Mapping[str, str] | None = None,
    allowed_tools: Sequence[str] = (),
    timeout_s: float = 60.0,
    on_change: OnChange = "block",
    price_usd_per_call: float | None = None,
    owner: str = "ui",
    force: bool = False,
) -> ConfiguredMcpServer:
    """Add a server, or change the one of this name. `headers` None leaves those that are there."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "A server's name has 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-`, begins with a letter or digit, and has no `__`.",
            param="name",
        )
    if not 0.1 <= timeout_s <= 3600:
        raise InvalidInput("`timeout_s` is between 0.1 and 3600.", param="timeout_s")
    if price_usd_per_call is not None and not 0 <= price_usd_per_call <= 1000:
        raise InvalidInput("`price_usd_per_call` is between 0 and 1000.", param="price_usd_per_call")
    known = work.part(McpDirectory).servers(work.project_id).get(name)
    if known is not None:
        require_owner(f"The MCP server `{name}`", known.owner, owner=owner, force=force)
    sent = dict(known.headers) if headers is None and known is not None else _checked_headers(headers or {})
    server = McpServer(
        id=known.id if known is not None else ids.new_id("mcp"),
        project_id=work.project_id,
        name=name,
        url=_checked_url(url),
        transport=transport,
        headers=sent,
        allowed_tools=tuple(dict.fromkeys(allowed_tools)),
        timeout_s=timeout_s,
        on_change=on_change,
        price_pico_per_call=None if price_usd_per_call is None else round(price_usd_per_call * PICO),
        created_at=known.created_at if known is not None else clock.iso(clock.now()),
        owner=owner,
    )
    await store.put(work.runtime.database, work.runtime.vault, server)
    await work.runtime.events.publish(McpServersChanged())
    return _shown(server)


async def remove(work: Work, name: str, *, owner: str = "ui", force: bool = False) -> None:
    """Forget a server, its headers, and what was approved of its tools."""
    server = work.part(McpDirectory).server(work.project_id, name)
    require_owner(f"The MCP server `{name}`", server.owner, owner=owner, force=force)
    await store.remove(work.runtime.database, work.project_id, server.id)
    await work.runtime.events.publish(McpServersChanged())


async def check(work: Work, name: str) -> McpCheck:
    """Call a server, now, and compare its tools with what was approved."""
    directory = work.part(McpDirectory)
    server = directory.server(work.project_id, name)
    session = _passing_session(work)
    began = clock.monotonic_ns()
    try:
        connection = await session.connection(directory.connector, server)
        found = await answering.tools_of(work, session, server)
        pins = directory.pins(server)
        return McpCheck(
            ok=True,
            latency_ms=(clock.monotonic_ns() - began) / 1e6,
            protocol_version=connection.upstream.version,
            server_name=str(connection.upstream.info.get("name") or "") or None,
            tools=len(found),
            changed_tools=sorted(name for name in found if name in pins and pins[name].changed_sha256),
        )
    except (QuarterdeckError, McpError) as error:
        return McpCheck(False, (clock.monotonic_ns() - began) / 1e6, error=error.message)
    finally:
        await session.close()


async def tools_of(work: Work, name: str) -> Page[McpTool]:
    """The tools that a server offers now, and what was approved of them."""
    directory = work.part(McpDirectory)
    server = directory.server(work.project_id, name)
    session = _passing_session(work)
    try:
        found = await answering.tools_of(work, session, server)
    except McpError as error:
        raise InvalidInput(f"The MCP server `{name}` refused to list its tools: {error.message}") from error
    finally:
        await session.close()
    pins = directory.pins(server)
    return Page([_tool(work, server, tool, pins.get(named)) for named, tool in found.items()])


async def approve(work: Work, name: str, tool: str | None = None) -> Page[McpTool]:
    """Approve a tool as it is now, or all of a server's."""
    directory = work.part(McpDirectory)
    server = directory.server(work.project_id, name)
    session = _passing_session(work)
    try:
        found = await answering.tools_of(work, session, server)
    finally:
        await session.close()
    if tool is not None and tool not in found:
        raise NotFound(f"The MCP server `{name}` has no tool `{tool}`. It has: {sorted(found)}.")
    for named in [tool] if tool is not None else found:
        definition, digest = tools.read_by_models(found[named])
        pin = ToolPin(named, digest, definition, clock.iso(clock.now()), work.actor.name)
        await store.replace_pin(work.runtime.database, server.id, pin)
    await work.runtime.events.publish(McpServersChanged())
    pins = directory.pins(server)
    return Page([_tool(work, server, one, pins.get(named)) for named, one in found.items()])


def _passing_session(work: Work) -> Session:
    return Session("check", work.project_id, work.actor.id, WITH_HANDSHAKE[0], capabilities={})


def _checked_url(text: str) -> str:
    try:
        url = URL(text)
        sound = url.host is not None and url.scheme in ("http", "https") and not url.fragment and not url.user
    except ValueError:
        sound = False
    if not sound:
        raise InvalidInput(
            f"`{text}` is no address of an MCP server. It is an `http` or `https` URL, such as `http://127.0.0.1:8000/mcp`. "
            "Servers that are started as a command (stdio) are not taken: run them behind HTTP.",
            param="url",
        )
    return text


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    if len(headers) > _MOST_HEADERS:
        raise InvalidInput(f"`headers` has {len(headers)}; {_MOST_HEADERS} are the most.", param="headers")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS or not _HEADER_VALUE.fullmatch(value):
            raise InvalidInput(
                f"The header `{name}` cannot be sent: its name or its value is not allowed.", param="headers"
            )
    return {name.lower(): value for name, value in headers.items()}


def _tool(work: Work, server: McpServer, tool: Json, pin: ToolPin | None) -> McpTool:
    changed = pin is not None and pin.changed_sha256 is not None
    allowed = tools.may_call(work, server, tool["name"])
    return McpTool(
        server=server.name,
        name=tool["name"],
        title=tool.get("title"),
        description=str(tool.get("description") or ""),
        state="not allowed" if not allowed else "changed" if changed else "approved",
        approved_at=pin.approved_at if pin is not None else None,
        approved_by=pin.approved_by if pin is not None else None,
        changed_at=pin.changed_at if pin is not None else None,
        approved_definition=pin.definition if pin is not None else None,
        current_definition=pin.changed_definition if pin is not None else None,
    )


def _shown(server: McpServer) -> ConfiguredMcpServer:
    price = server.price_pico_per_call
    return ConfiguredMcpServer(
        name=server.name,
        url=server.url,
        transport=server.transport,
        header_names=sorted(server.headers),
        allowed_tools=list(server.allowed_tools),
        timeout_s=server.timeout_s,
        on_change=server.on_change,
        price_usd_per_call=None if price is None else price / PICO,
        created_at=server.created_at,
        owner=server.owner,
    )
