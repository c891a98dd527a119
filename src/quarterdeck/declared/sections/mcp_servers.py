"""Declared MCP servers."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.core.money import PICO
from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.gateway.mcp import servers
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.mcp.records import McpServersChanged
from quarterdeck.runtime.work import Work


class McpServers(Section):
    """MCP servers, by name."""

    key = "mcp_servers"
    kind = "MCP server"
    changed = McpServersChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        return {
            name: Standing(
                server.owner,
                {
                    "url": server.url,
                    "transport": server.transport,
                    "headers": dict(server.headers),
                    "allowed_tools": list(server.allowed_tools),
                    "timeout_s": server.timeout_s,
                    "on_change": server.on_change,
                    "price_usd_per_call": None
                    if server.price_pico_per_call is None
                    else server.price_pico_per_call / PICO,
                },
            )
            for name, server in work.part(McpDirectory).servers(work.project_id).items()
        }

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        return {
            name: {**fields, "headers": {header.lower(): value for header, value in fields["headers"].items()}}
            for name, fields in declared.items()
        }

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        await servers.put(work, name, **fields, owner=owner)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await servers.remove(work, name, owner=owner)

    def secrets(self, name: str, fields: Fields) -> dict[str, str]:
        return {f"mcp_servers/{name}/{header}": value for header, value in fields["headers"].items()}

    def referring(self, name: str, fields: Fields) -> Fields:
        return {**fields, "headers": {one: f"${{secret:mcp_servers/{name}/{one}}}" for one in fields["headers"]}}
