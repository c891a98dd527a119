"""MCP over the transport of 2024: one event stream for all answers, and an address to post messages to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import aiohttp
import msgspec
from yarl import URL

from quarterdeck.core.errors import UpstreamFailed, UpstreamTimeout
from quarterdeck.gateway import sse
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.upstream import SessionGone, Upstream
from quarterdeck.gateway.mcp.upstream_http import messages_in, unreachable
from quarterdeck.gateway.mcp.wire import Json, notification

_LONGEST_QUEUE = 1000


class EventStream(Upstream):
    """A connection with an ear of its own: what it hears goes to whoever waits for it."""

    def __init__(self, server: McpServer, http: aiohttp.ClientSession) -> None:
        super().__init__(server)
        self._http = http
        self._address: asyncio.Future[URL] = asyncio.get_running_loop().create_future()
        self._waiting: dict[int, asyncio.Queue[Json | None]] = {}
        self._ear: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()

    async def open(self, client_capabilities: Json, *, try_modern: bool = True) -> None:
        self._ear = asyncio.create_task(self._hear())
        async with asyncio.timeout(self.server.timeout_s):
            await asyncio.shield(self._address)
        await super().open(client_capabilities, try_modern=False)

    async def send(self, message: Json, trace: str | None = None) -> AsyncGenerator[Json, None]:
        if self._ear is None or self._ear.done():
            raise SessionGone(self.server.name)
        number = message.get("id") if "method" in message else None
        heard: asyncio.Queue[Json | None] = asyncio.Queue(_LONGEST_QUEUE)
        if isinstance(number, int):
            self._waiting[number] = heard
        try:
            await self._post(message, trace)
            while isinstance(number, int):
                async with asyncio.timeout(self.server.timeout_s):
                    found = await heard.get()
                if found is None:
                    raise UpstreamFailed(f"The MCP server `{self.server.name}` closed its stream.")
                yield found
                if found.get("id") == number and "method" not in found:
                    return
        finally:
            if isinstance(number, int):
                self._waiting.pop(number, None)

    def cancel_soon(self, number: int) -> None:
        task = asyncio.create_task(self._say(notification("notifications/cancelled", {"requestId": number})))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def close(self) -> None:
        if self._ear is not None:
            self._ear.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._ear

    async def _say(self, message: Json) -> None:
        with suppress(Exception):  # it is a courtesy: whatever goes wrong with it changes nothing
            await self._post(message, None)

    async def _post(self, message: Json, trace: str | None) -> None:
        headers = {**self.server.headers, "content-type": "application/json"}
        if trace is not None:
            headers["traceparent"] = trace
        address = self._address.result()
        try:
            async with asyncio.timeout(self.server.timeout_s):
                response = await self._http.post(
                    address, data=msgspec.json.encode(message), headers=headers, allow_redirects=False
                )
        except aiohttp.ClientError as error:
            raise unreachable(self.server, error) from error
        status = response.status
        response.close()
        if status == 404:
            raise SessionGone(self.server.name)
        if status >= 300:
            raise UpstreamFailed(f"The MCP server `{self.server.name}` answered {status} to a message.")

    async def _hear(self) -> None:
        try:
            await self._listen()
        except BaseException as error:
            if not self._address.done():
                self._address.set_exception(self._meaning(error))
                # Whoever opens the connection asks for it; if nobody does any more, that is fine, too.
                self._address.exception()
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            for queue in self._waiting.values():
                with suppress(asyncio.QueueFull):
                    queue.put_nowait(None)

    async def _listen(self) -> None:
        headers = {**self.server.headers, "accept": "text/event-stream", "accept-encoding": "identity"}
        async with self._http.get(self.server.url, headers=headers, allow_redirects=False) as response:
            if response.status != 200 or response.content_type != "text/event-stream":
                raise UpstreamFailed(
                    f"Nobody speaks MCP at {self.server.url}: it answered {response.status} ({response.content_type})."
                )
            scanner = sse.EventScanner()
            async for chunk in response.content.iter_any():
                for event in sse.events(scanner.feed(chunk)):
                    self._take(response.url, event)

    def _take(self, base: URL, event: bytes) -> None:
        data = sse.payload(event)
        if not self._address.done():
            address = base.join(URL(data.decode(errors="replace")))
            # Our credential goes to the server that was configured and to nobody else.
            if address.origin() != base.origin():
                raise UpstreamFailed(
                    f"The MCP server `{self.server.name}` wants messages at another host, `{address}`."
                )
            self._address.set_result(address)
            return
        for message in messages_in(self.server, data) if data else ():
            number = message.get("id")
            if "method" not in message and isinstance(number, int) and number in self._waiting:
                self._give(self._waiting[number], message)
            elif "method" in message:
                # The stream does not say for which request; a question of the server's goes to the latest.
                for queue in list(self._waiting.values())[-1:]:
                    self._give(queue, message)

    @staticmethod
    def _give(queue: asyncio.Queue[Json | None], message: Json) -> None:
        with suppress(asyncio.QueueFull):  # notifications that nobody reads are dropped; nothing grows without bound
            queue.put_nowait(message)

    def _meaning(self, error: BaseException) -> BaseException:
        if isinstance(error, TimeoutError):
            return UpstreamTimeout(f"The MCP server `{self.server.name}` did not begin to answer.")
        if isinstance(error, aiohttp.ClientError | OSError):
            return unreachable(self.server, error)
        return error
