"""The trace of one piece of work while it runs: a few spans in memory, frozen as they end.

Spans keep canonical columns for what we filter and sum, and OpenTelemetry GenAI attributes for everything else.
Token buckets follow OpenTelemetry: `input_tokens` includes cached ones, `output_tokens` includes reasoning.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quarterdeck.core import clock, ids

SpanKind = Literal["app", "chain", "agent", "llm", "retrieval", "prompt", "guardrail", "embedding", "tool", "other"]
Attribute = None | bool | int | float | str | list["Attribute"] | dict[str, "Attribute"]


class CostLine(msgspec.Struct, frozen=True):
    """One line of a bill: so many tokens of one kind at one price."""

    unit: str
    """`input`, `cache_read`, `cache_write`, `output`, …"""
    quantity: int
    price_pico: int
    """Pico-dollars a token."""
    cost_pico: int


class Span(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finished span: what the spool carries and the span store keeps."""

    project_id: str
    trace_id: str
    span_id: str
    parent_id: str | None = None
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    first_token_ns: int | None = None
    status: Literal["ok", "error"] = "ok"
    status_message: str | None = None
    service: str | None = None
    app: str | None = None
    release_id: str | None = None
    model: str | None = None
    provider: str | None = None
    api_key_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    team: str | None = None
    """The team of the key, never of what a client claims."""
    environment: str | None = None
    prompt: str | None = None
    """The prompt it was asked with, by name, and below its version: a number, or whatever a client calls it."""
    prompt_version: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    """Labels as the client gave them."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    usage_estimated: bool = False
    cost_pico: int | None = None
    cost_lines: tuple[CostLine, ...] = ()
    price_id: str | None = None
    unpriced: bool = False
    """Tokens were used, and no price is known for them."""
    provided_cost_pico: int | None = None
    """What the provider itself says that the call costs, beside our own bill."""
    cached: bool = False
    """Answered from our response cache; `saved_pico` is what the model would have cost."""
    saved_pico: int | None = None
    declined: bool | None = None
    # Any stands for `Attribute`, which refers to itself: msgspec cannot check such a type.
    input: Any = None
    output: Any = None
    attributes: dict[str, Any] = {}


class ActiveSpan:
    """A span that is still going on. Set its fields freely; `end` freezes it into its trace."""

    def __init__(self, trace: Trace, span_id: str, parent_id: str | None, name: str, kind: SpanKind) -> None:
        self._trace = trace
        self._ended = False
        self.span_id = span_id
        self.start_ns = clock.now_ns()
        self._started = clock.monotonic_ns()
        # Everything a `Span` has, by name; `put` adds to it. A dict because `Span(**fields)` freezes it in one go.
        self.fields: dict[str, object] = {"name": name, "kind": kind, "parent_id": parent_id}
        self.attributes: dict[str, Attribute] = {}

    def put(self, **fields: object) -> None:
        """Set columns of the span, by the field names of `Span`."""
        self.fields.update(fields)

    def first_token(self) -> None:
        """Note that the first piece of the answer is here; later calls change nothing."""
        if "first_token_ns" not in self.fields:
            self.fields["first_token_ns"] = self.now_ns()

    def fail(self, error: BaseException) -> None:
        """The span ended badly."""
        self.put(status="error", status_message=f"{type(error).__name__}: {error}")

    def around(self, name: str, kind: SpanKind) -> ActiveSpan:
        """A span around this one, begun when this began: for work that turns out to be a part of something."""
        parent_id = self.fields["parent_id"]
        outer = ActiveSpan(self._trace, ids.new_span_id(), None if parent_id is None else str(parent_id), name, kind)
        outer.start_ns, outer._started = self.start_ns, self._started
        self.put(parent_id=outer.span_id)
        return outer

    def now_ns(self) -> int:
        """This moment on the span's own time line: epoch nanoseconds that never run backwards."""
        return self.start_ns + clock.monotonic_ns() - self._started

    def end(self) -> None:
        """Freeze the span; a second call changes nothing."""
        if not self._ended:
            self._ended = True
            self._trace.keep(self)


class Trace:
    """The spans of one piece of work: its W3C trace id, and the finished spans in the order they ended."""

    def __init__(self, trace_id: str | None = None, parent_span_id: str | None = None) -> None:
        self.trace_id = trace_id or ids.new_trace_id()
        self.parent_span_id = parent_span_id
        """The caller's span, from its `traceparent`; our root hangs below it."""
        self.project_id = ""
        self.shared: dict[str, object] = {}
        """Columns that all its spans share: the key, the user, the session, the release."""
        self.remarks: dict[str, Attribute] = {}
        """Attributes for the root span, from whoever decides something about the whole before there is one."""
        self.omitted: tuple[str, ...] = ()
        """Columns that shall not be recorded: `input`, `output`, or both."""
        self.finished: list[Span] = []

    def start(self, name: str, kind: SpanKind, *, parent: ActiveSpan | None, project_id: str) -> ActiveSpan:
        """Start a span below `parent`, or a root."""
        self.project_id = project_id
        parent_id = parent.span_id if parent is not None else self.parent_span_id
        return ActiveSpan(self, ids.new_span_id(), parent_id, name, kind)

    def keep(self, active: ActiveSpan) -> None:
        """Called by a span when it ends."""
        if self.remarks and active.fields["parent_id"] == self.parent_span_id:
            active.attributes = {**self.remarks, **active.attributes}
        for name in self.omitted:
            active.fields.pop(name, None)
        self.finished.append(
            msgspec.convert(
                {
                    **self.shared,
                    "project_id": self.project_id,
                    "trace_id": self.trace_id,
                    "span_id": active.span_id,
                    "start_ns": active.start_ns,
                    "end_ns": active.now_ns(),
                    "attributes": active.attributes,
                    **active.fields,
                },
                Span,
            )
        )
