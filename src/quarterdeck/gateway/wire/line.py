"""One connection to a provider: HTTP/1.1 on a bare transport, one request at a time, kept open for the next one.

A general client spends more CPU on a request than all of the rest of the gateway. This one allocates nothing a chunk, has
one timer for all its waits, and hands out what has arrived since the last look as one piece.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol, cast

import httptools

Headers = list[tuple[bytes, bytes]]

LARGE_BODY = 1024 * 1024
"""From this size on, a body is sent slowly."""
_SLICE = 256 * 1024
_JOINED_UP_TO = 64 * 1024
_MOST_WAITING = 512 * 1024
_MOST_HEADER_BYTES = 128 * 1024
_MOST_LEFT_OVER = 64 * 1024
_IDLE_LIMIT_S = 60.0
_LAST_BYTES_LIMIT_S = 1.0


class Broken(ConnectionError):
    """The connection ended, or spoke something else than HTTP."""


class Stale(Broken):
    """The other side closed the connection before it answered a single byte."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A body on its way: how long it is, and its bytes, as often as they are asked for."""

    size: int
    pieces: Callable[[], AsyncIterator[bytes]]


def parcelled(body: bytes) -> Parcel:
    """A large body in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), _SLICE):
            yield body[start : start + _SLICE]

    return Parcel(len(body), pieces)


class Home(Protocol):
    """Where a connection waits for its next request."""

    def take_back(self, line: Line) -> None:
        """It is free again."""

    def forget(self, line: Line) -> None:
        """It is closed."""


class Line(asyncio.Protocol):
    """What `Lines` lends. Say `send`, then `head`, then `take` and `more` until `whole`, then `release` or `abort`."""

    def __init__(self, home: Home, place: object) -> None:
        self.place = place
        self.status = 0
        self.headers: Headers = []
        """As they came; names in lower case."""
        self.whole = False
        """Whether the answer has come to its end; what was not taken yet is still there."""
        self._home = home
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._asking = False
        self._leaving = False
        self._wants_head = False
        self._has_head = False
        self._expects_body = True
        self._silent = True
        self._reusable = False
        self._problem: BaseException | None = None
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._header_bytes = 0
        self._reading = True
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    # --- what its user says ---------------------------------------------------------------------------------

    def send(self, head: bytes, body: bytes | None, *, expects_body: bool = True) -> None:
        """Send a request: the head without its end, and the body, if it has one. Only `HEAD` expects none back."""
        transport = self._begin()
        self._expects_body = expects_body
        if body is None:
            transport.write(head + b"\r\n")
        elif len(body) < _JOINED_UP_TO:
            transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        else:
            transport.writelines((b"%bcontent-length: %d\r\n\r\n" % (head, len(body)), body))

    async def send_slowly(self, head: bytes, body: Parcel) -> None:
        """The same for a large body, piece by piece: as one write, it would hold up everybody else."""
        transport = self._begin()
        self._expects_body = True
        transport.write(b"%bcontent-length: %d\r\n\r\n" % (head, body.size))
        async for piece in body.pieces():
            if self._transport is None or self._has_head:
                return  # it is gone, or has answered already: it will not read the rest
            transport.write(piece)
            if self._writable is not None:
                await self._writable
            else:
                await asyncio.sleep(0)

    async def head(self, limit_s: float) -> None:
        """Wait until status and headers are there."""
        if not self._has_head:
            self._wants_head = True
            try:
                await self._wait(limit_s)
            finally:
                self._wants_head = False

    def take(self) -> bytes:
        """What has come since the last look; empty when nothing has."""
        chunks = self._chunks
        if not chunks:
            return b""
        self._chunks, self._waiting = [], 0
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def more(self, limit_s: float) -> None:
        """Wait for more of the answer, or its end. Silence that lasts too long is a `TimeoutError`."""
        if not self._chunks and not self.whole:
            await self._wait(limit_s)

    def release(self) -> None:
        """The user has all it wants of an answer that is over, but for perhaps the last bytes of its framing."""
        self._asking = False
        if self.whole:
            self._go_home()
        else:
            self._leaving = True
            self._arm(_LAST_BYTES_LIMIT_S)
            self.take()

    def abort(self) -> None:
        """Hang up, so that the provider stops generating."""
        self._asking = False
        self._close(Broken("we hung up"))

    # --- what the transport says ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._silent = False
        if not self._asking and not self._leaving:
            self._close(Broken("it spoke without being asked"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._close(self._problem or Broken(f"what it says is not HTTP ({error})"))
            return
        if not self._has_head:
            # The parser tells of a header when it is whole, and keeps what comes of it until then.
            self._header_bytes += len(data)
            if self._header_bytes > _MOST_HEADER_BYTES:
                self._close(Broken(f"it sent more than {_MOST_HEADER_BYTES >> 10} kB of headers"))
                return
        waiter = self._waiter
        if waiter is not None and (self._chunks or self.whole or (self._wants_head and self._has_head)):
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and self._has_head and not self.whole and not self._is_framed():
            self.whole = True  # the end of the connection is the end of the answer
        if self._silent:
            self._close(Stale("it closed the connection without an answer"))
        else:
            self._close(Broken(str(exc) if exc else "the connection was closed"))

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    # --- what the parser says -------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []  # "early hints" and the like: the answer is still to come
        else:
            self.status, self._has_head = status, True
            self.whole = not self._expects_body  # what the parser waits for now never comes: no request follows here

    def on_body(self, body: bytes) -> None:
        self._waiting += len(body)
        if self._leaving:
            if self._waiting > _MOST_LEFT_OVER:
                self._problem = Broken("it went on after the end")
                raise self._problem
            return
        self._chunks.append(body)
        if self._waiting > _MOST_WAITING and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if not self._has_head:
            return
        self.whole = True
        self._reusable = self._parser.should_keep_alive()
        if self._leaving:
            self._go_home()

    # --- below ----------------------------------------------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """Whether it can take a request."""
        return self._transport is not None and not self._transport.is_closing() and self._silent

    def _begin(self) -> asyncio.Transport:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Stale("the connection was closed")
        self.status, self.headers, self.whole = 0, [], False
        self._asking, self._has_head, self._reusable, self._header_bytes = True, False, False, 0
        return transport

    async def _wait(self, limit_s: float) -> None:
        if self._transport is None:
            raise self._problem or Broken("the connection was closed")
        self._arm(limit_s)
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None
            self._due = math.inf

    def _is_framed(self) -> bool:
        return any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)

    def _go_home(self) -> None:
        self._leaving = False
        if not self._reusable or self._transport is None or self._transport.is_closing():
            self._close(Broken("the provider wants no more requests here"))
            return
        self._chunks, self._waiting = [], 0
        self.headers = []
        self._silent = True
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()
        self._arm(_IDLE_LIMIT_S)
        self._home.take_back(self)

    def _arm(self, limit_s: float) -> None:
        # The timer of the last wait mostly serves for this one, too: it looks again when it goes off too early.
        due = self._due = self._loop.time() + limit_s
        if due < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._timer_at = self._loop.call_at(due, self._look), due

    def _look(self) -> None:
        self._timer, self._timer_at = None, math.inf
        if self._due is math.inf:
            return
        left = self._due - self._loop.time()
        if left > 0.001:
            self._arm(left)
        elif self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_exception(TimeoutError())
        else:
            self._close(Broken("idle for too long"))

    def _close(self, problem: BaseException) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
            self._home.forget(self)
        self._problem = self._problem or problem
        self._leaving = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_at = None, math.inf
        waiter, writable = self._waiter, self._writable
        if waiter is not None and not waiter.done():
            if self.whole or self._chunks:
                waiter.set_result(None)
            else:
                waiter.set_exception(self._problem)
        if writable is not None and not writable.done():
            writable.set_result(None)
