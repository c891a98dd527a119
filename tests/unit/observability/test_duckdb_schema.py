"""The file of the embedded span store: made once, carried from version to version, refused when it cannot be."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from quarterdeck.core.errors import SetupError
from quarterdeck.observability.records import TraceFilter
from quarterdeck.observability.span_store import SpoolPosition
from quarterdeck.observability.span_stores import duckdb_schema
from quarterdeck.observability.span_stores import duckdb_tables as tables
from quarterdeck.observability.span_stores.duckdb import DuckDbSpanStore
from quarterdeck.observability.spending.records import SpendFilter
from tests.unit.observability.spans import answered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one trace in it."""
    path = tmp_path / "spans.duckdb"
    store = DuckDbSpanStore(path)
    store.open()
    store.add(answered(), SpoolPosition(1, 100))
    store.close()
    return path


def run(path: Path, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path)) as connection:
        return connection.execute(statement).fetchall()


def names_in(path: Path) -> list[str]:
    store = DuckDbSpanStore(path)
    store.open()
    try:
        found, _ = store.traces(TraceFilter("prj_a"), limit=10, after=None)
    finally:
        store.close()
    return [trace.name for trace in found]


def test_the_steps_together_make_exactly_the_tables_of_the_code(path: Path) -> None:
    made: dict[str, dict[str, str]] = {}
    for table, column, kind in run(path, "SELECT table_name, column_name, data_type FROM duckdb_columns()"):
        made.setdefault(str(table), {})[str(column)] = str(kind)

    assert {table: made[table] for table in tables.ALL} == tables.ALL


def test_the_file_of_an_older_version_takes_the_steps_it_lacks_and_keeps_its_traces(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = (
        "ALTER TABLE traces ADD COLUMN stars BIGINT",
        "UPDATE traces SET stars = spans",
    )
    monkeypatch.setattr(duckdb_schema, "STEPS", (*duckdb_schema.STEPS, step))
    monkeypatch.setattr(tables, "TRACES", {**tables.TRACES, "stars": "BIGINT"})
    monkeypatch.setattr(tables, "ALL", {**tables.ALL, "traces": tables.TRACES})

    names = names_in(path)

    assert names == ["policy-bot"]
    assert run(path, "SELECT schema_version FROM ledger") == [(len(duckdb_schema.STEPS),)]
    assert run(path, "SELECT stars FROM traces") == [(2,)]


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = ("ALTER TABLE traces ADD COLUMN stars BIGINT", "SELECT error('no')")

    with monkeypatch.context() as newer:
        newer.setattr(duckdb_schema, "STEPS", (*duckdb_schema.STEPS, step))
        with pytest.raises(duckdb.Error, match="no"):
            names_in(path)

    assert names_in(path) == ["policy-bot"]


def test_the_file_of_a_newer_version_is_refused_and_kept(path: Path) -> None:
    run(path, "UPDATE ledger SET schema_version = 99")

    with pytest.raises(SetupError, match=r"newer Quarterdeck \(schema 99.*Install that version"):
        names_in(path)

    assert run(path, "SELECT count(*) FROM traces") == [(1,)]


def test_a_file_whose_columns_are_not_those_of_its_version_is_refused_by_their_names(path: Path) -> None:
    run(path, "ALTER TABLE traces DROP COLUMN saved_ns")

    with pytest.raises(SetupError, match=r"differs in `traces\.saved_ns`: .* Move the file away"):
        names_in(path)


def test_calls_of_an_older_file_are_told_apart_by_what_their_spans_say(tmp_path: Path) -> None:
    path, trace = tmp_path / "old.duckdb", "0" * 31 + "1"
    with duckdb.connect(str(path)) as connection:
        for statement in (*duckdb_schema.FIRST_TABLES, *duckdb_schema.LABELS):
            connection.execute(statement)
        connection.execute("UPDATE ledger SET schema_version = 2")
        of_both = "project_id, trace_id, start_ns, end_ns, kind, model, cost_pico, unpriced, cached"
        values = f"'p', '{trace}'::UUID, 1, 2, 'llm', 'm', 5, false, false"
        connection.execute(f"INSERT INTO calls ({of_both}) VALUES ({values})")
        connection.execute(
            f"INSERT INTO spans ({of_both}, span_id, app, api_key_id, input_tokens, status)"
            f" VALUES ({values}, 7, 'bot', 'key_1', 9, 'ok')"
        )
    store = DuckDbSpanStore(path)

    store.open()
    rows = store.spend(SpendFilter("p", 0, 10), by="key", step_ns=10)
    store.close()

    assert [(row.key, row.input_tokens, row.cost_pico) for row in rows] == [("key_1", 9, 5)]
    assert run(path, "SELECT span_id, app, status FROM calls") == [(7, "bot", "ok")]
