"""Requests that must not happen twice: one `Idempotency-Key`, one call, however often a client asks.

The first request with a key is carried out to its end even if its client hangs up: whoever comes back with the key gets
that answer, from its first byte on, while it is still being given or afterwards. So a retry after a broken connection costs
nothing. Answers are kept in the memory of this process, for as long and as many as said here.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.core import clock
from quarterdeck.core.errors import Conflict, InvalidInput
from quarterdeck.gateway.exchange import Exchange, Receive, Scope, Send
from quarterdeck.runtime.work import Actor

log = logging.getLogger(__name__)

HEADER = b"idempotency-key"
KEPT_FOR_S = 24 * 3600
MOST_BYTES = 64 * 1024 * 1024
MOST_ENTRIES = 10_000
LARGEST = 4 * 1024 * 1024
_LONGEST_KEY = 255
# After these a client is meant to try again, and then it shall really be tried.
_FORGOTTEN = {408, 409, 425, 429}

Message = MutableMapping[str, Any]  # Any: ASGI says so
Serve = Callable[[Scope, Receive, Send], Awaitable[None]]


class KeyReused(InvalidInput):
    """This idempotency key belongs to another request. Use a new key for a new request."""

    status = 422
    code = "idempotency_key_reused"


@dataclass
class _Entry:
    """One answer, being given or kept."""

    fingerprint: bytes
    expires_ns: int
    messages: list[Message] = field(default_factory=list)
    size: int = 0
    status: int = 0
    done: bool = False
    whole: bool = False
    """Whether all of it was given."""
    dropped: bool = False
    """Whether it was too large to be kept."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Wake up whoever waits for more."""
        news, self.news = self.news, asyncio.Event()
        news.set()


class Repeats:
    """The answers of one process by the keys of their requests."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, largest: int = LARGEST) -> None:
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._most_bytes = most_bytes
        self._largest = largest
        self._bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(
        self, serve: Serve, scope: Scope, exchange: Exchange, actor: Actor, send: Send, body_limit: int
    ) -> None:
        """Answer a request that has a key: by doing it, or with the answer that its first time got."""
        key = exchange.headers[HEADER]
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise InvalidInput(f"`Idempotency-Key` has 1 to {_LONGEST_KEY} characters.", param="Idempotency-Key")
        body = await exchange.body(body_limit)
        place = _digest(actor.project_id.encode(), actor.id.encode(), exchange.path.encode(), key)
        fingerprint = _digest(exchange.query, body)
        entry = self._find(place)
        repeated = entry is not None
        if entry is None:
            entry = self._entries[place] = _Entry(fingerprint, clock.monotonic_ns() + KEPT_FOR_S * 1_000_000_000)
            self._begin(serve, scope, exchange, body, place, entry)
        elif entry.fingerprint != fingerprint:
            raise KeyReused()
        elif entry.dropped:
            raise Conflict(
                "This request was carried out before, and its answer was too large to be kept. Its trace has it; for another "
                "answer use a new key."
            )
        await self._relay(entry, exchange, send, repeated=repeated)

    def _find(self, place: bytes) -> _Entry | None:
        now = clock.monotonic_ns()
        while self._entries and (oldest := next(iter(self._entries.values()))).done and oldest.expires_ns <= now:
            self._forget(next(iter(self._entries)))
        return self._entries.get(place)

    def _begin(self, serve: Serve, scope: Scope, exchange: Exchange, body: bytes, place: bytes, entry: _Entry) -> None:
        inner = {
            **scope,
            "headers": [(name, value) for name, value in scope["headers"] if name != HEADER],
            "quarterdeck.body": lambda: body,
            "quarterdeck.request_id": exchange.request_id,
        }
        task = asyncio.create_task(self._carry_out(serve, inner, place, entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, serve: Serve, scope: Scope, place: bytes, entry: _Entry) -> None:
        async def never() -> Message:
            await asyncio.Event().wait()  # this client never hangs up
            return {"type": "http.disconnect"}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            else:
                entry.size += len(message.get("body", b""))
                entry.whole = not message.get("more_body", False)
            entry.messages.append(message)
            entry.tell()

        try:
            await serve(scope, never, keep)
        finally:
            entry.done = True
            self._settle(place, entry)
            entry.tell()

    def _settle(self, place: bytes, entry: _Entry) -> None:
        """Keep what may be given again; forget what is to be tried again; note what is too large."""
        if not entry.whole or entry.status >= 500 or entry.status in _FORGOTTEN:
            self._entries.pop(place, None)
            return
        if entry.size > self._largest:
            entry.dropped = True
            return
        self._bytes += entry.size
        while self._bytes > self._most_bytes or len(self._entries) > MOST_ENTRIES:
            finished = next((key for key, one in self._entries.items() if one.done and key != place), None)
            if finished is None:
                return
            self._forget(finished)

    def _forget(self, place: bytes) -> None:
        entry = self._entries.pop(place)
        self._bytes -= 0 if entry.dropped else entry.size

    async def _relay(self, entry: _Entry, exchange: Exchange, send: Send, *, repeated: bool) -> None:
        given = 0
        exchange.watch()
        while True:
            while given < len(entry.messages):
                message = entry.messages[given]
                given += 1
                if message["type"] == "http.response.start":
                    exchange.responding = True
                    extra = [(b"idempotent-replayed", b"true")] if repeated else []
                    message = {**message, "headers": [*message["headers"], *extra]}
                await send(message)
            if entry.done:
                return
            news = entry.news
            if given == len(entry.messages):
                await news.wait()


def _digest(*parts: bytes) -> bytes:
    # Lengths first, so that no two lists of parts run together into the same bytes.
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
