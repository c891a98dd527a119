"""What a worker does not answer itself goes to the main process and back, in both directions as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from quarterdeck.core.errors import Unavailable
from quarterdeck.gateway import refusals
from quarterdeck.gateway.repeats import HEADER as IDEMPOTENCY_KEY

PEER = b"x-quarterdeck-peer"
_HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade", b"proxy-connection"}
# Sessions, durable jobs and uploads live in one process.
_MAINS_OWN = ("/v1/batches", "/v1/files", "/mcp")


class Proxy:
    """An ASGI application that is the main process's."""

    def __init__(self, path: Path) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(path), limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Hang up."""
        await self._http.close()

    @staticmethod
    def wants(scope: Scope) -> bool:
        """Whether a request of the data plane is one for the main process nevertheless."""
        return scope["path"].startswith(_MAINS_OWN) or any(name == IDEMPOTENCY_KEY for name, _ in scope["headers"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        url = URL(f"http://main{target}{query and '?'}{query}", encoded=True)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope["headers"]
            if name not in _HOP_BY_HOP and name != PEER
        ]
        client = scope.get("client")
        if client:
            headers.append((PEER.decode(), client[0]))
        announced = {name for name, _ in scope["headers"]} & {b"content-length", b"transfer-encoding"}
        try:
            async with self._http.request(
                scope["method"],
                url,
                headers=headers,
                data=_body(receive) if announced else None,
                allow_redirects=False,
                skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
            ) as response:
                kept = [
                    (name.lower(), value) for name, value in response.raw_headers if name.lower() not in _HOP_BY_HOP
                ]
                await send({"type": "http.response.start", "status": response.status, "headers": kept})
                async for chunk in response.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except aiohttp.ClientConnectionError:
            error = Unavailable("The main process does not answer at the moment. Try again.")
            body = refusals.body_of(error, None)
            length = (b"content-length", str(len(body)).encode())
            await send({"type": "http.response.start", "status": 503, "headers": [*refusals.headers_of(error), length]})
            await send({"type": "http.response.body", "body": body})


class BehindWorkers:
    """The main process's application, as workers call it: the address of the client is the one that they saw."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            told = [value for name, value in scope["headers"] if name == PEER]
            headers = [(name, value) for name, value in scope["headers"] if name != PEER]
            client = (told[0].decode("latin-1"), 0) if told else None
            scope = {**scope, "headers": headers, "client": client}
        await self._application(scope, receive, send)


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body", False):
            return
