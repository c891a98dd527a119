"""Sums the spans of a trace up into one row, and finds the model calls that count.

Frameworks report one call several times: an agent repeats the usage of its calls, two instrumentations both see one
request. Tokens and money are therefore summed over *counted calls* only: `llm` and `embedding` spans with no such span
below them that reports usage itself, one for each response id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from quarterdeck.observability.previews import preview
from quarterdeck.runtime.tracing import Span

T = TypeVar("T")

CALL_KINDS = ("llm", "embedding")
MOST = 2**63 - 1


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A span without its payload: the typed columns, all that lists and sums need."""

    project_id: str
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    start_ns: int
    end_ns: int
    first_token_ns: int | None
    status: str
    status_message: str | None
    service: str | None
    app: str | None
    release_id: str | None
    model: str | None
    provider: str | None
    api_key_id: str | None
    user_id: str | None
    session_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    cost_pico: int | None
    price_id: str | None
    unpriced: bool
    provided_cost_pico: int | None
    cached: bool
    saved_pico: int | None
    saved_ns: int | None
    """Of an answer from the cache: how much sooner it was there than the first time."""
    declined: bool | None
    response_id: str | None
    input_preview: str
    output_preview: str
    team: str | None = None
    environment: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    tags: Sequence[str] | None = None
    metadata: Mapping[str, str] | None = None

    @property
    def has_usage(self) -> bool:
        """Whether this span says what it took."""
        return self.cost_pico is not None or bool(self.input_tokens) or bool(self.output_tokens)


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A trace in one row: its root span, and the sums over its counted calls."""

    project_id: str
    trace_id: str
    start_ns: int
    first_ns: int
    """The earliest start of any span: earlier than the root's when clocks disagree."""
    last_ns: int
    name: str
    latency_ns: int
    ttft_ns: int | None
    status: str
    service: str | None
    app: str | None
    release_id: str | None
    model: str | None
    provider: str | None
    user_id: str | None
    session_id: str | None
    spans: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost_pico: int | None
    saved_pico: int
    saved_ns: int
    unpriced: bool
    cached: bool
    declined: bool | None
    input_preview: str
    output_preview: str
    team: str | None = None
    environment: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    tags: Sequence[str] | None = None
    metadata: Mapping[str, str] | None = None
    api_key_id: str | None = None


def to_row(span: Span) -> SpanRow:
    """The columns of a span, with its previews."""
    response_id = span.attributes.get("gen_ai.response.id")
    columns = {name: getattr(span, name) for name in _SPAN_COLUMNS}
    return SpanRow(
        **columns,
        saved_ns=_saved_ns(span),
        response_id=response_id if isinstance(response_id, str) else None,
        input_preview=preview(span.input),
        output_preview=preview(span.output),
    )


def _saved_ns(span: Span) -> int | None:
    took_ms = span.attributes.get("quarterdeck.cache.saved_ms")
    if not span.cached or not isinstance(took_ms, int | float) or not 0 <= took_ms < _MOST_MS:
        return None
    return max(0, int(took_ms * 1e6) - (span.end_ns - span.start_ns))


_MOST_MS = 1e9
_SPAN_COLUMNS = tuple(name for name in SpanRow.__struct_fields__ if name in Span.__struct_fields__)


