"""One client's connection. Uvicorn's own, but for requests to the data plane, which cost a fraction there.

Uvicorn serves everybody's application and checks what any of them may say. Ours says little, and says it right: a request
to the data plane gets a plain exchange of messages, no events and no timers of its own, and its body without waiting if it
came with its headers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from quarterdeck.gateway.asgi import DataPlane

log = logging.getLogger(__name__)

_DISCONNECT = {"type": "http.disconnect"}


class ClientConnection(HttpToolsProtocol):
    """Reads requests, and starts an exchange for each."""

    # Any, in this file: uvicorn's and ASGI's own types say no more.
    exchange: WireExchange | None = None
    """Who hears the body that is coming in; None when it is uvicorn's own cycle."""
    _last_exchange: WireExchange | None = None
    _idle_since: float | None = None
    _idle_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if self._last_exchange is not None:
            self._last_exchange.hung_up()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        path = self.url.partition(b"?")[0].decode("latin-1")
        if busy or "%" in path or not DataPlane.serves(path):
            self.exchange = None
            super().on_headers_complete()
            return
        scope: Any = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version = self.parser.get_http_version()
        scope["path"], scope["raw_path"] = path, path.encode("latin-1")
        scope["query_string"] = self.url.partition(b"?")[2]
        exchange = WireExchange(self, scope, keep_alive=version != "1.0" and self.parser.should_keep_alive())
        exchange.waiting_for_100_continue = self.expect_100_continue
        self.exchange = self._last_exchange = exchange
        self.cycle: Any = exchange
        exchange.task = task = self.loop.create_task(exchange.run_asgi(self.app))
        self.tasks.add(task)

    def on_body(self, body: bytes) -> None:
        if self.exchange is None:
            super().on_body(body)
        else:
            self.exchange.on_body(body)

    def on_message_complete(self) -> None:
        if self.exchange is None:
            super().on_message_complete()
        else:
            self.exchange.on_message_complete()

    def on_response_complete(self) -> None:
        # A timer for each pause between two requests would cost more than reading the request: one looks again.
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        self.rest()

    def rest(self) -> None:
        """Wait for the next request, but not for ever."""
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        self._idle_timer = None
        idle_s = 0.0 if self._idle_since is None else self.loop.time() - self._idle_since
        if idle_s >= self.timeout_keep_alive - 0.001:
            self.timeout_keep_alive_handler()
        else:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive - idle_s, self._look_whether_idle)


class WireExchange:
    """One request to the data plane and its response, as ASGI messages."""

    __slots__ = (
        "_chunked",
        "_chunks",
        "_connection",
        "_given",
        "_head",
        "_is_head",
        "_received",
        "_scope",
        "_waiter",
        "_whole",
        "disconnected",
        "keep_alive",
        "response_complete",
        "response_started",
        "task",
        "waiting_for_100_continue",
    )

    def __init__(self, connection: ClientConnection, scope: Any, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.waiting_for_100_continue = False
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._scope = scope
        self._chunks: list[bytes] = []
        self._received = 0
        self._whole = False
        self._given = False
        self._waiter: asyncio.Future[None] | None = None
        self._chunked = False
        self._head: bytes | None = None
        self._is_head = scope["method"] == "HEAD"
        scope["quarterdeck.body"] = self.body_at_hand

    @property
    def message_event(self) -> WireExchange:
        """What uvicorn sets when a connection is lost; `hung_up` has done it already."""
        return self

    def set(self) -> None:
        """See `message_event`."""

    async def run_asgi(self, app: Any) -> None:
        """The whole exchange. The application answers for its own mistakes; what leaves it all the same ends here."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception:
            log.exception("an exchange ended in an error")
        finally:
            connection = self._connection
            if self.task is not None:
                connection.tasks.discard(self.task)
            if not self.response_complete and not self.disconnected:
                connection.transport.close()

    def on_body(self, body: bytes) -> None:
        """Some of the request's body has come."""
        if self.response_complete:
            return
        self._chunks.append(body)
        self._received += len(body)
        if self._received > HIGH_WATER_LIMIT:
            self._connection.flow.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        """All of the request has come."""
        self._whole = True
        if self.response_complete:
            self._connection.rest()  # what came was only read to get past it
        self._wake()

    def hung_up(self) -> None:
        """The client is gone."""
        self.disconnected = not self.response_complete
        self._wake()

    def body_at_hand(self) -> bytes | None:
        """The whole body, if it is here already and none of it was given out."""
        return self._take() if self._whole and not self._given else None

    async def receive(self) -> dict[str, Any]:
        """The next message to the application."""
        connection = self._connection
        if self.waiting_for_100_continue and not connection.transport.is_closing():
            connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        while not self.disconnected and not self.response_complete:
            if self._chunks or (self._whole and not self._given):
                return {"type": "http.request", "body": self._take(), "more_body": not self._whole}
            self._waiter = connection.loop.create_future()
            connection.flow.resume_reading()
            await self._waiter
        return _DISCONNECT

    async def send(self, message: Any) -> None:
        """A message of the application's: the status and headers, or some of the body."""
        connection = self._connection
        if connection.flow.write_paused and not self.disconnected:
            await connection.flow.drain()
        if self.disconnected or self.response_complete:
            return
        if not self.response_started:
            self.response_started = True
            self._head = self._head_of(message["status"], message["headers"])
            if self._chunked:
                connection.loop.call_soon(self._flush_head)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._is_head:
            body = b""
        elif self._chunked:
            if body:
                body = b"%x\r\n%b\r\n" % (len(body), body)
            if not more:
                body += b"0\r\n\r\n"
        if self._head is not None:
            head, self._head = self._head, None
            connection.transport.write(head + body)
        elif body:
            connection.transport.write(body)
        if not more:
            self.response_complete = True
            self._wake()
            if not self.keep_alive:
                connection.transport.close()
            connection.on_response_complete()

    def _flush_head(self) -> None:
        # Mostly the first piece has taken it along. A stream that has nothing to say yet is at least begun.
        head, self._head = self._head, None
        if head is not None:
            self._connection.transport.write(head)

    def _head_of(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        lines = [STATUS_LINE[status]]
        self._chunked = True
        lines += [b"%b: %b\r\n" % pair for pair in self._connection.server_state.default_headers]
        for pair in headers:
            if pair[0] == b"content-length":
                self._chunked = False
            lines.append(b"%b: %b\r\n" % pair)
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
            raise RuntimeError("A header has a line break in it.")
        return head + b"\r\n"

    def _take(self) -> bytes:
        self._given = self._whole
        chunks, self._chunks, self._received = self._chunks, [], 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
