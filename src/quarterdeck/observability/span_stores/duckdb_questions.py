"""What the embedded span store is asked of traces: lists, counts, the histogram, one trace with its spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from quarterdeck.core.clock import iso_from_ns
from quarterdeck.core.money import to_usd
from quarterdeck.observability.records import (
    Histogram,
    HistogramBucket,
    TraceFilter,
    TraceSummary,
)
from quarterdeck.observability.span_store import TraceKey
from quarterdeck.observability.span_stores import duckdb_tables as tables
from quarterdeck.observability.span_stores.duckdb_filter import condition
from quarterdeck.runtime.tracing import Span

Ask = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]  # Any: a row has the types that its SQL gives it


def traces(
    ask: Ask, where: TraceFilter, *, limit: int, after: TraceKey | None
) -> tuple[list[TraceSummary], TraceKey | None]:
    """The newest traces that match, from below a key."""
    matches, parameters = condition(where)
    if after is not None:
        matches += " AND (start_ns < ? OR (start_ns = ? AND traces.trace_id < ?::UUID))"
        parameters += [after[0], *after]
    rows = ask(
        f"SELECT {tables.select('traces')} FROM traces WHERE {matches}"
        " ORDER BY start_ns DESC, traces.trace_id DESC LIMIT ?",
        [*parameters, limit + 1],
    )
    page = [dict(zip(tables.TRACES, row, strict=True)) for row in rows[:limit]]
    more = (page[-1]["start_ns"], page[-1]["trace_id"]) if len(rows) > limit else None
    return [_summary(row) for row in page], more


def count(ask: Ask, where: TraceFilter) -> int:
    """How many traces match."""
    matches, parameters = condition(where)
    return int(ask(f"SELECT count(*) FROM traces WHERE {matches}", parameters)[0][0])


def summary(ask: Ask, project_id: str, trace_id: str) -> TraceSummary | None:
    """The row of one trace."""
    rows = ask(
        f"SELECT {tables.select('traces')} FROM traces WHERE project_id = ? AND traces.trace_id = ?::UUID",
        [project_id, trace_id],
    )
    return _summary(dict(zip(tables.TRACES, rows[0], strict=True))) if rows else None


def spans(ask: Ask, project_id: str, trace_id: str) -> list[Span]:
    """All spans of a trace with their payloads. The trace's row says when it was, so that old data is not looked at."""
    times = ask(
        "SELECT first_ns, last_ns FROM traces WHERE project_id = ? AND trace_id = ?::UUID", [project_id, trace_id]
    )
    if not times:
        return []
    parameters: list[object] = [project_id, trace_id, *times[0]]
    rows, payloads = (
        ask(
            f"SELECT {tables.select(table)} FROM {table} WHERE project_id = ? AND {table}.trace_id = ?::UUID"
            f" AND start_ns BETWEEN ? AND ? ORDER BY start_ns, {table}.span_id",
            parameters,
        )
        for table in ("spans", "payloads")
    )
    # Both tables have one row a span, and here the same order.
    return [
        _span(dict(zip(tables.SPANS, row, strict=True)), dict(zip(tables.PAYLOADS, payload, strict=True)))
        for row, payload in zip(rows, payloads, strict=True)
    ]


def histogram(ask: Ask, where: TraceFilter, *, buckets: int) -> Histogram:
    """Traces by time in equal buckets."""
    matches, parameters = condition(where)
    from_ns, to_ns = where.from_ns, where.to_ns
    if from_ns is None or to_ns is None:
        first, last = ask(f"SELECT min(start_ns), max(start_ns) FROM traces WHERE {matches}", parameters)[0]
        if first is None:
            return Histogram(bucket_s=0.0, buckets=[])
        from_ns, to_ns = from_ns or first, to_ns or last + 1
    width = max(1, -(-(to_ns - from_ns) // buckets))
    counts = dict.fromkeys(range(buckets), (0, 0))
    for bucket, ok, error in ask(
        "SELECT (start_ns - ?) // ? AS bucket, count(*) FILTER (status <> 'error'), count(*) FILTER (status = 'error')"
        f" FROM traces WHERE {matches} GROUP BY bucket",
        [from_ns, width, *parameters],
    ):
        counts[min(bucket, buckets - 1)] = (ok, error)
    return Histogram(
        bucket_s=width / 1e9,
        buckets=[HistogramBucket(iso_from_ns(from_ns + i * width), ok, error) for i, (ok, error) in counts.items()],
    )


def _summary(row: dict[str, Any]) -> TraceSummary:
    return TraceSummary(
        trace_id=row["trace_id"],
        name=row["name"],
        started_at=iso_from_ns(row["start_ns"]),
        latency_ms=row["latency_ns"] / 1e6,
        ttft_ms=None if row["ttft_ns"] is None else row["ttft_ns"] / 1e6,
        status=row["status"],
        app=row["app"],
        model=row["model"],
        provider=row["provider"],
        release_id=row["release_id"],
        service=row["service"],
        user_id=row["user_id"],
        session_id=row["session_id"],
        team=row["team"],
        environment=row["environment"],
        prompt=row["prompt"],
        prompt_version=row["prompt_version"],
        tags=row["tags"] or [],
        metadata=row["metadata"] or {},
        api_key_id=row["api_key_id"],
        spans=row["spans"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_usd=to_usd(row["cost_pico"]),
        unpriced=row["unpriced"],
        cached=row["cached"],
        input_preview=row["input_preview"],
        output_preview=row["output_preview"],
        declined=row["declined"],
    )


def _span(row: dict[str, Any], payload: dict[str, Any]) -> Span:
    columns = {name: value for name, value in row.items() if name in Span.__struct_fields__ and value is not None}
    contents = {name: msgspec.json.decode(payload[name]) for name in _CONTENTS if payload[name] is not None}
    return msgspec.convert({**columns, **contents}, Span)


_CONTENTS = ("input", "output", "attributes", "cost_lines")
