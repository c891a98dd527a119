"""MCP over Streamable HTTP: each message is a POST, and its answer is JSON or a stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress

import aiohttp
import msgspec

from quarterdeck.core.errors import UpstreamFailed, UpstreamUnavailable
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.upstream import NotSpoken, SessionGone, Upstream
from quarterdeck.gateway.mcp.wire import NAMED_BY, Json, McpError, header_value, notification
from quarterdeck.gateway.upstream_errors import words

LARGEST_MESSAGE = 16 * 1024 * 1024
_GOODBYE_S = 5.0


class StreamableHttp(Upstream):
    """A connection that is nothing but a session id, if that."""

    def __init__(self, server: McpServer, http: aiohttp.ClientSession) -> None:
        super().__init__(server)
        self._http = http
        self._session_id: str | None = None
        self._farewells: set[asyncio.Task[None]] = set()

    async def send(self, message: Json, trace: str | None = None) -> AsyncGenerator[Json, None]:
        try:
            response = await self._post(message, trace)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise unreachable(self.server, error) from error
        try:
            async with aiohttp_response(response):
                await self._require_good(response, message)
                self._session_id = response.headers.get("mcp-session-id", self._session_id)
                if response.content_type == "text/event-stream":
                    async for data in events_in(response, self.server.timeout_s):
                        for heard in messages_in(self.server, data):
                            yield heard
                elif response.status != 202:
                    body = await read_whole(response, self.server.timeout_s)
                    if body.strip():
                        for heard in messages_in(self.server, body):
                            yield heard
        except aiohttp.ClientError as error:
            raise UpstreamFailed(f"The MCP server `{self.server.name}` broke off: {words(error)}.") from error

    def cancel_soon(self, number: int) -> None:
        farewell = self._say_goodbye(notification("notifications/cancelled", {"requestId": number}))
        task = asyncio.create_task(farewell)
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def close(self) -> None:
        if self._session_id is None:
            return
        headers, self._session_id = self._headers(None), None
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                response = await self._http.delete(self.server.url, headers=headers, allow_redirects=False)
                response.close()

    async def _post(self, message: Json, trace: str | None) -> aiohttp.ClientResponse:
        headers = self._headers(message)
        if trace is not None:
            headers["traceparent"] = trace
        async with asyncio.timeout(self.server.timeout_s):
            return await self._http.post(
                self.server.url, data=msgspec.json.encode(message), headers=headers, allow_redirects=False
            )

    def _headers(self, message: Json | None) -> dict[str, str]:
        headers = {
            **self.server.headers,
            "accept": "application/json, text/event-stream",
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        if message is None or message.get("method") != "initialize":
            headers["mcp-protocol-version"] = self.version
        if self._session_id is not None:
            headers["mcp-session-id"] = self._session_id
        if self.modern and message is not None and "method" in message:
            headers["mcp-method"] = message["method"]
            subject = message.get("params", {}).get(NAMED_BY.get(message["method"], ""))
            if isinstance(subject, str):
                headers["mcp-name"] = header_value(subject)
        return headers

    async def _require_good(self, response: aiohttp.ClientResponse, message: Json) -> None:
        if response.status in (200, 202):
            return
        body = await response.content.read(64 * 1024)
        _raise_what_it_says(body)
        name, status = self.server.name, response.status
        if status == 404 and self._session_id is not None:
            self._session_id = None
            raise SessionGone(name)
        if message.get("method") in ("initialize", "server/discover") and status in (400, 404, 405, 406, 415, 501):
            raise NotSpoken(f"`{self.server.url}` answered {status}")
        if status in (401, 403):
            raise UpstreamFailed(
                f"The MCP server `{name}` refused our credential ({status}). Add it again with another."
            )
        if status in (301, 302, 307, 308):
            raise UpstreamFailed(
                f"The MCP server `{name}` wants to send us elsewhere: `{response.headers.get('location')}`. "
                "If that is right, add it with that address."
            )
        raise UpstreamFailed(f"The MCP server `{name}` answered {status}: {body[:300].decode(errors='replace')}")

    async def _say_goodbye(self, message: Json) -> None:
        with suppress(Exception):  # it is a courtesy: whatever goes wrong with it changes nothing
            async with asyncio.timeout(_GOODBYE_S):
                await self.tell(message)


def unreachable(server: McpServer, error: BaseException) -> UpstreamUnavailable:
    """What a failed connection means."""
    return UpstreamUnavailable(
        f"The MCP server `{server.name}` cannot be reached at {server.url}: {words(error)}. Is it running?"
    )


class aiohttp_response:  # noqa: N801  # used like a function
    """Lets go of a response: back to the pool when it was read to its end, cut off when not."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aenter__(self) -> aiohttp.ClientResponse:
        return self._response

    async def __aexit__(self, *_: object) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


async def events_in(response: aiohttp.ClientResponse, silence_s: float) -> AsyncGenerator[bytes, None]:
    """What the events of a stream carry. Silence of `silence_s` is a `TimeoutError`."""
    scanner = sse.EventScanner()
    while True:
        async with asyncio.timeout(silence_s):
            chunk = await response.content.readany()
        if not chunk:
            return
        for event in sse.events(scanner.feed(chunk)):
            data = sse.payload(event)
            if data:
                yield data


async def read_whole(response: aiohttp.ClientResponse, within_s: float) -> bytes:
    """A body that fits into memory."""
    body = bytearray()
    async with asyncio.timeout(within_s):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > LARGEST_MESSAGE:
                raise UpstreamFailed(f"The MCP server sent more than {LARGEST_MESSAGE >> 20} MB in one answer.")
    return bytes(body)


def messages_in(server: McpServer, data: bytes) -> list[Json]:
    """The messages in a body or an event: one, or several in a list, as one old version allowed."""
    try:
        found = msgspec.json.decode(data)
    except UNREADABLE as error:
        raise UpstreamFailed(f"The MCP server `{server.name}` did not send JSON: {data[:200]!r}.") from error
    return [message for message in (found if isinstance(found, list) else [found]) if isinstance(message, dict)]


def _raise_what_it_says(body: bytes) -> None:
    try:
        said = msgspec.json.decode(body)
    except UNREADABLE:
        return
    error = said.get("error") if isinstance(said, Mapping) else None
    if isinstance(error, dict) and isinstance(error.get("code"), int) and "jsonrpc" in said:
        raise McpError(error["code"], str(error.get("message")), error.get("data"), status=None)
