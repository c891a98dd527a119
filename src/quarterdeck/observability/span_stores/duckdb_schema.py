"""Brings a span store's file to the schema of this program: all the steps it lacks in one transaction, or none.

The steps are written out, not taken from `duckdb_tables`: what a step did must never change. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from quarterdeck.core.errors import SetupError
from quarterdeck.observability.span_stores import duckdb_tables as tables

Step = tuple[str, ...]
"""The statements that make a schema out of the one before."""


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Take the steps that a file has not taken. What a newer or a foreign program wrote is refused, untouched."""
    connection.begin()
    have = _version(connection)
    if have > len(STEPS):
        raise SetupError(
            f"The span store `{path}` was written by a newer Quarterdeck (schema {have}, and this one knows {len(STEPS)}). "
            "Install that version, or move the file away to begin a new one."
        )
    for version, step in enumerate(STEPS[have:], start=have + 1):
        for statement in step:
            connection.execute(statement)
        connection.execute("UPDATE ledger SET schema_version = ?", [version])
    if differences := _differences(connection):
        raise SetupError(
            f"The span store `{path}` says that it has schema {len(STEPS)}, but it differs in {', '.join(differences)}: a "
            "development version made it. Move the file away to begin a new one; what is still in the spool will be stored."
        )
    connection.commit()


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    """The schema of a file; 0 when it is new."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'ledger'").fetchall():
        return 0
    return int(connection.execute("SELECT schema_version FROM ledger").fetchall()[0][0])


def _differences(connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    there = connection.execute("SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal")
    wanted = {(table, name, kind) for table, columns in tables.ALL.items() for name, kind in columns.items()}
    return sorted({f"`{table}.{name}`" for table, name, _ in wanted ^ set(there.fetchall())})


# No key and no index: in a column store both cost more than a scan (docs/decisions/0009).
FIRST_TABLES: Step = (
    """CREATE TABLE spans (
        project_id VARCHAR, trace_id UUID, span_id UBIGINT, parent_id UBIGINT, name VARCHAR, kind VARCHAR,
        start_ns BIGINT, end_ns BIGINT, first_token_ns BIGINT, status VARCHAR, status_message VARCHAR,
        service VARCHAR, app VARCHAR, release_id VARCHAR, model VARCHAR, provider VARCHAR,
        api_key_id VARCHAR, user_id VARCHAR, session_id VARCHAR, input_tokens BIGINT, output_tokens BIGINT,
        cache_read_tokens BIGINT, cache_write_tokens BIGINT, reasoning_tokens BIGINT,
        usage_estimated BOOLEAN, cost_pico BIGINT, price_id VARCHAR, unpriced BOOLEAN, cached BOOLEAN,
        saved_pico BIGINT, saved_ns BIGINT, declined BOOLEAN, response_id VARCHAR, input_preview VARCHAR,
        output_preview VARCHAR
    )""",
    """CREATE TABLE payloads (
        project_id VARCHAR, trace_id UUID, span_id UBIGINT, start_ns BIGINT, input VARCHAR, output VARCHAR,
        attributes VARCHAR, cost_lines VARCHAR
    )""",
    """CREATE TABLE traces (
        project_id VARCHAR, trace_id UUID, start_ns BIGINT, first_ns BIGINT, last_ns BIGINT, name VARCHAR,
        latency_ns BIGINT, ttft_ns BIGINT, status VARCHAR, service VARCHAR, app VARCHAR, release_id VARCHAR,
        model VARCHAR, provider VARCHAR, user_id VARCHAR, session_id VARCHAR, spans BIGINT, calls BIGINT,
        input_tokens BIGINT, output_tokens BIGINT, cost_pico BIGINT, saved_pico BIGINT, saved_ns BIGINT,
        unpriced BOOLEAN, cached BOOLEAN, declined BOOLEAN, input_preview VARCHAR, output_preview VARCHAR
    )""",
    """CREATE TABLE calls (
        project_id VARCHAR, trace_id UUID, start_ns BIGINT, end_ns BIGINT, kind VARCHAR, model VARCHAR,
        provider VARCHAR, cost_pico BIGINT, unpriced BOOLEAN, cached BOOLEAN
    )""",
    """CREATE TABLE ledger (
        schema_version INTEGER, segment BIGINT, position BIGINT, received BIGINT, duplicates BIGINT
    )""",
    "INSERT INTO ledger VALUES (1, 0, 0, 0, 0)",
)

# Who asked under which labels: of spans, and of the sums that lists and bills are made from.
LABELS: Step = (
    *(
        f"ALTER TABLE {table} ADD COLUMN {column}"
        for table in ("spans", "traces")
        for column in (
            "team VARCHAR",
            "environment VARCHAR",
            "prompt VARCHAR",
            "prompt_version VARCHAR",
            "tags VARCHAR[]",
            "metadata MAP(VARCHAR, VARCHAR)",
        )
    ),
    "ALTER TABLE traces ADD COLUMN api_key_id VARCHAR",
    *(
        f"ALTER TABLE calls ADD COLUMN {column}"
        for column in (
            "app VARCHAR",
            "api_key_id VARCHAR",
            "user_id VARCHAR",
            "team VARCHAR",
            "environment VARCHAR",
            "tags VARCHAR[]",
        )
    ),
)

# What reports on spending sum, and bills that were corrected. Calls that are there already get what their spans say.
MONEY: Step = (
    "ALTER TABLE spans ADD COLUMN provided_cost_pico BIGINT",
    *(
        f"ALTER TABLE calls ADD COLUMN {column}"
        for column in (
            "span_id UBIGINT",
            "release_id VARCHAR",
            "status VARCHAR",
            "input_tokens BIGINT",
            "output_tokens BIGINT",
            "cache_read_tokens BIGINT",
            "provided_cost_pico BIGINT",
        )
    ),
    """UPDATE calls SET span_id = s.span_id, app = s.app, api_key_id = s.api_key_id, user_id = s.user_id,
        release_id = s.release_id, status = s.status, input_tokens = s.input_tokens, output_tokens = s.output_tokens,
        cache_read_tokens = s.cache_read_tokens
        FROM spans s WHERE s.project_id = calls.project_id AND s.trace_id = calls.trace_id AND s.kind = calls.kind
        AND s.start_ns = calls.start_ns AND s.end_ns = calls.end_ns""",
    """CREATE TABLE bills (
        project_id VARCHAR, trace_id UUID, span_id UBIGINT, start_ns BIGINT, corrected_ns BIGINT, run_id VARCHAR,
        old_cost_pico BIGINT, old_price_id VARCHAR, old_cost_lines VARCHAR, new_cost_pico BIGINT, new_price_id VARCHAR
    )""",
)

STEPS: tuple[Step, ...] = (FIRST_TABLES, LABELS, MONEY)
"""Step 1 makes schema 1. A change of `duckdb_tables` adds a step here; steps that were released stay as they are."""