def roll_up(spans: Sequence[SpanRow]) -> tuple[TraceRow, list[SpanRow]]:
    """The row of a trace, and its counted calls. `spans` are all of its spans, in any order, at least one."""
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.end_ns, span.span_id))
    by_id = {span.span_id: span for span in ordered}
    root = _root(ordered, by_id)
    calls = counted_calls(ordered, by_id)
    called = _model_of_answer(calls, root)
    paid = [call for call in calls if not call.cached]
    costs = [call.cost_pico for call in paid if call.cost_pico is not None]
    unpriced = any(call.unpriced for call in paid)
    first_token = root.first_token_ns or min(
        (call.first_token_ns for call in calls if call.first_token_ns), default=None
    )
    hits = [call for call in calls if call.cached] or [root]
    row = TraceRow(
        project_id=root.project_id,
        trace_id=root.trace_id,
        start_ns=root.start_ns,
        first_ns=ordered[0].start_ns,
        last_ns=max(span.start_ns for span in ordered),
        name=root.name,
        latency_ns=max(0, root.end_ns - root.start_ns),
        ttft_ns=max(0, first_token - root.start_ns) if first_token is not None else None,
        status=root.status,
        service=_first(ordered, root, lambda span: span.service),
        app=_first(ordered, root, lambda span: span.app),
        release_id=_first(ordered, root, lambda span: span.release_id),
        model=called.model,
        provider=called.provider,
        user_id=_first(ordered, root, lambda span: span.user_id),
        session_id=_first(ordered, root, lambda span: span.session_id),
        spans=len(ordered),
        calls=len(calls),
        input_tokens=_sum(call.input_tokens for call in paid),
        output_tokens=_sum(call.output_tokens for call in paid),
        # Nothing known of the price is None, never 0; a part known is that part, and `unpriced` says so.
        cost_pico=None if unpriced and not costs else _sum(costs),
        saved_pico=_sum(hit.saved_pico for hit in hits),
        saved_ns=_sum(hit.saved_ns for hit in hits),
        unpriced=unpriced,
        cached=root.cached or any(call.cached for call in calls),
        declined=_first(ordered, root, lambda span: span.declined),
        input_preview=root.input_preview or called.input_preview,
        output_preview=root.output_preview or called.output_preview,
        team=_first(ordered, root, lambda span: span.team),
        environment=_first(ordered, root, lambda span: span.environment),
        prompt=_first(ordered, root, lambda span: span.prompt),
        prompt_version=_first(ordered, root, lambda span: span.prompt_version),
        tags=_first(ordered, root, lambda span: span.tags or None),
        metadata=_first(ordered, root, lambda span: span.metadata or None),
        api_key_id=_first(ordered, root, lambda span: span.api_key_id),
    )
    return row, calls


def counted_calls(ordered: Sequence[SpanRow], by_id: Mapping[str, SpanRow]) -> list[SpanRow]:
    """The model calls that count, each once, in order of start."""
    candidates = [span for span in ordered if span.kind in CALL_KINDS]
    repeating: set[str] = set()
    for span in candidates:
        if span.has_usage:
            repeating.update(_ancestors(span, by_id))
    counted: dict[str, SpanRow] = {}
    for span in candidates:
        if span.span_id in repeating:
            continue
        call = span.response_id or span.span_id
        if call not in counted or (span.has_usage and not counted[call].has_usage):
            counted[call] = span
    return list(counted.values())


def _ancestors(span: SpanRow, by_id: Mapping[str, SpanRow]) -> Iterable[str]:
    visited = {span.span_id}
    while span.parent_id is not None and span.parent_id not in visited and span.parent_id in by_id:
        visited.add(span.parent_id)
        yield span.parent_id
        span = by_id[span.parent_id]


def _root(ordered: Sequence[SpanRow], by_id: Mapping[str, SpanRow]) -> SpanRow:
    """The span without a parent; else the earliest whose parent is not here (yet); else, in a circle, the earliest."""
    for span in ordered:
        if span.parent_id is None:
            return span
    return next((span for span in ordered if span.parent_id not in by_id), ordered[0])


def _model_of_answer(calls: Sequence[SpanRow], root: SpanRow) -> SpanRow:
    """The call that a trace is known by: the first language-model call that went well."""
    for call in calls:
        if call.kind == "llm" and call.status == "ok":
            return call
    return calls[0] if calls else root


def _sum(numbers: Iterable[int | None]) -> int:
    # A store counts in 64 bits. A client may claim what it likes, and must not stop the spans behind it.
    return min(sum(number or 0 for number in numbers), MOST)


def _first(ordered: Sequence[SpanRow], root: SpanRow, column: Callable[[SpanRow], T | None]) -> T | None:
    """What the root says; else what the earliest span says that says anything."""
    if (value := column(root)) is not None:
        return value
    return next((found for span in ordered if (found := column(span)) is not None), None)
