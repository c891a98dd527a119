"""A trace filter as a condition in the embedded span store's SQL, values bound."""

from __future__ import annotations

import json
import re

from quarterdeck.core.money import PICO
from quarterdeck.observability.records import TraceFilter

Condition = tuple[str, list[object]]

_LABELS = ("team", "environment", "prompt", "prompt_version", "api_key_id")
_HOUR_NS = 3600 * 10**9
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


def condition(where: TraceFilter) -> Condition:
    """A condition on the table `traces`, and its values."""
    terms: list[tuple[str, list[object]]] = [("project_id = ?", [where.project_id])]
    equal = ("status", "app", "release_id", "session_id", "user_id", "service", "cached", *_LABELS)
    terms += [(f"{name} = ?", [value]) for name in equal if (value := getattr(where, name)) is not None]
    if where.model is not None:
        # By its bare name, or with its provider as the gateway's clients write it: `openai/gpt-4o-mini`.
        is_it = "(model = ? OR provider || '/' || model = ?)"
        called = f"SELECT trace_id FROM calls WHERE project_id = ? AND {is_it}"
        names = [where.model, where.model]
        terms.append((f"({is_it} OR traces.trace_id IN ({called}))", [*names, where.project_id, *names]))
    terms += [("list_contains(tags, ?)", [tag]) for tag in where.tags]
    terms += [("metadata[?] = ?", [name, value]) for name, value in where.metadata]
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


def _text_condition(where: TraceFilter, q: str) -> Condition:
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
