"""Spans in one DuckDB file: typed columns, ordered by time; the default of a single machine."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np

from quarterdeck.core.errors import SetupError, Unavailable
from quarterdeck.observability.records import Histogram, Overview, TraceFilter, TraceSummary
from quarterdeck.observability.rollup import SpanRow, TraceRow, roll_up, to_row
from quarterdeck.observability.span_store import CallKey, SpanStore, SpoolPosition, Stored, TraceKey
from quarterdeck.observability.span_stores import duckdb_bills as bills
from quarterdeck.observability.span_stores import duckdb_questions as questions
from quarterdeck.observability.span_stores import duckdb_spend as spending
from quarterdeck.observability.span_stores import duckdb_tables as tables
from quarterdeck.observability.span_stores.duckdb_overview import overview
from quarterdeck.observability.span_stores.duckdb_schema import bring_up_to_date
from quarterdeck.observability.spending.records import (
    CorrectedBill,
    Correction,
    Dimension,
    SavingsRow,
    SpendFilter,
    SpendRow,
    UnpricedModel,
)
from quarterdeck.runtime.tracing import Span

CHECKPOINT_BYTES = 32 * 1024 * 1024

Key = tuple[str, str]
"""Project and trace: a trace id is the client's choice, so two projects may have the same."""


class DuckDbSpanStore(SpanStore):
    """The embedded span store."""

    def __init__(self, path: Path, *, memory_mb: int = 256, threads: int | None = None) -> None:
        self._path = path
        self._memory_mb = memory_mb
        self._threads = threads or min(4, os.cpu_count() or 1)
        self._connection: duckdb.DuckDBPyConnection | None = None
        # Two transactions that write the sums of the same trace would fail each other.
        self._writing = threading.Lock()

    def open(self) -> None:
        if self._connection is not None:
            self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = duckdb.connect(
                str(self._path),
                config={
                    "memory_limit": f"{self._memory_mb}MB",
                    "threads": self._threads,
                    # Never in the middle of a commit that someone waits for: `tidy` does it.
                    "wal_autocheckpoint": "1TB",
                    # Nothing phones home.
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                },
            )
        except (duckdb.IOException, duckdb.SerializationException) as error:
            raise SetupError(
                f"The span store `{self._path}` cannot be opened: {error}. If another process has it open, stop that one; "
                "if the file is broken, move it away and start again: what is still in the spool will be stored."
            ) from error
        try:
            bring_up_to_date(connection, self._path)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def stored(self) -> Stored:
        segment, offset, received, duplicates = self._one("SELECT segment, position, received, duplicates FROM ledger")
        return Stored(SpoolPosition(segment, offset), received, duplicates)

    def add(self, spans: Sequence[Span], until: SpoolPosition) -> int:
        incoming = {(span.project_id, span.trace_id, span.span_id): span for span in reversed(spans)}
        with self._writing, self._cursor() as cursor:
            cursor.begin()
            try:
                stored = self._stored_rows(cursor, {(project, trace) for project, trace, _ in incoming})
                known = {(key, row.span_id) for key, rows in stored.items() for row in rows}
                new = [span for (*key, span_id), span in incoming.items() if (tuple(key), span_id) not in known]
                new.sort(key=lambda span: span.start_ns)
                self._insert(cursor, new, stored)
                cursor.execute(
                    "UPDATE ledger SET segment = ?, position = ?, received = received + ?, duplicates = duplicates + ?",
                    [until.segment, until.offset, len(spans), len(spans) - len(new)],
                )
                cursor.commit()
            except BaseException:
                # After some failures DuckDB has rolled back already, or let go of the file; `open` mends that.
                with suppress(duckdb.Error):
                    cursor.rollback()
                raise
        return len(new)

    def tidy(self) -> None:
        log = self._path.with_name(self._path.name + ".wal")
        if log.exists() and log.stat().st_size > CHECKPOINT_BYTES:
            with self._cursor() as cursor:
                cursor.execute("CHECKPOINT")

    def traces(
        self, where: TraceFilter, *, limit: int, after: TraceKey | None
    ) -> tuple[list[TraceSummary], TraceKey | None]:
        return questions.traces(self._all, where, limit=limit, after=after)

    def count(self, where: TraceFilter) -> int:
        return questions.count(self._all, where)

    def summary(self, project_id: str, trace_id: str) -> TraceSummary | None:
        return questions.summary(self._all, project_id, trace_id)

    def trace(self, project_id: str, trace_id: str) -> list[Span]:
        return questions.spans(self._all, project_id, trace_id)

    def histogram(self, where: TraceFilter, *, buckets: int) -> Histogram:
        return questions.histogram(self._all, where, buckets=buckets)

    def overview(self, project_id: str, *, from_ns: int, to_ns: int, buckets: int) -> Overview:
        return overview(self._all, project_id, from_ns=from_ns, to_ns=to_ns, buckets=buckets)

    def spend(
        self, where: SpendFilter, *, by: Dimension | None, step_ns: int, apart: Sequence[str] | None = None
    ) -> list[SpendRow]:
        return spending.spend(self._all, where, by=by, step_ns=step_ns, apart=apart)

    def savings(self, where: SpendFilter) -> SavingsRow:
        return spending.savings(self._all, where)

    def unpriced_models(self, project_id: str, *, from_ns: int) -> list[UnpricedModel]:
        return spending.unpriced_models(self._all, project_id, from_ns=from_ns)

    def paid_calls(self, project_id: str, *, from_ns: int, after: CallKey | None, limit: int) -> list[Span]:
        return bills.paid_calls(self._all, project_id, from_ns=from_ns, after=after, limit=limit)

    def correct_bills(self, project_id: str, run_id: str, corrections: Sequence[Correction]) -> None:
        keys = {(project_id, correction.trace_id) for correction in corrections}
        with self._writing, self._cursor() as cursor:
            cursor.begin()
            try:
                bills.write_corrections(cursor, project_id, run_id, corrections)
                self._sum_up(cursor, self._stored_rows(cursor, keys))
                cursor.commit()
            except BaseException:
                with suppress(duckdb.Error):
                    cursor.rollback()
                raise

    def corrections_of(self, project_id: str, run_id: str) -> tuple[int, int]:
        return bills.corrections_of(self._all, project_id, run_id)

    def corrected_bills(self, project_id: str, trace_id: str) -> list[CorrectedBill]:
        return bills.corrected(self._all, project_id, trace_id)

    def spans_stored(self) -> int:
        return int(self._one("SELECT count(*) FROM spans")[0])

    def _stored_rows(self, cursor: duckdb.DuckDBPyConnection, keys: set[Key]) -> dict[Key, list[SpanRow]]:
        """What is already there of these traces. Most batches are all new, and then this looks at `traces` only."""
        cursor.register("asked", _key_columns(keys))
        known = cursor.execute(
            "SELECT min(first_ns), max(last_ns) FROM traces t"
            " SEMI JOIN asked a ON t.trace_id = a.trace_id::UUID AND t.project_id = a.project_id"
        ).fetchall()[0]
        stored: dict[Key, list[SpanRow]] = defaultdict(list)
        if known[0] is not None:
            rows = cursor.execute(
                f"SELECT {tables.select('spans')} FROM spans s"
                " SEMI JOIN asked a ON s.trace_id = a.trace_id::UUID AND s.project_id = a.project_id"
                " WHERE start_ns BETWEEN ? AND ?",
                list(known),
            ).fetchall()
            for values in rows:
                row = SpanRow(**dict(zip(tables.SPANS, values, strict=True)))
                stored[row.project_id, row.trace_id].append(row)
        cursor.unregister("asked")
        return stored

    def _insert(self, cursor: duckdb.DuckDBPyConnection, new: Sequence[Span], stored: dict[Key, list[SpanRow]]) -> None:
        if not new:
            return
        fresh = [to_row(span) for span in new]
        touched: dict[Key, list[SpanRow]] = defaultdict(list)
        for row in fresh:
            touched[row.project_id, row.trace_id].append(row)
        for key in touched.keys() & stored.keys():
            touched[key].extend(stored[key])
        self._sum_up(cursor, touched, late=touched.keys() & stored.keys())
        _append(cursor, "spans", tables.columns("spans", fresh))
        _append(cursor, "payloads", tables.columns("payloads", new, _payload))

    def _sum_up(
        self, cursor: duckdb.DuckDBPyConnection, traces: Mapping[Key, list[SpanRow]], late: Set[Key] | None = None
    ) -> None:
        """Write the sums of whole traces, in place of those that `late` ones (by default all) have already."""
        if late := traces.keys() if late is None else late:
            cursor.register("late", _key_columns(set(late)))
            for table in ("traces", "calls"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE (project_id, trace_id) IN (SELECT project_id, trace_id::UUID FROM late)"
                )
            cursor.unregister("late")
        sums = [roll_up(rows) for rows in traces.values()]
        ordered: list[TraceRow] = sorted((trace for trace, _ in sums), key=lambda trace: trace.start_ns)
        _append(cursor, "traces", tables.columns("traces", ordered))
        _append(cursor, "calls", tables.columns("calls", [call for _, calls in sums for call in calls]))

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        connection = self._connection
        if connection is None:
            raise Unavailable("The span store is closed. Try again in a moment.")
        return connection.cursor()

    # Any: a row of a query has the types that its SQL gives it.
    def _all(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    def _one(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        return self._all(sql, parameters)[0]


def _append(cursor: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any]) -> None:
    cursor.register("incoming", columns)
    cursor.execute(tables.insert(table))
    cursor.unregister("incoming")


def _key_columns(keys: set[Key]) -> dict[str, Any]:
    return {
        "project_id": np.array([project for project, _ in keys], dtype=object),
        "trace_id": np.array([trace for _, trace in keys], dtype=object),
    }


def _payload(span: object, name: str) -> object:
    value = getattr(span, name)
    if name in ("input", "output"):
        return None if value is None else msgspec.json.encode(value).decode()
    if name in ("attributes", "cost_lines"):
        return msgspec.json.encode(value).decode() if value else None
    return value
