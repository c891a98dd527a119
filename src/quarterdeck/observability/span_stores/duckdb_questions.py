"""What the embedded span store is asked: lists, counts, charts, one trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from quarterdeck.core.clock import iso_from_ns
from quarterdeck.core.money import PICO, to_usd
from quarterdeck.observability.records import (
    AppRow,
    CacheSavings,
    Histogram,
    HistogramBucket,
    ModelRow,
    Overview,
    Percentiles,
    SeriesPoint,
    TokenSums,
    TraceFilter,
    TraceSummary,
)
from quarterdeck.observability.span_store import TraceKey
from quarterdeck.observability.span_stores import duckdb_tables as tables
from quarterdeck.runtime.tracing import Span

Ask = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]  # Any: a row has the types that its SQL gives it
Question = tuple[str, list[object]]

_HOUR_NS = 3600 * 10**9
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


def traces(
    ask: Ask, where: TraceFilter, *, limit: int, after: TraceKey | None
) -> tuple[list[TraceSummary], TraceKey | None]:
    """The newest traces that match, from below a key."""
    condition, parameters = _condition(where)
    if after is not None:
        condition += " AND (start_ns < ? OR (start_ns = ? AND traces.trace_id < ?::UUID))"
        parameters += [after[0], *after]
    rows = ask(
        f"SELECT {tables.select('traces')} FROM traces WHERE {condition}"
        " ORDER BY start_ns DESC, traces.trace_id DESC LIMIT ?",
        [*parameters, limit + 1],
    )
    page = [dict(zip(tables.TRACES, row, strict=True)) for row in rows[:limit]]
    more = (page[-1]["start_ns"], page[-1]["trace_id"]) if len(rows) > limit else None
    return [_summary(row) for row in page], more


def count(ask: Ask, where: TraceFilter) -> int:
    """How many traces match."""
    condition, parameters = _condition(where)
    return int(ask(f"SELECT count(*) FROM traces WHERE {condition}", parameters)[0][0])


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
    condition, parameters = _condition(where)
    from_ns, to_ns = where.from_ns, where.to_ns
    if from_ns is None or to_ns is None:
        first, last = ask(f"SELECT min(start_ns), max(start_ns) FROM traces WHERE {condition}", parameters)[0]
        if first is None:
            return Histogram(bucket_s=0.0, buckets=[])
        from_ns, to_ns = from_ns or first, to_ns or last + 1
    width = max(1, -(-(to_ns - from_ns) // buckets))
    counts = dict.fromkeys(range(buckets), (0, 0))
    for bucket, ok, error in ask(
        "SELECT (start_ns - ?) // ? AS bucket, count(*) FILTER (status <> 'error'), count(*) FILTER (status = 'error')"
        f" FROM traces WHERE {condition} GROUP BY bucket",
        [from_ns, width, *parameters],
    ):
        counts[min(bucket, buckets - 1)] = (ok, error)
    return Histogram(
        bucket_s=width / 1e9,
        buckets=[HistogramBucket(iso_from_ns(from_ns + i * width), ok, error) for i, (ok, error) in counts.items()],
    )


def overview(ask: Ask, project_id: str, *, from_ns: int, to_ns: int, buckets: int) -> Overview:
    """The numbers of the first page, from sums alone."""
    window: list[object] = [project_id, from_ns, to_ns]
    in_window = "project_id = ? AND start_ns >= ? AND start_ns < ?"
    width = max(1, -(-(to_ns - from_ns) // buckets))
    total = ask(
        "SELECT count(*), count(*) FILTER (status = 'error'), quantile_cont(latency_ns, [0.5, 0.95]),"
        " quantile_cont(ttft_ns, [0.5, 0.95]), sum(cost_pico), count(*) FILTER (unpriced), sum(input_tokens),"
        " sum(output_tokens), count(*) FILTER (cached), sum(saved_pico), sum(saved_ns)"
        f" FROM traces WHERE {in_window}",
        window,
    )[0]
    requests, errors, latency, ttft, cost, unpriced, tokens_in, tokens_out, hits, saved_pico, saved_ns = total
    return Overview(
        from_=iso_from_ns(from_ns),
        to=iso_from_ns(to_ns),
        bucket_s=width / 1e9,
        requests=requests,
        errors=errors,
        latency_ms=_percentiles(latency),
        ttft_ms=_percentiles(ttft),
        cost_usd=(cost or 0) / PICO,
        unpriced_requests=unpriced,
        tokens=TokenSums(input=int(tokens_in or 0), output=int(tokens_out or 0)),
        cache=CacheSavings(
            hits=hits,
            saved_usd=(saved_pico or 0) / PICO,
            saved_ms=(saved_ns or 0) / 1e6,
            hit_rate=hits / requests if requests else None,
        ),
        series=_series(ask, window, in_window, from_ns, width, buckets),
        by_model=_by_model(ask, window, in_window),
        by_app=_by_app(ask, window, in_window),
    )


def _summary(row: dict[str, Any]) -> TraceSummary:
    return TraceSummary(
        trace_id=row["trace_id"],
        name=row["name"],
        started_at=iso_from_ns(row["start_ns"]),
        latency_ms=row["latency_ns"] / 1e6,
        ttft_ms=_ms(row["ttft_ns"]),
        status=row["status"],
        app=row["app"],
        model=row["model"],
        provider=row["provider"],
        release_id=row["release_id"],
        service=row["service"],
        user_id=row["user_id"],
        session_id=row["session_id"],
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


def _series(
    ask: Ask, window: list[object], in_window: str, from_ns: int, width: int, buckets: int
) -> list[SeriesPoint]:
    found = {
        row[0]: row[1:]
        for row in ask(
            "SELECT (start_ns - ?) // ? AS bucket, count(*), count(*) FILTER (status = 'error'),"
            " quantile_cont(latency_ns, [0.5, 0.95]), sum(cost_pico)"
            f" FROM traces WHERE {in_window} GROUP BY bucket",
            [from_ns, width, *window],
        )
    }
    series = []
    for bucket in range(buckets):
        requests, errors, latency, cost = found.get(bucket, (0, 0, None, None))
        percentiles = _percentiles(latency)
        series.append(
            SeriesPoint(
                at=iso_from_ns(from_ns + bucket * width),
                requests=requests,
                errors=errors,
                p50_ms=percentiles.p50,
                p95_ms=percentiles.p95,
                cost_usd=(cost or 0) / PICO,
            )
        )
    return series


def _by_model(ask: Ask, window: list[object], in_window: str) -> list[ModelRow]:
    rows = ask(
        "SELECT model, count(*), sum(cost_pico) FILTER (NOT cached), bool_or(unpriced AND NOT cached),"
        f" quantile_cont(end_ns - start_ns, 0.95) FROM calls WHERE {in_window} AND model IS NOT NULL"
        " GROUP BY model ORDER BY count(*) DESC, model LIMIT 20",
        window,
    )
    return [
        ModelRow(
            model=model,
            requests=requests,
            cost_usd=None if cost is None and unpriced else (cost or 0) / PICO,
            p95_ms=_ms(p95),
        )
        for model, requests, cost, unpriced, p95 in rows
    ]


def _by_app(ask: Ask, window: list[object], in_window: str) -> list[AppRow]:
    rows = ask(
        "SELECT app, count(*), count(*) FILTER (declined), quantile_cont(latency_ns, 0.95)"
        f" FROM traces WHERE {in_window} AND app IS NOT NULL GROUP BY app ORDER BY count(*) DESC, app LIMIT 20",
        window,
    )
    return [AppRow(app, requests, declined, _ms(p95)) for app, requests, declined, p95 in rows]


def _condition(where: TraceFilter) -> Question:
    """A filter as SQL, values bound."""
    terms: list[tuple[str, list[object]]] = [("project_id = ?", [where.project_id])]
    equal = ("status", "app", "release_id", "session_id", "user_id", "service", "cached")
    terms += [(f"{name} = ?", [value]) for name in equal if (value := getattr(where, name)) is not None]
    if where.model is not None:
        called = "SELECT trace_id FROM calls WHERE project_id = ? AND model = ?"
        terms.append((f"(model = ? OR traces.trace_id IN ({called}))", [where.model, where.project_id, where.model]))
    if where.min_latency_ms is not None:
        terms.append(("latency_ns >= ?", [int(where.min_latency_ms * 1e6)]))
    if where.min_cost_usd is not None:
        terms.append(("cost_pico >= ?", [int(where.min_cost_usd * PICO)]))
    if where.from_ns is not None:
        terms.append(("start_ns >= ?", [where.from_ns]))
    if where.to_ns is not None:
        terms.append(("start_ns < ?", [where.to_ns]))
    if where.q:
        terms.append(_text_condition(where, where.q))
    return " AND ".join(sql for sql, _ in terms), [value for _, values in terms for value in values]


def _text_condition(where: TraceFilter, q: str) -> Question:
    """Traces in whose name, previews or payloads a text occurs, in any case; or the one with that id."""
    if _TRACE_ID.fullmatch(q.strip().lower()):
        return "traces.trace_id = ?::UUID", [q.strip()]
    # Payloads are JSON: a quote or a line break stands there with its backslash.
    in_payload = json.dumps(q, ensure_ascii=False)[1:-1]
    found = "SELECT trace_id FROM payloads WHERE project_id = ?"
    parameters: list[object] = [where.project_id]
    # A trace's spans may start a little before its root when clocks disagree, and hours after it.
    if where.from_ns is not None:
        found += " AND start_ns >= ?"
        parameters.append(where.from_ns - _HOUR_NS)
    if where.to_ns is not None:
        found += " AND start_ns < ?"
        parameters.append(where.to_ns + 24 * _HOUR_NS)
    found += f" AND ({_OCCURS.format('input')} OR {_OCCURS.format('output')})"
    return f"({_OCCURS.format('name')} OR traces.trace_id IN ({found}))", [q, *parameters, in_payload, in_payload]


# Literally (`l`), in any case (`i`): three times as fast as ILIKE, which makes a lower-case copy of each text.
_OCCURS = "regexp_matches({}, ?, 'il')"


def _span(row: dict[str, Any], payload: dict[str, Any]) -> Span:
    columns = {name: value for name, value in row.items() if name in Span.__struct_fields__}
    contents = {name: msgspec.json.decode(payload[name]) for name in _CONTENTS if payload[name] is not None}
    return msgspec.convert({**columns, **contents}, Span)


_CONTENTS = ("input", "output", "attributes", "cost_lines")


def _ms(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6


def _percentiles(nanoseconds: Sequence[float] | None) -> Percentiles:
    if not nanoseconds or nanoseconds[0] is None:
        return Percentiles()
    return Percentiles(p50=nanoseconds[0] / 1e6, p95=nanoseconds[1] / 1e6)
