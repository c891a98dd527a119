"""The exact response cache: the same question to the same release by the same key gets the same answer, at once.

The key is complete by construction: who asks in which dialect, what answers (release, or provider and model), and every parameter and
message of the body. An entry is the very bytes of an answer that came to its proper end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from quarterdeck.core import clock
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.cache_store import CacheStore, Entry
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.recording import cost_of
from quarterdeck.gateway.stored_answer import Stored, span_of_hit
from quarterdeck.gateway.wishes import ANY_CACHE, CacheWishes
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work

__all__ = ["CachePlace", "CacheStatus", "Entry", "KeyScope", "ResponseCache", "Stored", "key_parts", "span_of_hit"]

CacheStatus = Literal["hit", "miss", "off"]
KeyScope = Literal["key", "project"]
"""Who shares answers: every key its own, or all keys of a project."""

_SECOND_NS = 1_000_000_000
# They name or measure the request and do not change its answer.
_NO_PART_OF_THE_QUESTION = ("model", "metadata", "stream_options")
# What a request means by leaving it out.
_DEFAULTS: Mapping[str, object] = {"n": 1, "tools": [], "stop": [], "logprobs": False, "store": False}


class ResponseCache:
    """Finds and keeps answers as each request wishes."""

    def __init__(self, store: CacheStore, *, enabled: bool, ttl_s: int, scope: KeyScope = "key") -> None:
        self.store = store
        self.enabled = enabled
        self.ttl_s = ttl_s
        self.scope: KeyScope = scope

    async def place(
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
        if not self.enabled or not (wishes.reads or wishes.keeps):
            return CachePlace(self, None, None)
        if _asks_for_variety(request) and not wishes.wanted:
            return CachePlace(self, None, None)
        spoken = [dialect.name, *(headers.get(name, b"").decode("latin-1") for name in dialect.forwarded_headers)]
        whose = work.actor.id if self.scope == "key" else ""
        parts = key_parts(work, target, request, asked.body, spoken, whose=whose, namespace=wishes.namespace)
        key = hashlib.sha256(msgspec.json.encode(parts, order="sorted")).digest()
        entry = await self.store.get(key) if wishes.reads else None
        if entry is not None and wishes.oldest_s is not None and age_s(entry) >= wishes.oldest_s:
            entry = None
        name = target.name if isinstance(target, Application) else target.id
        return CachePlace(self, key, entry, wishes, name)

    def put(
        self,
        key: bytes,
        blocks: Sequence[bytes],
        ending: bytes,
        spans: Sequence[Span],
        wishes: CacheWishes,
        target: str,
    ) -> None:
        """Keep an answer."""
        root = msgspec.structs.replace(spans[-1], input=None)
        size = sum(map(len, blocks)) + len(ending) + len(msgspec.msgpack.encode(root))
        now = clock.monotonic_ns()
        keep_s = self.ttl_s if wishes.keep_s is None else wishes.keep_s
        content, expires_ns = b"".join(blocks), now + keep_s * _SECOND_NS
        entry = Entry(content, ending, root, cost_of(spans), size, expires_ns, now, wishes.namespace, target)
        self.store.put(key, entry)


class CachePlace:
    """Where one request stands in the cache."""

    def __init__(
        self,
        cache: ResponseCache,
        key: bytes | None,
        entry: Entry | None,
        wishes: CacheWishes = ANY_CACHE,
        target: str = "",
    ) -> None:
        self._cache = cache
        self._key = key
        self._entry = entry
        self._wishes = wishes
        self._target = target

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
        return [] if self._keeps else _Nowhere()

    def keep(self, answer: Answer, blocks: Sequence[bytes], spans: Sequence[Span]) -> None:
        """Put an answer there, if it came to its proper end and is not from there."""
        if self._key is not None and self._keeps and answer.complete and spans:
            self._cache.put(self._key, blocks, answer.ending, spans, self._wishes, self._target)

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What the client is told beside the status: how old an answer is that is given again, in seconds."""
        return () if self._entry is None else [(b"age", str(age_s(self._entry)).encode())]

    @property
    def _keeps(self) -> bool:
        return self._key is not None and self._entry is None and self._wishes.keeps


def age_s(entry: Entry) -> int:
    """How long ago an answer was new."""
    return max(0, clock.monotonic_ns() - entry.kept_ns) // _SECOND_NS


class _Nowhere(list[bytes]):
    """A basket without a bottom: what nobody will keep is not gathered."""

    def append(self, _block: bytes) -> None:
        return None


def key_parts(
    work: Work,
    target: Application | Route,
    request: ChatRequest,
    body: bytes,
    spoken: Sequence[str],
    *,
    whose: str | None = None,
    namespace: str = "",
) -> list[Any]:
    """All that decides an answer: the project, who asks, what answers, in which dialect, and the whole question.

    Any: JSON. The semantic cache builds its scope from the same parts, so what is added here counts there, too.
    """
    asked: dict[str, Any] = msgspec.json.decode(body)  # Any: JSON
    for name in _NO_PART_OF_THE_QUESTION:
        asked.pop(name, None)
    asked = {
        name: value
        for name, value in asked.items()
        if value is not None and not (name in _DEFAULTS and value == _DEFAULTS[name])
    }
    if isinstance(messages := asked.get("messages"), list):
        asked["messages"] = [_plain(message) for message in messages]
    asked["stream"] = bool(request.stream) and [(request.stream_options or {}).get("include_usage")]
    answers = ["release", target.name, target.release_id] if isinstance(target, Application) else list(target.identity)
    who = work.actor.id if whose is None else whose
    return [work.project_id, who, answers, [*spoken, *([namespace] if namespace else [])], asked]


def _plain(message: Any) -> Any:  # Any: JSON
    """A message without what says nothing: absent fields, and the wrapping of a content that is one text."""
    if not isinstance(message, dict):
        return message
    said = {name: value for name, value in message.items() if value is not None}
    content = said.get("content")
    part = content[0] if isinstance(content, list) and len(content) == 1 else None
    if isinstance(part, dict) and part.keys() == {"type", "text"} and part["type"] == "text":
        said["content"] = part["text"]
    return said


def _asks_for_variety(request: ChatRequest) -> bool:
    """Whether the same request is meant to get different answers: drawn at a temperature, or several at once."""
    drawn = request.temperature is not None and request.temperature > 0 and request.seed is None
    return drawn or (request.n or 1) > 1
