"""Which MCP servers a project has and what was approved of their tools: a snapshot in memory, reloaded when it changes."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from quarterdeck.core.errors import NotFound
from quarterdeck.gateway.mcp import store
from quarterdeck.gateway.mcp.connecting import Connector
from quarterdeck.gateway.mcp.records import McpServer, McpServersChanged, ToolPin
from quarterdeck.gateway.mcp.sessions import Sessions
from quarterdeck.runtime.runtime import Runtime


class McpDirectory:
    """All servers of all projects, the connections to them, and the sessions of our clients."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._servers: dict[str, dict[str, McpServer]] = {}
        self._pins: dict[str, dict[str, ToolPin]] = {}
        self.connector = Connector(runtime.http)
        self.sessions = Sessions(self.connector)

    async def reload(self, _event: McpServersChanged | None = None) -> None:
        """Take a new snapshot. Connections to servers that are not as they were are closed."""
        found: dict[str, dict[str, McpServer]] = {}
        for server in await store.servers(self._runtime.database, self._runtime.vault):
            found.setdefault(server.project_id, {})[server.name] = server
        self._pins = await store.pins(self._runtime.database)
        self._servers = found
        self.connector.forget()
        await self.sessions.keep_only([server for servers in found.values() for server in servers.values()])

    def servers(self, project_id: str) -> Mapping[str, McpServer]:
        """The servers of a project, by name."""
        return self._servers.get(project_id, {})

    def server(self, project_id: str, name: str) -> McpServer:
        """One of them."""
        servers = self.servers(project_id)
        if name not in servers:
            close = get_close_matches(name, servers, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else f" There are: {sorted(servers)}."
            raise NotFound(f"No MCP server is called `{name}`.{hint}")
        return servers[name]

    def pins(self, server: McpServer) -> dict[str, ToolPin]:
        """What was approved of a server's tools. The caller may add to it what it has stored."""
        return self._pins.setdefault(server.id, {})
