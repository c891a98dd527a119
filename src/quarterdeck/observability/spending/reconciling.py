"""Proves that what was accepted was recorded, and what was recorded was charged: the books against each other.

Three books are kept apart from one another: the spool with its ledger, the span store, and the counters of the limits.
A fourth may be given: what a provider says it has counted, by day and model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from quarterdeck.access.limits import limits
from quarterdeck.access.limits.records import Limit, LimitUsage, units_of
from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.money import PICO
from quarterdeck.observability.filters import read_moment
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.observability.spending.records import (
    Difference,
    ProviderUsage,
    Reconciliation,
    Spenders,
    SpendFilter,
    SpendRow,
)
from quarterdeck.runtime.work import Work

_COUNTED = ("cost", "tokens", "input_tokens", "output_tokens")
_DAY_NS = 86_400 * 10**9
_MOST_ROWS = 100_000
_PATTERN = frozenset("*?[")


async def reconcile(work: Work, provider: str | None = None, told: Sequence[ProviderUsage] = ()) -> Reconciliation:
    """Compare the books as they are at this moment."""
    if told and not provider:
        raise InvalidInput("Say whose usage it is: `provider`, by its name here.", param="provider")
    if len(told) > _MOST_ROWS:
        raise InvalidInput(f"An export may have {_MOST_ROWS} rows; this has {len(told)}.", param="told")
    recorder = work.part(Recorder)
    await recorder.flush(within_s=30)
    books = await recorder.check()
    differences: list[Difference] = []
    compared, left_out = 0, list[str]()
    if not books.balanced:
        differences.append(
            Difference("ledger", "spans", books.ledger.accepted, books.ledger.stored, "spans", "Spans are missing.",
                       books.problem or "Run `quarterdeck doctor`.")
        )  # fmt: skip
    for usage in (await limits.usage(work)).items:
        if usage.limit.metric not in _COUNTED:
            continue
        whose = _whose(usage)
        if whose is None:
            left_out.append(usage.limit.name)
            continue
        compared += 1
        found = await _of_limit(work, usage, whose)
        differences += [] if found is None else [found]
    if provider:
        differences += await _of_provider(work, provider, told)
    return Reconciliation(not differences, books, compared, sorted(set(left_out)), len(told), differences)


def _whose(usage: LimitUsage) -> Spenders | None:
    """The calls that a limit counts; None where spans do not tell them apart, as with a pattern."""
    limit = usage.limit
    if limit.subject == "project":
        return Spenders()
    value = usage.value or limit.subject_id
    if limit.subject == "model" or _PATTERN & set(value):
        return None  # a model is charged under the name that was asked for, too: an alias
    match limit.subject:
        case "team":
            return Spenders(team=value)
        case "key":
            return Spenders(key=value)
        case "user":
            return Spenders(user=value)
        case "tag":
            return Spenders(tag=value)
        case "app":
            return Spenders(app=value)


async def _of_limit(work: Work, usage: LimitUsage, whose: Spenders) -> Difference | None:
    limit = usage.limit
    began = [datetime.fromisoformat(moment) for moment in (usage.window_start, limit.created_at) if moment]
    start = max(began)
    where = SpendFilter(work.project_id, int(start.timestamp() * 1e9), clock.now_ns() + _DAY_NS, whose)
    rows = await work.part(Recorder).ask(lambda store: store.spend(where, by=None, step_ns=_DAY_NS))
    recorded, charged = _taken(limit, rows), units_of(limit.metric, usage.used)
    # A counter is told in floating dollars: what is less than a billionth of one is no difference.
    if abs(recorded - charged) <= (1000 if limit.metric == "cost" else 0):
        return None
    unit = "USD" if limit.metric == "cost" else "tokens"
    scale = PICO if limit.metric == "cost" else 1
    reason, remedy = _why(usage, recorded - charged)
    name = f"{limit.name}{f' of {usage.value}' if usage.value else ''}"
    return Difference("limit", name, recorded / scale, charged / scale, unit, reason, remedy)


def _taken(limit: Limit, rows: Sequence[SpendRow]) -> int:
    match limit.metric:
        case "cost":
            return sum(row.cost_pico for row in rows)
        case "input_tokens":
            return sum(row.input_tokens for row in rows)
        case "output_tokens":
            return sum(row.output_tokens for row in rows)
        case _:
            return sum(row.input_tokens + row.output_tokens for row in rows)


def _why(usage: LimitUsage, missing: int) -> tuple[str, str]:
    if usage.reserved:
        return "Calls are under way.", "Ask again when they are over."
    if missing < 0:
        return (
            "More was charged than recorded: a reservation of a process that was killed is charged in full, and spans "
            "that were priced anew are charged as they were.",
            "It ends with the window. `quarterdeck limits store` tells of such reservations.",
        )
    return (
        "More was recorded than charged: traces that were sent from elsewhere, calls before the limit concerned them, "
        "or spans that were priced anew.",
        "Compare by `quarterdeck usage`; it ends with the window.",
    )


async def _of_provider(work: Work, provider: str, told: Sequence[ProviderUsage]) -> list[Difference]:
    theirs: dict[tuple[str, str], ProviderUsage] = {}
    for row in told:
        day = _day_of(read_moment(row.day, "day") or 0)
        known = theirs.get((day, row.model), ProviderUsage(day, row.model))
        theirs[day, row.model] = replace(
            known,
            input_tokens=known.input_tokens + row.input_tokens,
            output_tokens=known.output_tokens + row.output_tokens,
        )
    if not theirs:
        return []
    first = datetime.fromisoformat(min(day for day, _ in theirs)).replace(tzinfo=UTC)
    after = datetime.fromisoformat(max(day for day, _ in theirs)).replace(tzinfo=UTC) + timedelta(days=1)
    where = SpendFilter(
        work.project_id, int(first.timestamp()) * 10**9, int(after.timestamp()) * 10**9, Spenders(provider=provider)
    )
    rows = await work.part(Recorder).ask(lambda store: _by_model(store, where))
    ours: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for taken in rows:
        sums = ours[_day_of(taken.at_ns), taken.key.removeprefix(f"{provider}/")]
        sums[0] += taken.input_tokens
        sums[1] += taken.output_tokens
    differences: list[Difference] = []
    for day, model in sorted({*theirs, *ours}):
        said = theirs.get((day, model), ProviderUsage(day, model))
        for which, counted, recorded in (
            ("input", said.input_tokens, ours.get((day, model), [0, 0])[0]),
            ("output", said.output_tokens, ours.get((day, model), [0, 0])[1]),
        ):
            if counted != recorded:
                reason, remedy = _why_theirs(counted, recorded)
                name = f"{day} {model} {which}"
                differences.append(Difference("provider", name, recorded, counted, "tokens", reason, remedy))
    return differences


def _day_of(moment_ns: int) -> str:
    return datetime.fromtimestamp(moment_ns // 10**9, UTC).date().isoformat()


def _by_model(store: SpanStore, where: SpendFilter) -> list[SpendRow]:
    return store.spend(where, by="model", step_ns=_DAY_NS)


def _why_theirs(counted: int, recorded: int) -> tuple[str, str]:
    if not recorded:
        return (
            "The provider counted what never came by here, or knows the model by another name.",
            "Look for a key of this provider that is used elsewhere, and compare the names of the models.",
        )
    if not counted:
        return (
            "It is not in the export, or there under another name.",
            "Export all models of the same days, in UTC, and compare the names.",
        )
    if counted > recorded:
        return (
            "Some calls went past the gateway, or broke off and were estimated.",
            "Look for calls with estimated usage among the traces, and for other users of the key.",
        )
    return (
        "The export ends earlier, or calls that broke off were estimated too high.",
        "Export whole days in UTC again; providers count with some hours of delay.",
    )
