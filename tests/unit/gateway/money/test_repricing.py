"""History priced anew: exactly once a call, the old bill kept, the sums corrected, whatever is cut off."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway.money import pricing, repricing, store
from quarterdeck.gateway.money.records import PriceWish, Repricing, RepricingScope
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.spending import corrections, reporting
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work


def call(work: Work, model: str = "house-7b", *, ago_s: int = 60, **fields: Any) -> Span:
    start_ns = clock.now_ns() - ago_s * 10**9
    return Span(
        **{
            "project_id": work.project_id,
            "trace_id": ids.new_trace_id(),
            "span_id": ids.new_span_id(),
            "name": f"chat {model}",
            "kind": "llm",
            "start_ns": start_ns,
            "end_ns": start_ns + 10**9,
            "model": model,
            "provider": "ours",
            "input_tokens": 1000,
            "output_tokens": 100,
            "unpriced": True,
            **fields,
        }
    )


async def record(work: Work, *spans: Span) -> None:
    recorder = work.part(Recorder)
    recorder.accept(spans)
    await recorder.flush()


async def finished(work: Work, run: Repricing) -> Repricing:
    for _ in range(400):
        run = await repricing.get(work, run.id)
        if run.status in ("done", "failed"):
            return run
        await asyncio.sleep(0.025)
    raise AssertionError(f"still {run.status}")


async def set_price(work: Work, usd: str = "1", **fields: Any) -> None:
    prices = {"input": Decimal(usd), "output": Decimal(usd)}
    await pricing.set_price(work, PriceWish(**{"provider": "*", "model": "house-*", "prices": prices, **fields}))


async def kept(work: Work, span: Span) -> Span:
    (found,) = await work.part(Recorder).ask(lambda spans: spans.trace(work.project_id, span.trace_id))
    return found


async def test_an_unpriced_model_is_listed_until_it_is_priced_and_its_history_with_it(work: Work) -> None:
    old, other = call(work, ago_s=3600), call(work, "nameless")
    await record(work, old, other, call(work))
    before = await reporting.unpriced_models(work)

    await set_price(work)
    run = await finished(work, await repricing.start(work, RepricingScope()))

    assert [(one.provider, one.model, one.calls, one.input_tokens) for one in before.items] == [
        ("ours", "house-7b", 2, 2000),
        ("ours", "nameless", 1, 1000),
    ]
    assert (run.status, run.looked_at, run.changed) == ("done", 3, 2)
    assert run.difference_usd == pytest.approx(2 * 0.0011)
    assert [one.model for one in (await reporting.unpriced_models(work)).items] == ["nameless"]
    now = await kept(work, old)
    assert (now.cost_pico, now.unpriced) == (1100 * 10**6, False)
    assert [(line.unit, line.quantity) for line in now.cost_lines] == [("input", 1000), ("output", 100)]
    summary = await work.part(Recorder).ask(lambda spans: spans.summary(work.project_id, old.trace_id))
    assert summary is not None and summary.cost_usd == 0.0011 and not summary.unpriced


async def test_the_bill_as_it_was_is_kept_beside_the_right_one(work: Work) -> None:
    await set_price(work, "1")
    span = call(work, cost_pico=5, price_id="wrong", unpriced=False)
    await record(work, span)

    run = await finished(work, await repricing.start(work, RepricingScope(only_unpriced=False)))

    (bill,) = (await corrections.of_trace(work, span.trace_id)).items
    assert (bill.repricing_id, bill.old_cost_usd, bill.old_price_id) == (run.id, 5e-12, "wrong")
    assert bill.new_cost_usd == 0.0011 and (bill.new_price_id or "").startswith("set:")


async def test_a_second_run_finds_everything_right_and_changes_nothing(work: Work) -> None:
    await set_price(work)
    span = call(work)
    await record(work, span)
    await finished(work, await repricing.start(work, RepricingScope(only_unpriced=False)))

    again = await finished(work, await repricing.start(work, RepricingScope(only_unpriced=False)))

    assert (again.looked_at, again.changed, again.difference_usd) == (1, 0, 0.0)
    assert len((await corrections.of_trace(work, span.trace_id)).items) == 1


async def test_a_run_that_was_cut_off_goes_on_behind_its_last_batch_and_counts_each_call_once(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repricing, "BATCH", 2)
    await record(work, *(call(work, ago_s=100 + n) for n in range(5)))
    await set_price(work)
    run = Repricing("reprice_1", "waiting", RepricingScope(), 0, 0, 0.0, clock.iso(clock.now()), "admin")
    await store.keep_run(work.runtime.database, work.project_id, run)
    keep_progress, noted = store.progress, 0

    async def dies_after_the_second_batch(*arguments: Any, **columns: Any) -> None:
        nonlocal noted
        noted += "cursor" in columns
        if noted == 2:
            raise asyncio.CancelledError  # as a kill: corrected, but not noted
        await keep_progress(*arguments, **columns)

    with monkeypatch.context() as dying:
        dying.setattr(store, "progress", dies_after_the_second_batch)
        with pytest.raises(asyncio.CancelledError):
            await repricing.repricing_job(work.runtime)({"run_id": run.id})
    await repricing.resume(work.runtime)
    done = await finished(work, run)

    assert (done.status, done.changed) == ("done", 5)
    assert done.difference_usd == pytest.approx(5 * 0.0011)
    report = await reporting.report(work)
    assert report.total.cost_usd == pytest.approx(5 * 0.0011)


async def test_only_what_is_in_the_scope_is_touched(work: Work) -> None:
    await set_price(work)
    old, new = call(work, ago_s=7200), call(work)
    given = call(work, price_id="given", cost_pico=7, unpriced=False)
    await record(work, old, new, given, call(work, cached=True))

    scope = RepricingScope(model="HOUSE-*", only_unpriced=False, since=clock.iso_from_ns(clock.now_ns() - 3600 * 10**9))
    run = await finished(work, await repricing.start(work, scope))

    assert run.changed == 1
    assert (await kept(work, old)).unpriced and not (await kept(work, new)).unpriced
    assert (await kept(work, given)).cost_pico == 7


async def test_the_price_of_the_moment_of_the_call_counts(work: Work) -> None:
    await set_price(work, "1")
    await set_price(work, "9", since=clock.iso(clock.now())[:10])
    span = call(work, ago_s=3 * 86400)
    await record(work, span)

    await finished(work, await repricing.start(work, RepricingScope()))

    assert (await kept(work, span)).cost_pico == 1100 * 10**6


async def test_spans_that_come_late_into_a_corrected_trace_keep_the_right_sum(work: Work) -> None:
    await set_price(work)
    span = call(work)
    await record(work, span)
    await finished(work, await repricing.start(work, RepricingScope()))

    await record(
        work,
        call(
            work,
            trace_id=span.trace_id,
            parent_id=span.span_id,
            kind="tool",
            input_tokens=None,
            output_tokens=None,
            unpriced=False,
        ),
    )

    summary = await work.part(Recorder).ask(lambda spans: spans.summary(work.project_id, span.trace_id))
    assert summary is not None and (summary.spans, summary.cost_usd) == (2, 0.0011)


async def test_a_scope_that_makes_no_sense_and_a_run_that_is_not_there_are_refused(work: Work) -> None:
    with pytest.raises(InvalidInput):
        await repricing.start(work, RepricingScope(since="yesterday"))
    with pytest.raises(NotFound):
        await repricing.get(work, "reprice_0")
