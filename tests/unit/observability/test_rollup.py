"""A trace's row: which span is the root, and which calls count. Money is never counted twice."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from quarterdeck.observability.rollup import SpanRow, TraceRow, roll_up, to_row
from tests.unit.observability.spans import span

TRACE = "ab" * 16


def row(span_id: str, parent_id: str | None = None, **fields: Any) -> SpanRow:
    """A span of the one trace of these tests; ids are single letters."""
    return to_row(
        span(
            TRACE, span_id=span_id * 16, parent_id=parent_id * 16 if parent_id else None, **{"name": span_id, **fields}
        )
    )


def call(span_id: str, parent_id: str | None = None, **fields: Any) -> SpanRow:
    """A model call that takes 10 + 5 tokens and costs 100 pico-dollars."""
    usual = {"kind": "llm", "model": "m", "input_tokens": 10, "output_tokens": 5, "cost_pico": 100}
    return row(span_id, parent_id, **{**usual, **fields})


def sums(*spans: SpanRow) -> tuple[int, int, int, int | None]:
    """Counted calls, tokens in and out, cost; the same in whatever order the spans come."""
    found = {_sums(roll_up(order)[0]) for order in itertools.permutations(spans)}
    assert len(found) == 1
    return found.pop()


def _sums(trace: TraceRow) -> tuple[int, int, int, int | None]:
    return trace.calls, trace.input_tokens, trace.output_tokens, trace.cost_pico


def test_calls_are_summed_wherever_they_hang() -> None:
    assert sums(row("a"), call("b", "a"), row("c", "a"), call("d", "c")) == (2, 20, 10, 200)


def test_an_agent_that_repeats_the_usage_of_its_calls_is_not_counted() -> None:
    agent = row("a", kind="agent", input_tokens=20, output_tokens=10, cost_pico=200)

    assert sums(agent, call("b", "a"), call("c", "a")) == (2, 20, 10, 200)


def test_a_call_around_a_call_is_counted_once() -> None:
    assert sums(call("a"), call("b", "a")) == (1, 10, 5, 100)
    assert sums(call("a"), row("b", "a"), call("c", "b")) == (1, 10, 5, 100)


def test_a_call_around_a_call_that_tells_no_usage_is_counted_itself() -> None:
    silent = call("b", "a", input_tokens=None, output_tokens=None, cost_pico=None)

    assert sums(call("a"), silent)[1:] == (10, 5, 100)


def test_two_reports_of_one_response_are_counted_once() -> None:
    same = {"attributes": {"gen_ai.response.id": "chatcmpl-1"}}
    other = {"attributes": {"gen_ai.response.id": "chatcmpl-2"}}

    assert sums(row("a"), call("b", "a", **same), call("c", "a", **same), call("d", "a", **other)) == (2, 20, 10, 200)


def test_of_two_reports_of_one_response_the_one_with_usage_counts() -> None:
    same = {"attributes": {"gen_ai.response.id": "chatcmpl-1"}}
    silent = call("b", "a", input_tokens=None, output_tokens=None, cost_pico=None, **same)

    assert sums(row("a"), silent, call("c", "a", at_ms=5, **same)) == (1, 10, 5, 100)


def test_a_cached_answer_costs_nothing() -> None:
    trace, _ = roll_up([row("a"), call("b", "a", cached=True, saved_pico=100, cost_pico=None, unpriced=True)])

    assert (trace.cached, trace.saved_pico, trace.cost_pico, trace.input_tokens) == (True, 100, 0, 0)
    assert not trace.unpriced


@pytest.mark.parametrize(
    ("costs", "cost", "unpriced"),
    [([None], None, True), ([None, 100], 100, True), ([100], 100, False), ([], 0, False)],
)
def test_an_unknown_price_is_flagged_and_never_zero(costs: list[int | None], cost: int | None, unpriced: bool) -> None:
    calls = [
        call(span_id, "a", cost_pico=given, unpriced=given is None) for span_id, given in zip("bc", costs, strict=False)
    ]

    trace, _ = roll_up([row("a"), *calls])

    assert (trace.cost_pico, trace.unpriced) == (cost, unpriced)


def test_the_root_is_the_span_without_a_parent_even_when_it_starts_last() -> None:
    trace, _ = roll_up([row("b", "a"), row("a", at_ms=50), row("c", "f", at_ms=-5)])

    assert trace.name == "a"


def test_without_a_root_the_earliest_span_whose_parent_is_elsewhere_stands_in() -> None:
    trace, _ = roll_up([row("d", "c"), row("c", "e", at_ms=20), row("b", "f", at_ms=10)])

    assert trace.name == "b"


def test_spans_in_a_circle_still_make_a_row() -> None:
    trace, calls = roll_up([call("a", "b"), call("b", "a", at_ms=1)])

    assert (trace.name, trace.spans) == ("a", 2)
    assert calls == []


def test_the_root_says_what_the_trace_is_and_others_fill_in_what_it_leaves_open() -> None:
    trace, _ = roll_up(
        [
            row("a", user_id="ada"),
            row("b", "a", user_id="bob", session_id="s1", app="bot", declined=True),
            call("c", "a", at_ms=1, model="first", status="error"),
            call("d", "a", at_ms=2, model="second"),
        ]
    )

    assert (trace.user_id, trace.session_id, trace.app, trace.declined) == ("ada", "s1", "bot", True)
    # A fallback that worked is a good answer, by the model that gave it.
    assert (trace.status, trace.model) == ("ok", "second")
