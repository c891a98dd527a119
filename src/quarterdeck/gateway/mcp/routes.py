"""The HTTP of MCP servers, for people who set them up; the calls of tools are the data plane's."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.core.paging import Page
from quarterdeck.gateway.mcp import servers
from quarterdeck.gateway.mcp.records import ConfiguredMcpServer, McpCheck, McpTool, OnChange, Transport

router = APIRouter(prefix="/mcp/servers", tags=["mcp"])


class WantedMcpServer(BaseModel):
    """An MCP server as it shall be."""

    url: str
    transport: Transport = "auto"
    headers: dict[str, str] | None = Field(default=None, repr=False)
    """Sent with every request and stored sealed; left out, those that are there stay."""
    allowed_tools: list[str] = []
    timeout_s: float = 60.0
    on_change: OnChange = "block"
    price_usd_per_call: float | None = None


class Approval(BaseModel):
    """Which tool is approved as it is now; all of them when none is named."""

    tool: str | None = None


@router.get("")
async def list_mcp_servers(work: CanRead) -> Page[ConfiguredMcpServer]:
    """The MCP servers of this project."""
    return await servers.all_servers(work)


@router.put("/{name}")
async def put_mcp_server(name: str, body: WantedMcpServer, work: CanAdmin, force: bool = False) -> ConfiguredMcpServer:
    """Add a server, or change it."""
    return await servers.put(work, name, **body.model_dump(), force=force)


@router.delete("/{name}", status_code=204)
async def remove_mcp_server(name: str, work: CanAdmin, force: bool = False) -> None:
    """Forget a server."""
    await servers.remove(work, name, force=force)


@router.post("/{name}/checks")
async def check_mcp_server(name: str, work: CanAdmin) -> McpCheck:
    """Call a server now, and compare its tools with what was approved."""
    return await servers.check(work, name)


@router.get("/{name}/tools")
async def list_mcp_tools(name: str, work: CanRead) -> Page[McpTool]:
    """The tools a server offers now, and what was approved of them."""
    return await servers.tools_of(work, name)


@router.post("/{name}/approvals", status_code=201)
async def approve_mcp_tools(name: str, body: Approval, work: CanAdmin) -> Page[McpTool]:
    """Approve a tool as it is now."""
    return await servers.approve(work, name, body.tool)
