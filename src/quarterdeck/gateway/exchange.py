"""One HTTP exchange on the data plane: what the client sent, what it gets, and whether it is still there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import QuarterdeckError, TooLarge
from quarterdeck.gateway import sse
from quarterdeck.runtime.tracing import Trace

Scope = MutableMapping[str, Any]  # Any: ASGI says so
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

KEEP_ALIVE_EVERY_S = 15.0
_FIRST_LOOK_AFTER_S = 0.1
_REQUEST_ID = re.compile(rb"[\w.:/+=-]{1,128}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


class RequestTimeout(QuarterdeckError):
    """The request did not come in time."""

    status = 408
    kind = "invalid_request_error"


class Exchange:
    """Reads the request, writes the response, and cancels the work when the client hangs up."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, stall_limit_s: float) -> None:
        self.started_ns = clock.monotonic_ns()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or self.path.encode()
        """The path as it was on the wire, percent signs and all."""
        self.query: bytes = scope.get("query_string", b"")
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.peer: str | None = (scope.get("client") or (None,))[0]
        """The address at the other end of the connection."""
        self.request_id = self._sent_request_id() or scope.get("quarterdeck.request_id") or f"req_{ids.new_trace_id()}"
        self.responding = False
        """Whether the status has been sent: from here on, an error can only be told inside the stream."""
        self.status = 0
        """The status that was sent; 0 before."""
        self.client_gone = False
        self._body_at_hand: Callable[[], bytes | None] | None = scope.get("quarterdeck.body")
        """Our own server has the body of most requests before they begin."""
        self._receive = receive
        self._send = send
        self._stall_limit_s = stall_limit_s
        self._loop = asyncio.get_running_loop()
        self._keep_alive = sse.KEEP_ALIVE
        self._streaming = False
        self._sending = False
        self._last_sent = 0.0
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ear: asyncio.Task[None] | None = None
        self._whisper: asyncio.Task[None] | None = None

    def header(self, name: bytes) -> str | None:
        """A request header as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def credentials(self) -> Iterable[Header]:
        """Where a key may stand: in the headers, or as `?key=…` where Gemini's clients put it."""
        if b"key=" not in self.query:
            return self.headers.items()
        found = parse_qs(self.query).get(b"key", [])
        return [*self.headers.items(), *((b"x-goog-api-key", value) for value in found[:1])]

    def trace(self) -> Trace:
        """A trace of our own, or the caller's, when it sent a W3C `traceparent`."""
        return trace_of(self.headers.get(b"traceparent", b""))

    def elapsed_ns(self) -> int:
        """How long ago the request came."""
        return clock.monotonic_ns() - self.started_ns

    async def body(self, limit: int) -> bytes:
        """The whole body. One that is too large is refused, by its announced length if there is one."""
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        if self._body_at_hand is not None and (body := self._body_at_hand()) is not None:
            if len(body) > limit:
                raise _too_large(limit)
            return body
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive_soon()
            if message["type"] == "http.disconnect":
                self.client_gone = True
                raise asyncio.CancelledError
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body piece by piece, for those who keep no body in memory."""
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        if self._body_at_hand is not None and (body := self._body_at_hand()) is not None:
            yield body
            return
        size, more = 0, True
        while more:
            message = await self._receive_soon()
            if message["type"] == "http.disconnect":
                self.client_gone = True
                raise asyncio.CancelledError
            size += len(message.get("body", b""))
            if size > limit:
                raise _too_large(limit)
            yield message.get("body", b"")
            more = message.get("more_body", False)

    async def _receive_soon(self) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(self._stall_limit_s):
                return await self._receive()
        except TimeoutError as error:
            raise RequestTimeout(f"No more of the body came for {self._stall_limit_s:g} s. Send it again.") from error

    async def answer(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """Send a whole response."""
        self.responding, self.status = True, status
        length = (b"content-length", str(len(body)).encode())
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": body})

    @property
    def tells_events(self) -> bool:
        """Whether what is being sent is an event stream, in which an error can still be told."""
        return self._streaming

    async def begin(self, status: int, headers: Iterable[Header], *, events: bool = False) -> None:
        """Send the status of a response that comes in pieces: of a file, a sound, or of somebody else's `events`."""
        self.responding, self._streaming, self.status = True, events, status
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def begin_stream(self, headers: Iterable[Header]) -> None:
        """Send the status of an event stream."""
        self.responding = self._streaming = True
        self.status = 200
        await self._send({"type": "http.response.start", "status": 200, "headers": [*headers, *_STREAM_HEADERS]})

    async def send(self, block: bytes) -> None:
        """Send some whole events."""
        self._sending = True
        self._last_sent = self._loop.time()
        await self._send({"type": "http.response.body", "body": block, "more_body": True})
        self._sending = False

    async def end_stream(self, block: bytes) -> None:
        """Send the last events."""
        self._streaming = False
        await self._send({"type": "http.response.body", "body": block})

    def watch(self, keep_alive: bytes = sse.KEEP_ALIVE) -> None:
        """Begin to look after the client: keep it awake, and cancel the current task when it is gone.

        A request that is over within the blink of an eye pays for a timer and nothing else.
        """
        self._keep_alive = keep_alive
        self._task = asyncio.current_task()
        self._last_sent = self._loop.time()
        self._timer = self._loop.call_later(_FIRST_LOOK_AFTER_S, self._look)

    def close(self) -> None:
        """Look after the client no more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in (self._ear, self._whisper):
            if task is not None and not task.done():
                task.cancel()

    def _look(self) -> None:
        if self._ear is None:
            self._ear = self._loop.create_task(self._hear_hang_up())
        silent_s = self._loop.time() - self._last_sent
        if self._sending and silent_s >= self._stall_limit_s:
            self._hang_up()  # it reads nothing of what we send
        elif self._streaming and not self._sending and silent_s >= KEEP_ALIVE_EVERY_S:
            self._whisper = self._loop.create_task(self.send(self._keep_alive))
            silent_s = 0.0
        self._timer = self._loop.call_later(max(0.5, KEEP_ALIVE_EVERY_S - silent_s), self._look)

    async def _hear_hang_up(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._hang_up()

    def _hang_up(self) -> None:
        self.client_gone = True
        if self._task is not None:
            self._task.cancel()

    def _sent_request_id(self) -> str | None:
        sent = self.headers.get(b"x-request-id") or self.headers.get(b"helicone-request-id", b"")
        return sent.decode() if _REQUEST_ID.fullmatch(sent) else None


def trace_of(traceparent: bytes) -> Trace:
    """The trace that a W3C `traceparent` names, or one of our own."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return Trace() if found is None else Trace(found[1].decode(), found[2].decode())


_STREAM_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than {limit >> 20} MB. Send less, or raise `QUARTERDECK_MAX_BODY_MB` on the server."
    )
