"""What was spent, from the sums that the embedded span store keeps a call: one row each, no payload is opened."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.core.clock import iso_from_ns
from quarterdeck.observability.span_stores.duckdb_questions import Ask
from quarterdeck.observability.spending.records import (
    REST,
    Dimension,
    SavingsRow,
    SpendFilter,
    SpendRow,
    UnpricedModel,
)

_FULL_NAME = "CASE WHEN provider IS NULL THEN model ELSE provider || '/' || model END"
_KEYS: dict[Dimension, str] = {
    "team": "team",
    "key": "api_key_id",
    "app": "app",
    "model": _FULL_NAME,
    "provider": "provider",
    "tag": "unnest(CASE WHEN len(tags) > 0 THEN tags ELSE [''] END)",
    "user": "user_id",
    "environment": "environment",
    "release": "release_id",
}
_MEASURES = """count(*), count(*) FILTER (status = 'error'), count(*) FILTER (unpriced AND NOT cached),
    sum(input_tokens) FILTER (NOT cached), sum(output_tokens) FILTER (NOT cached),
    sum(cache_read_tokens) FILTER (NOT cached), sum(cost_pico) FILTER (NOT cached), sum(provided_cost_pico),
    sum(cost_pico) FILTER (provided_cost_pico IS NOT NULL)"""


def spend(
    ask: Ask, where: SpendFilter, *, by: Dimension | None, step_ns: int, apart: Sequence[str] | None = None
) -> list[SpendRow]:
    """Sums by group and stretch of time. A call with several tags counts for each of them."""
    matches, parameters = _condition(where)
    key = "''" if by is None else _KEYS[by]
    group, shown = "key", list[object]()
    if apart is not None:
        group = f"CASE WHEN key IN ({', '.join('?' for _ in apart) or 'NULL'}) THEN key ELSE ? END"
        shown = [*apart, REST]
    rows = ask(
        f"SELECT at_ns, {group} AS apart, {_MEASURES} FROM (SELECT * REPLACE (coalesce(key, '') AS key) FROM"
        f" (SELECT *, (start_ns // ?) * ? AS at_ns, {key} AS key FROM calls WHERE {matches})) GROUP BY ALL ORDER BY at_ns",
        [*shown, step_ns, step_ns, *parameters],
    )
    return [SpendRow(int(at_ns), of, *(int(number or 0) for number in numbers)) for at_ns, of, *numbers in rows]


def savings(ask: Ask, where: SpendFilter) -> SavingsRow:
    """What answers from our caches have saved. A hit may stand for a whole app, so spans are asked and not calls."""
    matches, parameters = _condition(where)
    hits, saved_pico, saved_ns = ask(
        f"SELECT count(*), sum(saved_pico), sum(saved_ns) FROM spans WHERE {matches} AND cached", parameters
    )[0]
    return SavingsRow(int(hits), int(saved_pico or 0), int(saved_ns or 0))


def unpriced_models(ask: Ask, project_id: str, *, from_ns: int) -> list[UnpricedModel]:
    """Models without a price, the most called first."""
    rows = ask(
        "SELECT coalesce(provider, ''), coalesce(model, ''), count(*), sum(input_tokens), sum(output_tokens),"
        " min(start_ns), max(start_ns) FROM calls WHERE project_id = ? AND start_ns >= ? AND unpriced AND NOT cached"
        " GROUP BY ALL ORDER BY count(*) DESC, 1, 2 LIMIT 500",
        [project_id, from_ns],
    )
    return [
        UnpricedModel(provider, model, calls, int(read or 0), int(said or 0), iso_from_ns(first), iso_from_ns(last))
        for provider, model, calls, read, said, first, last in rows
    ]


def _condition(where: SpendFilter) -> tuple[str, list[object]]:
    of = where.of
    terms = ["project_id = ?", "start_ns >= ?", "start_ns < ?"]
    parameters: list[object] = [where.project_id, where.from_ns, where.to_ns]
    for column, value in (
        ("team", of.team),
        ("api_key_id", of.key),
        ("app", of.app),
        ("provider", of.provider),
        ("user_id", of.user),
        ("environment", of.environment),
        ("release_id", of.release),
    ):
        if value is not None:
            terms.append(f"coalesce({column}, '') = ?")
            parameters.append(value)
    if of.model is not None:
        terms.append(f"(model = ? OR {_FULL_NAME} = ?)")
        parameters += [of.model, of.model]
    if of.tag is not None:
        terms.append("list_contains(tags, ?)" if of.tag else "coalesce(len(tags), 0) = 0 AND ? = ''")
        parameters.append(of.tag)
    return " AND ".join(terms), parameters
