"""The exact response cache: the same question to the same release by the same key gets the same answer, at once.

The key is complete by construction: who asks in which dialect, what answers (release, or provider and model), and every parameter and
message of the body. An entry is the very bytes of an answer that came to its proper end.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from quarterdeck.core import clock
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.recorded import recorded
from quarterdeck.gateway.recording import cost_of
from quarterdeck.runtime.tracing import ActiveSpan, Span
from quarterdeck.runtime.work import Work

CacheStatus = Literal["hit", "miss", "off"]

_MOST_BYTES = 64 * 1024 * 1024
_LARGEST_ENTRY = 1024 * 1024
# They name or measure the request and do not change its answer.
_NO_PART_OF_THE_QUESTION = ("model", "metadata", "stream_options")


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished answer: its bytes, the root span it left, and what it cost."""

    content: bytes
    ending: bytes
    root: Span
    cost_pico: int | None
    size: int
    expires_ns: int


class ResponseCache:
    """Answers in memory, the least recently used ones dropped first; neither count nor bytes grow without bound."""

    def __init__(self, *, enabled: bool, ttl_s: int, most_bytes: int = _MOST_BYTES) -> None:
        self._enabled = enabled
        self._ttl_ns = ttl_s * 1_000_000_000
        self._most_bytes = most_bytes
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._bytes = 0

    def place(
        self,
        work: Work,
        target: Application | Route,
        dialect: Dialect,
        asked: Asked,
        headers: Mapping[bytes, bytes],
        envelope: Envelope,
    ) -> CachePlace:
        """The place of a request in the cache: perhaps an answer is there, perhaps one may be put there."""
        wishes, request = envelope.cache, asked.request
        if not self._enabled or not wishes.keeps or _asks_for_variety(request):
            return CachePlace(self, None, None)
        spoken = [dialect.name, *(headers.get(name, b"").decode("latin-1") for name in dialect.forwarded_headers)]
        key = _key(work, target, request, asked.body, spoken)
        return CachePlace(self, key, self._find(key) if wishes.reads else None)

    def put(self, key: bytes, blocks: Sequence[bytes], ending: bytes, spans: Sequence[Span]) -> None:
        """Keep an answer, and make room for it."""
        root = msgspec.structs.replace(spans[-1], input=None)
        size = sum(map(len, blocks)) + len(ending) + len(msgspec.msgpack.encode(root))
        if size > _LARGEST_ENTRY:
            return
        self._drop(key)
        expires_ns = clock.monotonic_ns() + self._ttl_ns
        entry = Entry(b"".join(blocks), ending, root, cost_of(spans), size, expires_ns)
        self._entries[key] = entry
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def _find(self, key: bytes) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_ns <= clock.monotonic_ns():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size


class CachePlace:
    """Where one request stands in the cache."""

    def __init__(self, cache: ResponseCache, key: bytes | None, entry: Entry | None) -> None:
        self._cache = cache
        self._key = key
        self._entry = entry

    @property
    def status(self) -> CacheStatus:
        if self._key is None:
            return "off"
        return "miss" if self._entry is None else "hit"

    def stored_answer(self, work: Work, request: ChatRequest) -> Answer | None:
        """The answer that is there, ready to be given again."""
        return None if self._entry is None else Stored(work, request, self._entry)

    def basket(self) -> list[bytes]:
        """Where to gather the blocks of a stream, for `keep`."""
        return [] if self._key is not None and self._entry is None else _Nowhere()

    def keep(self, answer: Answer, blocks: Sequence[bytes], spans: Sequence[Span]) -> None:
        """Put an answer there, if it came to its proper end and is not from there."""
        if self._key is not None and self._entry is None and answer.complete and spans:
            self._cache.put(self._key, blocks, answer.ending, spans)

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What the client is told beside the status."""
        return ()


class Stored(Answer):
    """An answer given again: the same bytes, a span of its own, no model called."""

    def __init__(self, work: Work, request: ChatRequest, entry: Entry) -> None:
        self.complete = True
        self.ending = entry.ending
        self._entry = entry
        self._span: ActiveSpan | None = span_of_hit(work, request, entry)

    async def events(self) -> AsyncGenerator[bytes, None]:
        if self._span is not None:
            self._span.first_token()
        yield self._entry.content

    async def body(self) -> bytes:
        return self._entry.content

    def settle(self, error: BaseException | None = None) -> None:
        if self._span is not None:
            if error is not None:
                self._span.fail(error)
            self._span.end()
            self._span = None

    async def close(self) -> None:
        return None


class _Nowhere(list[bytes]):
    """A basket without a bottom: what nobody will keep is not gathered."""

    def append(self, _block: bytes) -> None:
        return None


def key_parts(
    work: Work, target: Application | Route, request: ChatRequest, body: bytes, spoken: Sequence[str]
) -> list[Any]:
    """All that decides an answer: the project, who asks, what answers, in which dialect, and the whole question.

    Any: JSON. The semantic cache builds its scope from the same parts, so what is added here counts there, too.
    """
    asked: dict[str, Any] = msgspec.json.decode(body)  # Any: JSON
    for name in _NO_PART_OF_THE_QUESTION:
        asked.pop(name, None)
    asked = {name: value for name, value in asked.items() if value is not None}
    asked["stream"] = bool(request.stream) and [(request.stream_options or {}).get("include_usage")]
    if isinstance(target, Application):
        answers = ["release", target.name, target.release_id]
    else:
        account = target.provider.account
        answers = ["route", target.id, account.kind, account.base_url]
    return [work.project_id, work.actor.id, answers, spoken, asked]


def _key(work: Work, target: Application | Route, request: ChatRequest, body: bytes, spoken: list[str]) -> bytes:
    parts = key_parts(work, target, request, body, spoken)
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).digest()


def _asks_for_variety(request: ChatRequest) -> bool:
    """Whether the same request is meant to get different answers: drawn at a temperature, or several at once."""
    drawn = request.temperature is not None and request.temperature > 0 and request.seed is None
    return drawn or (request.n or 1) > 1


def span_of_hit(work: Work, request: ChatRequest, entry: Entry) -> ActiveSpan:
    """The span of an answer that is given again: as the first one's, but for who asks, when, and what it costs."""
    root = entry.root
    span = work.start(root.name, root.kind)
    span.put(
        model=root.model,
        provider=root.provider,
        app=root.app,
        release_id=root.release_id,
        declined=root.declined,
        input=recorded(request.messages),
        output=root.output,
        cached=True,
        cost_pico=0,
        saved_pico=entry.cost_pico,
    )
    span.attributes.update(root.attributes)
    span.attributes["quarterdeck.cache.saved_ms"] = (root.end_ns - root.start_ns) / 1e6
    span.attributes["quarterdeck.cache.trace_id"] = root.trace_id
    return span
