"""The tables of the embedded span store, and how rows become columns.

`spans` and `payloads` are what happened; `traces` and `calls` are sums over them, rewritten whenever a span arrives late,
so that no list and no chart ever scans spans or opens a payload. `duckdb_schema` brings files of older versions to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

SPANS: Mapping[str, str] = {
    "project_id": "VARCHAR",
    "trace_id": "UUID",
    "span_id": "UBIGINT",
    "parent_id": "UBIGINT",
    "name": "VARCHAR",
    "kind": "VARCHAR",
    "start_ns": "BIGINT",
    "end_ns": "BIGINT",
    "first_token_ns": "BIGINT",
    "status": "VARCHAR",
    "status_message": "VARCHAR",
    "service": "VARCHAR",
    "app": "VARCHAR",
    "release_id": "VARCHAR",
    "model": "VARCHAR",
    "provider": "VARCHAR",
    "api_key_id": "VARCHAR",
    "user_id": "VARCHAR",
    "session_id": "VARCHAR",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "cache_read_tokens": "BIGINT",
    "cache_write_tokens": "BIGINT",
    "reasoning_tokens": "BIGINT",
    "usage_estimated": "BOOLEAN",
    "cost_pico": "BIGINT",
    "price_id": "VARCHAR",
    "unpriced": "BOOLEAN",
    "cached": "BOOLEAN",
    "saved_pico": "BIGINT",
    "saved_ns": "BIGINT",
    "declined": "BOOLEAN",
    "response_id": "VARCHAR",
    "input_preview": "VARCHAR",
    "output_preview": "VARCHAR",
    "team": "VARCHAR",
    "environment": "VARCHAR",
    "prompt": "VARCHAR",
    "prompt_version": "VARCHAR",
    "tags": "VARCHAR[]",
    "metadata": "MAP(VARCHAR, VARCHAR)",
    "provided_cost_pico": "BIGINT",
}

PAYLOADS: Mapping[str, str] = {
    "project_id": "VARCHAR",
    "trace_id": "UUID",
    "span_id": "UBIGINT",
    "start_ns": "BIGINT",
    "input": "VARCHAR",
    "output": "VARCHAR",
    "attributes": "VARCHAR",
    "cost_lines": "VARCHAR",
}

TRACES: Mapping[str, str] = {
    "project_id": "VARCHAR",
    "trace_id": "UUID",
    "start_ns": "BIGINT",
    "first_ns": "BIGINT",
    "last_ns": "BIGINT",
    "name": "VARCHAR",
    "latency_ns": "BIGINT",
    "ttft_ns": "BIGINT",
    "status": "VARCHAR",
    "service": "VARCHAR",
    "app": "VARCHAR",
    "release_id": "VARCHAR",
    "model": "VARCHAR",
    "provider": "VARCHAR",
    "user_id": "VARCHAR",
    "session_id": "VARCHAR",
    "spans": "BIGINT",
    "calls": "BIGINT",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "cost_pico": "BIGINT",
    "saved_pico": "BIGINT",
    "saved_ns": "BIGINT",
    "unpriced": "BOOLEAN",
    "cached": "BOOLEAN",
    "declined": "BOOLEAN",
    "input_preview": "VARCHAR",
    "output_preview": "VARCHAR",
    "team": "VARCHAR",
    "environment": "VARCHAR",
    "prompt": "VARCHAR",
    "prompt_version": "VARCHAR",
    "tags": "VARCHAR[]",
    "metadata": "MAP(VARCHAR, VARCHAR)",
    "api_key_id": "VARCHAR",
}

CALLS: Mapping[str, str] = {
    "project_id": "VARCHAR",
    "trace_id": "UUID",
    "start_ns": "BIGINT",
    "end_ns": "BIGINT",
    "kind": "VARCHAR",
    "model": "VARCHAR",
    "provider": "VARCHAR",
    "cost_pico": "BIGINT",
    "unpriced": "BOOLEAN",
    "cached": "BOOLEAN",
    "app": "VARCHAR",
    "api_key_id": "VARCHAR",
    "user_id": "VARCHAR",
    "team": "VARCHAR",
    "environment": "VARCHAR",
    "tags": "VARCHAR[]",
    "span_id": "UBIGINT",
    "release_id": "VARCHAR",
    "status": "VARCHAR",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "cache_read_tokens": "BIGINT",
    "provided_cost_pico": "BIGINT",
}

BILLS: Mapping[str, str] = {
    "project_id": "VARCHAR",
    "trace_id": "UUID",
    "span_id": "UBIGINT",
    "start_ns": "BIGINT",
    "corrected_ns": "BIGINT",
    "run_id": "VARCHAR",
    "old_cost_pico": "BIGINT",
    "old_price_id": "VARCHAR",
    "old_cost_lines": "VARCHAR",
    "new_cost_pico": "BIGINT",
    "new_price_id": "VARCHAR",
}
"""Bills as they were before they were corrected: only ever added to."""

LEDGER: Mapping[str, str] = {
    "schema_version": "INTEGER",
    "segment": "BIGINT",
    "position": "BIGINT",
    "received": "BIGINT",
    "duplicates": "BIGINT",
}

ALL: Mapping[str, Mapping[str, str]] = {
    "spans": SPANS,
    "payloads": PAYLOADS,
    "traces": TRACES,
    "calls": CALLS,
    "bills": BILLS,
    "ledger": LEDGER,
}


def insert(table: str) -> str:
    """The statement that appends the registered columns `incoming` to a table."""
    columns = ALL[table]
    values = ", ".join(_taken(name, kind) for name, kind in columns.items())
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM incoming"


def select(table: str) -> str:
    """The columns of a table as our records have them: ids in hexadecimal."""
    return ", ".join(_read(name, kind) for name, kind in ALL[table].items())


# Any: numpy's arrays carry their type at run time.
def columns(table: str, rows: Sequence[object], read: Callable[[object, str], object] = getattr) -> dict[str, Any]:
    """Rows as numpy arrays, one a column, which DuckDB takes in without looking at each value."""
    arrays = {}
    for name, kind in ALL[table].items():
        values = [read(row, name) for row in rows]
        if kind == "UBIGINT":
            values = [None if value is None else int(str(value), 16) for value in values]
        elif kind == "VARCHAR[]":
            values = [_joined(value) for value in values]
        elif kind.startswith("MAP"):
            values = [msgspec.json.encode(value).decode() if value else None for value in values]
        arrays[name] = _array(values, kind)
    return arrays


_BETWEEN = "\x1f"
"""What parts the texts of a list on their way in: ASCII has a character for that."""


def _joined(texts: Any) -> str | None:  # Any: a sequence of texts, or nothing
    return _BETWEEN.join(text.replace(_BETWEEN, " ") for text in texts) if texts else None


def _taken(name: str, kind: str) -> str:
    """How a column comes in."""
    if kind == "UUID":
        return f"{name}::UUID"
    if kind == "VARCHAR[]":
        return f"string_split({name}, chr(31))"
    if kind.startswith("MAP"):
        return f"from_json({name}, '\"{kind}\"')"
    return name


_NUMBERS = {"BIGINT": (np.int64, 0), "INTEGER": (np.int64, 0), "UBIGINT": (np.uint64, 0), "BOOLEAN": (np.bool_, False)}


def _array(values: list[Any], kind: str) -> Any:
    if kind not in _NUMBERS:
        return np.array(values, dtype=object)
    dtype, filler = _NUMBERS[kind]
    missing = [value is None for value in values]
    if not any(missing):
        return np.array(values, dtype=dtype)
    filled = [filler if value is None else value for value in values]
    return np.ma.masked_array(np.array(filled, dtype=dtype), mask=missing)


def _read(name: str, kind: str) -> str:
    if kind == "UUID":
        return f"replace({name}::VARCHAR, '-', '') AS {name}"
    if kind == "UBIGINT":
        return f"format('{{:016x}}', {name}) AS {name}"
    return name
