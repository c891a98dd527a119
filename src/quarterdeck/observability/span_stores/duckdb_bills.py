"""Corrects bills in the embedded span store: the right one in its place, the old one kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import msgspec
import numpy as np

from quarterdeck.core.clock import iso_from_ns, now_ns
from quarterdeck.core.money import to_usd
from quarterdeck.observability.span_store import CallKey
from quarterdeck.observability.span_stores.duckdb_questions import Ask
from quarterdeck.observability.spending.records import CorrectedBill, Correction
from quarterdeck.runtime.tracing import Span

_BEFORE_ALL: CallKey = (-1, "0" * 32, "0" * 16)
_COLUMNS = (
    "name",
    "kind",
    "start_ns",
    "end_ns",
    "model",
    "provider",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "usage_estimated",
    "cost_pico",
    "price_id",
    "unpriced",
    "provided_cost_pico",
)


def paid_calls(ask: Ask, project_id: str, *, from_ns: int, after: CallKey | None, limit: int) -> list[Span]:
    """Calls that used something and were not answered from a cache, by time: what a bill needs, and no more."""
    start_ns, trace_id, span_id = after or _BEFORE_ALL
    rows = ask(
        "SELECT replace(s.trace_id::VARCHAR, '-', ''), format('{:016x}', s.span_id), p.attributes, p.cost_lines,"
        f" {', '.join(f's.{name}' for name in _COLUMNS)}"
        " FROM spans s JOIN payloads p ON p.project_id = s.project_id AND p.start_ns = s.start_ns"
        " AND p.trace_id = s.trace_id AND p.span_id = s.span_id"
        " WHERE s.project_id = ? AND s.start_ns >= ? AND s.kind IN ('llm', 'embedding') AND NOT s.cached"
        " AND (s.input_tokens IS NOT NULL OR s.output_tokens IS NOT NULL)"
        " AND (s.start_ns, s.trace_id, s.span_id) > (?, ?::UUID, ?::UBIGINT)"
        " ORDER BY s.start_ns, s.trace_id, s.span_id LIMIT ?",
        [project_id, max(from_ns, start_ns), start_ns, trace_id, int(span_id, 16), limit],
    )
    return [_span(project_id, row) for row in rows]


def write_corrections(
    cursor: duckdb.DuckDBPyConnection, project_id: str, run_id: str, corrections: Sequence[Correction]
) -> None:
    """Put the right bills in place of the old ones, which are kept. The caller sums their traces up anew."""
    cursor.register("correct", _columns(corrections))
    this_call = "{0}.project_id = ? AND {0}.start_ns = c.start_ns AND {0}.trace_id = c.trace_id::UUID AND {0}.span_id = c.span_id"
    cursor.execute(
        "INSERT INTO bills SELECT s.project_id, s.trace_id, s.span_id, s.start_ns, ?, ?, s.cost_pico, s.price_id,"
        " p.cost_lines, c.cost_pico, c.price_id FROM correct c"
        f" JOIN spans s ON {this_call.format('s')} JOIN payloads p ON {this_call.format('p')}",
        [now_ns(), run_id, project_id, project_id],
    )
    cursor.execute(
        "UPDATE spans SET cost_pico = c.cost_pico, price_id = c.price_id, unpriced = c.cost_pico IS NULL"
        f" FROM correct c WHERE {this_call.format('spans')}",
        [project_id],
    )
    cursor.execute(
        f"UPDATE payloads SET cost_lines = c.cost_lines FROM correct c WHERE {this_call.format('payloads')}",
        [project_id],
    )
    cursor.unregister("correct")


def corrected(ask: Ask, project_id: str, trace_id: str) -> list[CorrectedBill]:
    """The bills of a trace that were corrected, in the order of that."""
    rows = ask(
        "SELECT format('{:016x}', span_id), corrected_ns, run_id, old_cost_pico, old_price_id, new_cost_pico,"
        " new_price_id FROM bills WHERE project_id = ? AND trace_id = ?::UUID ORDER BY corrected_ns, span_id",
        [project_id, trace_id],
    )
    return [
        CorrectedBill(span, iso_from_ns(at), run, to_usd(old), old_id, to_usd(new), new_id)
        for span, at, run, old, old_id, new, new_id in rows
    ]


def corrections_of(ask: Ask, project_id: str, run_id: str) -> tuple[int, int]:
    """How many bills a run has corrected, and by how much in all."""
    count, difference = ask(
        "SELECT count(*), sum(coalesce(new_cost_pico, 0) - coalesce(old_cost_pico, 0)) FROM bills"
        " WHERE project_id = ? AND run_id = ?",
        [project_id, run_id],
    )[0]
    return int(count), int(difference or 0)


def _span(project_id: str, row: tuple[Any, ...]) -> Span:  # Any: a row has the types that its SQL gives it
    trace_id, span_id, attributes, cost_lines, *values = row
    contents = {
        "attributes": msgspec.json.decode(attributes) if attributes is not None else {},
        "cost_lines": msgspec.json.decode(cost_lines) if cost_lines is not None else (),
    }
    ids = {"project_id": project_id, "trace_id": trace_id, "span_id": span_id}
    return msgspec.convert({**ids, **dict(zip(_COLUMNS, values, strict=True)), **contents}, Span)


def _columns(corrections: Sequence[Correction]) -> dict[str, Any]:
    costs = [one.cost_pico for one in corrections]
    return {
        "trace_id": np.array([one.trace_id for one in corrections], dtype=object),
        "span_id": np.array([int(one.span_id, 16) for one in corrections], dtype=np.uint64),
        "start_ns": np.array([one.start_ns for one in corrections], dtype=np.int64),
        "cost_pico": np.ma.masked_array(
            np.array([cost or 0 for cost in costs], dtype=np.int64), mask=[cost is None for cost in costs]
        ),
        "price_id": np.array([one.price_id for one in corrections], dtype=object),
        "cost_lines": np.array(
            [msgspec.json.encode(one.cost_lines).decode() if one.cost_lines else None for one in corrections],
            dtype=object,
        ),
    }
