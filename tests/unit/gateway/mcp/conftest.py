"""Real MCP servers of the official SDK on loopback, behind a real gateway, called by the official client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel

from quarterdeck.gateway.mcp import servers
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway


class Colour(BaseModel):
    """What the tool asks its user for."""

    colour: str


def a_server(name: str = "numbers") -> MCPServer:
    """A server with every kind of thing: tools that add, fail, ask back and report; a resource; a prompt."""
    server = MCPServer(name)

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool()
    def fail() -> str:
        """Never works."""
        raise ValueError("it is broken")

    @server.tool()
    async def count(to: int, ctx: Context) -> str:
        """Count, and say how far it has come."""
        for number in range(to):
            await ctx.report_progress(number + 1, to)
        return "done"

    @server.tool()
    async def paint(ctx: Context) -> str:
        """Ask which colour."""
        answer = await ctx.elicit("Which colour?", schema=Colour)
        return f"painted {answer.data.colour}" if answer.action == "accept" else "not painted"

    @server.tool()
    async def sleep() -> str:
        """Take very long."""
        await asyncio.sleep(30)
        return "awake"

    @server.resource(f"note://{name}/today")
    def today() -> str:
        """What is to be done."""
        return "sail"

    @server.prompt()
    def greet(who: str) -> str:
        """A greeting."""
        return f"Greet {who}."

    return server


@asynccontextmanager
async def listening(app: Any, port: int = 0) -> AsyncIterator[str]:  # Any: an ASGI application
    """uvicorn with its lifespan, which the SDK's servers need."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_level="critical", lifespan="on", timeout_graceful_shutdown=1
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def numbers() -> AsyncIterator[str]:
    """The address of a server that speaks Streamable HTTP."""
    async with listening(a_server().streamable_http_app()) as url:
        yield f"{url}/mcp"


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    """A gateway without servers."""
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        yield gateway


@pytest.fixture
async def with_numbers(gateway: Gateway, numbers: str) -> Gateway:
    """A gateway with one server, `numbers`."""
    await servers.put(gateway.work, "numbers", url=numbers)
    return gateway


@asynccontextmanager
async def client_of(
    gateway: Gateway,
    path: str = "/mcp",
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> AsyncIterator[Client]:
    """The official client, with a key."""
    sent = {"Authorization": f"Bearer {key or gateway.key}", **(headers or {})}
    async with httpx2.AsyncClient(headers=sent, timeout=20) as http:
        transport = streamable_http_client(f"{gateway.url}{path}", http_client=http)
        async with Client(transport, **options) as client:
            yield client
