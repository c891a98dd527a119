"""Spans for tests: say what matters, the rest is plausible."""

from __future__ import annotations

from typing import Any

from quarterdeck.core import ids
from quarterdeck.runtime.tracing import Span

T0 = 1_767_225_600_000_000_000
"""2026-01-01 in nanoseconds."""
MS = 1_000_000


def span(trace_id: str | None = None, *, at_ms: float = 0, takes_ms: float = 100, **fields: Any) -> Span:
    """One finished span."""
    start_ns = T0 + int(at_ms * MS)
    defaults: dict[str, Any] = {"project_id": "prj_a", "name": "chat", "kind": "other", "span_id": ids.new_span_id()}
    return Span(
        trace_id=trace_id or ids.new_trace_id(),
        start_ns=start_ns,
        end_ns=start_ns + int(takes_ms * MS),
        **{**defaults, **fields},
    )


def answered(at_ms: float = 0, **fields: Any) -> list[Span]:
    """The spans of one answer of an app: a root, and the model call below it."""
    question = fields.pop("question", "How much leave do I get?")
    app = span(
        at_ms=at_ms, name="policy-bot", kind="app", app="policy-bot", release_id="rel_1", input=question, **fields
    )
    llm = span(
        app.trace_id,
        project_id=app.project_id,
        at_ms=at_ms + 10,
        takes_ms=80,
        name="chat gpt-4o-mini",
        kind="llm",
        parent_id=app.span_id,
        model="gpt-4o-mini",
        provider="openai",
        input_tokens=100,
        output_tokens=20,
        cost_pico=27_000_000,
        first_token_ns=T0 + int((at_ms + 40) * MS),
        input=[{"role": "user", "content": question}],
        output="Thirty days [1].",
    )
    return [llm, app]
