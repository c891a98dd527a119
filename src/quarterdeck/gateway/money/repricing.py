"""Prices history anew: a durable job over past calls, batch by batch, with today's prices for the moment of each call.

It may be cut off anywhere and goes on from its last batch. A bill that is right already is left alone, so a batch that is
done twice changes nothing; a bill that is corrected is kept beside the right one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import NotFound
from quarterdeck.core.paging import Page
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.money import store
from quarterdeck.gateway.money.records import Repricing, RepricingScope
from quarterdeck.gateway.prices import Bill, Prices
from quarterdeck.gateway.recorded_usage import service_tier_of, usage_of
from quarterdeck.jobs.jobs import JobFunction, Jobs
from quarterdeck.observability.filters import read_moment
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.span_store import CallKey
from quarterdeck.observability.spending.records import Correction
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work

KIND = "reprice"
BATCH = 500
_SHOWN = 50
_GIVEN = "given"
"""The price id of a cost that came with a span from outside: not ours to correct."""


class _Batch(NamedTuple):
    """So many calls, and the last of them."""

    calls: int
    until: CallKey


async def start(work: Work, scope: RepricingScope) -> Repricing:
    """Begin a run; it goes on in the background."""
    read_moment(scope.since, "since")
    repricing = Repricing(
        id=ids.new_id("reprice"),
        status="waiting",
        scope=scope,
        looked_at=0,
        changed=0,
        difference_usd=0.0,
        created_at=clock.iso(clock.now()),
        created_by=work.actor.name,
    )
    await store.keep_run(work.runtime.database, work.project_id, repricing)
    await work.part(Jobs).start(KIND, {"run_id": repricing.id}, key=repricing.id)
    return repricing


async def get(work: Work, run_id: str) -> Repricing:
    """How far a run has come."""
    run = await store.run(work.runtime.database, run_id)
    if run is None or run.project_id != work.project_id:
        raise NotFound(f"There is no repricing `{run_id}`.")
    return run.repricing


async def runs(work: Work) -> Page[Repricing]:
    """The newest runs of a project."""
    return Page(await store.runs_of(work.runtime.database, work.project_id, limit=_SHOWN))


async def resume(runtime: Runtime) -> None:
    """Go on with the runs that were noted and whose job was not: a kill may have come in between."""
    for run_id in await store.unfinished(runtime.database):
        await runtime.part(Jobs).start(KIND, {"run_id": run_id}, key=run_id)


def repricing_job(runtime: Runtime) -> JobFunction:
    """The job of kind `reprice`: argument `run_id`."""

    async def reprice(arguments: dict[str, str]) -> None:
        run_id = arguments["run_id"]
        run = await store.run(runtime.database, run_id)
        if run is None or run.repricing.status in ("done", "failed"):
            return
        await store.progress(runtime.database, run_id, status="running")
        try:
            await _run(runtime, run)
        except Exception as error:
            await store.progress(runtime.database, run_id, status="failed", error=f"{type(error).__name__}: {error}")
            raise
        await store.progress(runtime.database, run_id, status="done", finished_at=clock.iso(clock.now()))

    return reprice


async def _run(runtime: Runtime, run: store.Run) -> None:
    recorder, scope, run_id, project_id = runtime.part(Recorder), run.repricing.scope, run.repricing.id, run.project_id
    looked_at, from_ns = run.repricing.looked_at, read_moment(scope.since, "since") or 0
    after = _Batch(0, msgspec.json.decode(run.cursor, type=CallKey)) if run.cursor else None
    await recorder.flush()
    while after := await _price_batch(runtime, project_id, run_id, scope, from_ns, after):
        looked_at += after.calls
        changed, difference = await recorder.ask(lambda spans: spans.corrections_of(project_id, run_id))
        await store.progress(
            runtime.database,
            run_id,
            looked_at=looked_at,
            changed=changed,
            difference_pico=difference,
            cursor=msgspec.json.encode(after.until).decode(),
        )


async def _price_batch(
    runtime: Runtime, project_id: str, run_id: str, scope: RepricingScope, from_ns: int, after: _Batch | None
) -> _Batch | None:
    """Price the calls behind a batch; None when there are no more."""
    recorder = runtime.part(Recorder)
    until = None if after is None else after.until
    calls = await recorder.ask(lambda spans: spans.paid_calls(project_id, from_ns=from_ns, after=until, limit=BATCH))
    found = [one for call in calls if (one := _correction(runtime, project_id, scope, call)) is not None]
    if found:
        await recorder.ask(lambda spans: spans.correct_bills(project_id, run_id, found))
    return _Batch(len(calls), (calls[-1].start_ns, calls[-1].trace_id, calls[-1].span_id)) if calls else None


def _correction(runtime: Runtime, project_id: str, scope: RepricingScope, call: Span) -> Correction | None:
    """The right bill of a call; None when it has it already, or is not asked for."""
    provider, model = call.provider or "", call.model or ""
    if (scope.only_unpriced and not call.unpriced) or call.price_id == _GIVEN:
        return None
    if not (_fits(provider, scope.provider) and _fits(model, scope.model)):
        return None
    bill = _bill(runtime, project_id, call)
    if bill is None or (bill.cost_pico, bill.price_id) == (call.cost_pico, call.price_id):
        return None
    return Correction(call.trace_id, call.span_id, call.start_ns, bill.cost_pico, bill.lines, bill.price_id)


def _bill(runtime: Runtime, project_id: str, call: Span) -> Bill | None:
    usage, prices = usage_of(call), runtime.part(Prices)
    if usage is None:
        return None
    at, tier = datetime.fromtimestamp(call.start_ns / 1e9, UTC), service_tier_of(call)
    reported = call.attributes.get("gen_ai.response.model")
    models = [reported if isinstance(reported, str) else None, call.model]
    provider = runtime.part(Catalogue).providers(project_id).get(call.provider or "")
    if provider is not None:
        return prices.bill(provider.account, models, usage, at, tier, project_id=project_id)
    return prices.bill_named(call.provider, models, usage, at, tier, project_id=project_id)


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
