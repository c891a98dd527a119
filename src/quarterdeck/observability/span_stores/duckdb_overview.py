"""The numbers of the first page, from the sums that the embedded span store keeps: no span is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.core.clock import iso_from_ns
from quarterdeck.core.money import PICO
from quarterdeck.observability.records import (
    AppRow,
    CacheSavings,
    ModelRow,
    Overview,
    Percentiles,
    SeriesPoint,
    TokenSums,
)
from quarterdeck.observability.span_stores.duckdb_questions import Ask


def overview(ask: Ask, project_id: str, *, from_ns: int, to_ns: int, buckets: int) -> Overview:
    """How much, how fast and how dear, in all and by time, model and app."""
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


def _ms(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6


def _percentiles(nanoseconds: Sequence[float] | None) -> Percentiles:
    if not nanoseconds or nanoseconds[0] is None:
        return Percentiles()
    return Percentiles(p50=nanoseconds[0] / 1e6, p95=nanoseconds[1] / 1e6)
