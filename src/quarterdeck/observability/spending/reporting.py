"""Reports on spending: by team, key, model, … over time, beside the window before, and with what caches saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from quarterdeck.access import keys
from quarterdeck.core import clock
from quarterdeck.core.clock import iso_from_ns
from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.money import PICO
from quarterdeck.core.paging import Page
from quarterdeck.observability.filters import read_moment, within
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.observability.spending.records import (
    ALL_SPENDERS,
    DIMENSIONS,
    Dimension,
    Group,
    Savings,
    SavingsRow,
    Series,
    Spenders,
    SpendFilter,
    SpendReport,
    SpendRow,
    Step,
    Sums,
    UnpricedModel,
)
from quarterdeck.observability.traces import caught_up
from quarterdeck.runtime.work import Work

STEPS_NS: Mapping[Step, int] = {"hour": 3600 * 10**9, "day": 24 * 3600 * 10**9}
OTHER = "other"
_DEFAULT_DAYS = 30
_MOST_STEPS = 24 * 62
_MOST_GROUPS = 200
_MOST_SERIES = 12
_NOTHING = SpendRow(0, "")


async def report(
    work: Work,
    *,
    by: str = "model",
    step: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    of: Spenders = ALL_SPENDERS,
) -> SpendReport:
    """Who spent how much. Without times, the last 30 days; steps are whole hours or days of UTC."""
    if by not in DIMENSIONS:
        raise InvalidInput(f"`by` is one of {', '.join(DIMENSIONS)}, not `{by}`.", param="by")
    where = replace(_window(work.project_id, from_, to), of=of)
    chosen = _step(step, where)
    width = STEPS_NS[chosen]
    # Whole steps, so that the first and the last are no shorter than the others.
    where = replace(where, from_ns=where.from_ns // width * width)
    before = replace(where, from_ns=2 * where.from_ns - where.to_ns, to_ns=where.from_ns)
    recorder = await caught_up(work)

    whole = where.to_ns + 1  # one step for all of a window

    def ask(store: SpanStore) -> tuple[list[SpendRow], list[str], list[SpendRow], list[SpendRow], SavingsRow]:
        found = store.spend(where, by=by, step_ns=whole)
        ranked = _ranked(found)
        return (
            found,
            ranked,
            store.spend(where, by=by, step_ns=width, apart=_apart(ranked)),
            store.spend(before, by=by, step_ns=whole),
            store.savings(where),
        )

    found, ranked, rows, earlier, saved = await recorder.ask(ask)
    totals, earlier_totals = await recorder.ask(
        lambda store: [store.spend(window, by=None, step_ns=whole) for window in (where, before)]
    )
    labels = await _labels(work, by)
    groups = {row.key: row for row in found}
    costs_before = {row.key: row.cost_pico / PICO for row in earlier}
    starts = list(range(where.from_ns, where.to_ns, width))
    return SpendReport(
        from_=iso_from_ns(where.from_ns),
        to=iso_from_ns(where.to_ns),
        by=by,
        step=chosen,
        total=_sums(totals[0] if totals else _NOTHING),
        previous=_sums(earlier_totals[0]) if earlier_totals else None,
        savings=Savings(saved.hits, saved.saved_pico / PICO, saved.saved_ns / 1e6),
        at=[iso_from_ns(start) for start in starts],
        groups=[
            Group(key, labels.get(key, key), _sums(groups[key]), costs_before.get(key)) for key in ranked[:_MOST_GROUPS]
        ],
        series=_series(rows, ranked, labels, starts, width),
    )


async def unpriced_models(work: Work, *, days: int = 30) -> Page[UnpricedModel]:
    """Models that were called in the last days and had no price."""
    within(days, 1, 3660, "days")
    from_ns = clock.now_ns() - days * STEPS_NS["day"]
    recorder = await caught_up(work)
    return Page(await recorder.ask(lambda store: store.unpriced_models(work.project_id, from_ns=from_ns)))


def _window(project_id: str, from_: str | None, to: str | None) -> SpendFilter:
    from_ns, to_ns = read_moment(from_, "from"), read_moment(to, "to")
    to_ns = to_ns if to_ns is not None else clock.now_ns() + 1
    from_ns = from_ns if from_ns is not None else to_ns - _DEFAULT_DAYS * STEPS_NS["day"]
    if from_ns >= to_ns:
        raise InvalidInput("`from` is not before `to`.", param="from")
    return SpendFilter(project_id, max(0, from_ns), to_ns)


def _step(step: str | None, where: SpendFilter) -> Step:
    length = where.to_ns - where.from_ns
    chosen: Step = "hour" if step == "hour" or (step is None and length <= 3 * STEPS_NS["day"]) else "day"
    if step is not None and step not in STEPS_NS:
        raise InvalidInput(f"`step` is `hour` or `day`, not `{step}`.", param="step")
    if length // STEPS_NS[chosen] > _MOST_STEPS:
        longest = timedelta(microseconds=_MOST_STEPS * STEPS_NS[chosen] / 1000).days
        raise InvalidInput(f"By the {chosen}, a window has at most {longest} days.", param="from")
    return chosen


async def _labels(work: Work, by: Dimension) -> Mapping[str, str]:
    """What to show in place of an id."""
    if by != "key":
        return {}
    known = await keys.all_keys(work)
    return {"admin": "administrator", **{key.id: key.name for key in known.items}}


def _ranked(found: Sequence[SpendRow]) -> list[str]:
    """The keys, the dearest first."""
    return [row.key for row in sorted(found, key=lambda row: (-row.cost_pico, -row.calls, row.key))]


def _apart(ranked: Sequence[str]) -> Sequence[str]:
    """The keys that a series of their own is drawn for."""
    return ranked if len(ranked) <= _MOST_SERIES else ranked[: _MOST_SERIES - 1]


def _sums(row: SpendRow) -> Sums:
    return Sums(
        calls=row.calls,
        errors=row.errors,
        unpriced_calls=row.unpriced_calls,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cost_usd=row.cost_pico / PICO,
        provided_usd=row.provided_pico / PICO,
        mismatch_usd=(row.provided_pico - row.beside_provided_pico) / PICO,
    )


def _series(
    rows: Sequence[SpendRow], ranked: Sequence[str], labels: Mapping[str, str], starts: Sequence[int], width: int
) -> list[Series]:
    """The dearest groups apart, and all others as one."""
    apart = _apart(ranked)
    shown = {key: Series(key, labels.get(key, key), [0.0] * len(starts), [0] * len(starts)) for key in apart}
    rest = Series(OTHER, OTHER, [0.0] * len(starts), [0] * len(starts))
    for row in rows:
        series = shown.get(row.key, rest)
        place = (row.at_ns - starts[0]) // width
        series.cost_usd[place] += row.cost_pico / PICO
        series.calls[place] += row.calls
    return [*shown.values(), *([rest] if len(ranked) > len(apart) else [])]


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The first moment of a month (UTC), and of the next one."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)
