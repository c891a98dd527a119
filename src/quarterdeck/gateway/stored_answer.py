"""An answer given again: the same bytes, a span of its own, no model called."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.cache_store import Entry
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.recorded import recorded
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work


class Stored(Answer):
    """What the cache has."""

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
