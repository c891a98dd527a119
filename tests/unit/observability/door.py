"""The HTTP of observability on loopback: real routes on real live objects, served by uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI

from quarterdeck.access import keys
from quarterdeck.observability import routes
from quarterdeck.runtime.work import Work
from quarterdeck.server import errors


@dataclass(frozen=True)
class Door:
    """Where it is, a key for it, and a client that uses the key."""

    url: str
    key: str
    client: aiohttp.ClientSession

    async def get(self, path: str, **params: str | int | float) -> tuple[int, Any]:
        """Status and JSON of a control request."""
        async with self.client.get(f"{self.url}/api/v1{path}", params=params) as reply:
            return reply.status, await reply.json()

    async def send(
        self, body: bytes, content_type: str = "application/json", **headers: str
    ) -> tuple[int, aiohttp.ClientResponse, bytes]:
        """Status, response and body of an OTLP request."""
        headers = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.client.post(f"{self.url}/v1/traces", data=body, headers=headers) as reply:
            return reply.status, reply, await reply.read()


@asynccontextmanager
async def open_door(work: Work) -> AsyncIterator[Door]:
    """Serve the routes of observability until the block ends."""
    key = (await keys.create(work, "tests", scopes=["gateway", "read"])).secret
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False})
    app.include_router(routes.router, prefix="/api/v1")
    app.include_router(routes.otlp_router)
    app.state.runtime = work.runtime
    errors.add_error_handlers(app, largest_body_mb=64)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"}) as client:
        yield Door(f"http://{host}:{port}", key, client)
    server.should_exit = True
    await serving
