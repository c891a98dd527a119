"""Reports on spending: each sum once, whatever it is told apart by."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.spending import reporting
from quarterdeck.observability.spending.records import Spenders
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work
from tests.unit.observability.spans import T0, span

DAY_MS = 86_400_000
FROM, TO = clock.iso_from_ns(T0), clock.iso_from_ns(T0 + 3 * DAY_MS * 10**6)


def call(work: Work, day: float, usd: float, **fields: Any) -> Span:
    said: dict[str, Any] = {"model": "gpt-4o", "provider": "openai", "input_tokens": 10, "output_tokens": 1, **fields}
    return span(at_ms=day * DAY_MS, project_id=work.project_id, kind="llm", cost_pico=round(usd * 10**12), **said)


async def record(work: Work, *spans: Span) -> None:
    recorder = work.part(Recorder)
    recorder.accept(spans)
    await recorder.flush()


async def test_spending_is_told_apart_by_whoever_spends_and_by_day_beside_the_window_before(work: Work) -> None:
    await record(
        work,
        call(work, 0.1, 1, team="red"),
        call(work, 0.2, 2, team="blue"),
        call(work, 2.5, 4, team="red"),
        call(work, 2.9, 8),
        call(work, -1, 16, team="red"),
        call(work, 5, 32, team="red"),
        span(kind="tool", project_id=work.project_id),
    )

    report = await reporting.report(work, by="team", from_=FROM, to=TO)

    assert {group.key: (group.sums.cost_usd, group.previous_cost_usd) for group in report.groups} == {
        "": (8, None),
        "red": (5, 16),
        "blue": (2, None),
    }
    assert (report.total.cost_usd, report.total.calls) == (15, 4)
    assert report.previous is not None and report.previous.cost_usd == 16


async def test_the_series_has_every_step_and_sums_to_the_groups(work: Work) -> None:
    await record(work, call(work, 0.1, 1), call(work, 0.2, 2, model="small"), call(work, 2.5, 4))

    report = await reporting.report(work, by="model", step="day", from_=FROM, to=TO)

    assert report.at == [clock.iso_from_ns(T0 + day * DAY_MS * 10**6) for day in range(3)]
    assert {series.key: (series.cost_usd, series.calls) for series in report.series} == {
        "openai/gpt-4o": ([1, 0, 4], [1, 0, 1]),
        "openai/small": ([2, 0, 0], [1, 0, 0]),
    }


async def test_a_call_with_two_tags_counts_for_both_and_once_in_the_total(work: Work) -> None:
    await record(work, call(work, 0, 1, tags=("a", "b")), call(work, 0, 2, tags=("b",)), call(work, 0, 4))

    report = await reporting.report(work, by="tag", from_=FROM, to=TO)

    assert {group.key: group.sums.cost_usd for group in report.groups} == {"": 4, "b": 3, "a": 1}
    assert report.total.cost_usd == 7


@pytest.mark.parametrize(
    ("of", "cost"),
    [
        (Spenders(team="red"), 1),
        (Spenders(team=""), 6),
        (Spenders(tag="x"), 2),
        (Spenders(tag=""), 5),
        (Spenders(model="gpt-4o"), 7),
        (Spenders(model="openai/gpt-4o", user="ann"), 4),
        (Spenders(provider="nobody"), 0),
    ],
)
async def test_filters_narrow_and_an_empty_one_means_those_without(work: Work, of: Spenders, cost: float) -> None:
    await record(work, call(work, 0, 1, team="red"), call(work, 0, 2, tags=("x",)), call(work, 0, 4, user_id="ann"))

    report = await reporting.report(work, by="app", of=of, from_=FROM, to=TO)

    assert report.total.cost_usd == cost


async def test_what_caches_saved_is_told_and_costs_nothing(work: Work) -> None:
    hit = call(work, 0, 0, cached=True, saved_pico=3 * 10**12, attributes={"quarterdeck.cache.saved_ms": 1100.0})
    await record(work, call(work, 0, 1), hit)

    report = await reporting.report(work, by="model", from_=FROM, to=TO)

    assert (report.savings.hits, report.savings.saved_usd, report.savings.saved_ms) == (1, 3, 1000)
    assert report.total.cost_usd == 1
    assert report.total.input_tokens == 10


async def test_what_providers_say_themselves_stands_beside_our_own_sum(work: Work) -> None:
    await record(work, call(work, 0, 1, provided_cost_pico=3 * 10**12), call(work, 0, 5))

    report = await reporting.report(work, from_=FROM, to=TO)

    assert (report.total.provided_usd, report.total.mismatch_usd, report.total.cost_usd) == (3, 2, 6)


async def test_another_projects_money_is_not_in_it(work: Work) -> None:
    await record(work, call(work, 0, 1), replace_project(call(work, 0, 9)))

    report = await reporting.report(work, from_=FROM, to=TO)

    assert report.total.cost_usd == 1


async def test_many_groups_are_shown_as_the_dearest_and_the_rest(work: Work) -> None:
    await record(work, *(call(work, 0, n + 1, user_id=f"user-{n}") for n in range(20)))

    report = await reporting.report(work, by="user", from_=FROM, to=TO)

    assert len(report.groups) == 20 and report.groups[0].key == "user-19"
    assert report.series[-1].key == "other" and len(report.series) == 12
    assert sum(sum(series.cost_usd) for series in report.series) == pytest.approx(210)


@pytest.mark.parametrize(
    "asked",
    [{"by": "colour"}, {"step": "week"}, {"from_": TO, "to": FROM}, {"step": "hour", "from_": "2020-01-01T00:00:00Z"}],
)
async def test_a_report_that_makes_no_sense_is_refused(work: Work, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await reporting.report(work, **asked)


def replace_project(span: Span) -> Span:
    return Span(**{**{name: getattr(span, name) for name in span.__struct_fields__}, "project_id": "prj_other"})
