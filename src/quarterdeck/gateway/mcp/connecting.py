"""Opens a connection to an MCP server, by whichever transport and version it speaks; what was found out is remembered."""

from __future__ import annotations

from typing import Any

import aiohttp

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.upstream import NotSpoken, Upstream
from quarterdeck.gateway.mcp.upstream_http import StreamableHttp
from quarterdeck.gateway.mcp.upstream_sse import EventStream
from quarterdeck.gateway.mcp.wire import UNSUPPORTED_VERSION, McpError

Manner = tuple[type[Any], bool]  # Any: a class of `Upstream`, whose constructors differ from its own
"""A transport, and whether the newer era is worth a try."""


class Connector:
    """Makes connections."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._known: dict[tuple[str, str, bool], Manner] = {}

    def forget(self) -> None:
        """Servers have changed."""
        self._known.clear()

    async def connect(self, server: McpServer, client_capabilities: dict[str, Any]) -> Upstream:
        """A connection, ready for requests."""
        # Any, above: capabilities are the client's own words.
        # Only the older era lets a server ask back, so a client that can answer is connected in that one.
        asks_back = bool(client_capabilities)
        known = self._known.get((server.id, server.url, asks_back))
        if known is not None:
            return await self._open(server, known, client_capabilities)
        refused = "nobody answers"
        for manner in _manners(server, try_modern=not asks_back):
            try:
                upstream = await self._open(server, manner, client_capabilities)
            except NotSpoken as error:
                refused = str(error)
                continue
            self._known[server.id, server.url, asks_back] = (manner[0], upstream.modern)
            return upstream
        raise UpstreamFailed(
            f"`{server.name}` speaks no MCP at {server.url} ({refused}). Check the address: it often ends in `/mcp` or `/sse`."
        )

    async def _open(self, server: McpServer, manner: Manner, client_capabilities: dict[str, Any]) -> Upstream:
        transport, try_modern = manner
        upstream: Upstream = transport(server, self._http)
        try:
            await _opened(upstream, client_capabilities, try_modern)
        except BaseException:
            await upstream.close()
            raise
        return upstream


async def _opened(upstream: Upstream, client_capabilities: dict[str, Any], try_modern: bool) -> None:
    try:
        await upstream.open(client_capabilities, try_modern=try_modern)
    except NotSpoken:
        # Old servers answer a 400 to the very question: it proves nothing about the older versions.
        if not try_modern:
            raise
        await upstream.open(client_capabilities, try_modern=False)
    except McpError as error:
        if error.code == UNSUPPORTED_VERSION and not try_modern:
            await upstream.open(client_capabilities, try_modern=True)
            return
        raise UpstreamFailed(f"The MCP server `{upstream.server.name}` refused us: {error.message}") from error


def _manners(server: McpServer, *, try_modern: bool) -> list[Manner]:
    over_http: list[Manner] = [(StreamableHttp, try_modern)]
    over_events: list[Manner] = [(EventStream, False)]
    return {"streamable-http": over_http, "sse": over_events}.get(server.transport, over_http + over_events)
