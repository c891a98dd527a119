"""The sessions of our MCP clients, and the connections to servers that each of them has open.

A connection belongs to one client: what a server keeps in a session of its own never reaches another key. Clients
without a session share one for each key. Neither sessions nor connections grow without bound.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import LimitReached, NotFound
from quarterdeck.gateway.mcp.connecting import Connector
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.upstream import Upstream
from quarterdeck.gateway.mcp.wire import Json
from quarterdeck.runtime.work import Actor

_MOST_SESSIONS = 5000
_MOST_OF_A_KEY = 500
_IDLE_NS = 30 * 60 * 1_000_000_000
_LIST_IS_FRESH_NS = 60 * 1_000_000_000


@dataclass
class Connection:
    """One server, as one client reaches it, with the list of its tools."""

    upstream: Upstream
    tools: dict[str, Json] | None = None
    listed_ns: int = 0

    def fresh_tools(self) -> dict[str, Json] | None:
        """The tools by name, if they were listed a moment ago."""
        return self.tools if clock.monotonic_ns() - self.listed_ns < _LIST_IS_FRESH_NS else None

    def learn(self, tools: dict[str, Json] | None) -> None:
        """Take a new list; None when the server says that the old one is out of date."""
        self.tools, self.listed_ns = tools, clock.monotonic_ns()


@dataclass
class Session:
    """One client: what it can do, whom it has called, and which questions of servers it still has to answer."""

    id: str
    project_id: str
    key_id: str
    version: str
    capabilities: Json
    used_ns: int = 0
    open_questions: OrderedDict[str, tuple[Upstream, Any]] = field(default_factory=OrderedDict)
    """What servers have asked the client: our id → the connection, and the server's own id."""
    running: dict[Any, asyncio.Task[Any]] = field(default_factory=dict)
    """Requests that are being answered, so that the client can cancel them."""
    _connections: dict[str, Connection] = field(default_factory=dict)
    _opening: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def connection(self, connector: Connector, server: McpServer) -> Connection:
        """The connection to a server; opened when it is not, or when the server is not what it was."""
        async with self._opening.setdefault(server.name, asyncio.Lock()):
            known = self._connections.get(server.name)
            if known is not None and known.upstream.server == server:
                return known
            if known is not None:
                await self._drop(server.name)
            found = Connection(await connector.connect(server, self.capabilities))
            self._connections[server.name] = found
            return found

    async def lose(self, server: McpServer, connection: Connection) -> None:
        """The server has forgotten us: the next request opens a new connection."""
        if self._connections.get(server.name) is connection:
            await self._drop(server.name)

    async def keep_only(self, servers: Container[McpServer]) -> None:
        """Close connections to servers that are not there any more, or not as they were."""
        for name, connection in list(self._connections.items()):
            if connection.upstream.server not in servers:
                await self._drop(name)

    async def close(self) -> None:
        """Close all connections."""
        for name in list(self._connections):
            await self._drop(name)

    async def _drop(self, name: str) -> None:
        await self._connections.pop(name).upstream.close()


class Sessions:
    """All clients."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    def begin(self, actor: Actor, version: str, capabilities: Json) -> Session:
        """A session for a client that wants one."""
        self._sweep()
        mine = sum(1 for session in self._sessions.values() if session.key_id == actor.id)
        if mine >= _MOST_OF_A_KEY or len(self._sessions) >= _MOST_SESSIONS:
            raise LimitReached(
                "There are too many open MCP sessions. End those that you do not need (DELETE), or wait: idle ones end "
                f"after {_IDLE_NS // 60_000_000_000} minutes."
            )
        return self._keep(Session(ids.new_id("mcp"), actor.project_id, actor.id, version, capabilities))

    def find(self, actor: Actor, session_id: str) -> Session:
        """A client's own session."""
        session = self._sessions.get(session_id)
        if session is None or (session.project_id, session.key_id) != (actor.project_id, actor.id):
            raise NotFound("This MCP session is not known (any more). Begin a new one with `initialize`.")
        return self._keep(session)

    def shared(self, actor: Actor, version: str) -> Session:
        """The session of those clients of a key that have none."""
        name = f"{actor.project_id}/{actor.id}/{version}"
        return self._keep(
            self._sessions.get(name) or Session(name, actor.project_id, actor.id, version, capabilities={})
        )

    async def end(self, session: Session) -> None:
        """A client has said goodbye."""
        self._sessions.pop(session.id, None)
        await session.close()

    async def keep_only(self, servers: Container[McpServer]) -> None:
        """The servers have changed."""
        for session in list(self._sessions.values()):
            await session.keep_only(servers)

    async def close(self) -> None:
        """The gateway stops."""
        for session in list(self._sessions.values()):
            await self.end(session)

    def _keep(self, session: Session) -> Session:
        session.used_ns = clock.monotonic_ns()
        self._sessions[session.id] = session
        self._sessions.move_to_end(session.id)
        return session

    def _sweep(self) -> None:
        oldest = clock.monotonic_ns() - _IDLE_NS
        for session in list(self._sessions.values()):
            if session.used_ns > oldest:
                return  # they are in the order of their last use
            if not session.running:
                del self._sessions[session.id]
                task = asyncio.create_task(session.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
