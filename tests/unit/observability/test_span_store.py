"""The contract of a span store: every plug-in passes these tests. They know nothing of how it keeps spans."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.observability import soundness
from quarterdeck.observability.records import Percentiles, TraceFilter, TraceSummary
from quarterdeck.observability.span_store import SpanStore, SpoolPosition
from quarterdeck.runtime.tracing import CostLine, Span
from tests.unit.observability.spans import MS, T0, answered, span

ALL = TraceFilter("prj_a")


def keep(store: SpanStore, *batches: Sequence[Span]) -> None:
    """Store batches one after the other."""
    for spans in batches:
        offset = store.stored().until.offset + 1
        store.add(spans, SpoolPosition(1, offset))


def all_traces(store: SpanStore, where: TraceFilter = ALL) -> list[TraceSummary]:
    found, more = store.traces(where, limit=1000, after=None)
    assert more is None
    return found


def only_trace(store: SpanStore) -> TraceSummary:
    (trace,) = all_traces(store)
    return trace


def test_a_new_store_is_empty(store: SpanStore) -> None:
    assert all_traces(store) == []
    assert store.count(ALL) == store.spans_stored() == store.stored().received == 0
    assert store.stored().until == SpoolPosition()
    assert store.trace("prj_a", "0" * 31 + "1") == []
    assert store.summary("prj_a", "0" * 31 + "1") is None
    assert store.histogram(ALL, buckets=10).buckets == []


def test_a_trace_is_one_row_with_its_root_and_the_sums_of_its_calls(store: SpanStore) -> None:
    keep(store, answered(user_id="ada", session_id="s1", service="portal", declined=False))

    trace = only_trace(store)

    assert replace(trace, trace_id="") == TraceSummary(
        trace_id="",
        name="policy-bot",
        started_at="2026-01-01T00:00:00.000000Z",
        latency_ms=100,
        ttft_ms=40,
        status="ok",
        app="policy-bot",
        model="gpt-4o-mini",
        provider="openai",
        release_id="rel_1",
        service="portal",
        user_id="ada",
        session_id="s1",
        spans=2,
        input_tokens=100,
        output_tokens=20,
        cost_usd=0.000027,
        unpriced=False,
        cached=False,
        input_preview="How much leave do I get?",
        output_preview="Thirty days [1].",
        declined=False,
    )
    assert store.summary("prj_a", trace.trace_id) == trace


def test_pages_walk_the_whole_list_newest_first_without_gap_or_repetition(store: SpanStore) -> None:
    # Several traces start in the same nanosecond: only the id tells them apart.
    spans = [span(at_ms=number // 4) for number in range(50)]
    random.Random(7).shuffle(spans)
    keep(store, spans[:20], spans[20:])

    walked: list[str] = []
    key = None
    while True:
        page, key = store.traces(ALL, limit=7, after=key)
        walked += [trace.trace_id for trace in page]
        if key is None:
            break

    by_key = sorted(spans, key=lambda each: (each.start_ns, each.trace_id), reverse=True)
    assert walked == [each.trace_id for each in by_key]


def test_a_page_that_ends_the_list_has_no_next_one(store: SpanStore) -> None:
    keep(store, [span(at_ms=number) for number in range(6)])

    first, key = store.traces(ALL, limit=3, after=None)
    second, end = store.traces(ALL, limit=3, after=key)

    assert (len(first), len(second), end) == (3, 3, None)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"status": "error"}, {"failed"}),
        ({"status": "ok"}, {"slow", "cached", "dear"}),
        ({"model": "claude-haiku-4-5"}, {"dear"}),
        ({"model": "anthropic/claude-haiku-4-5"}, {"dear"}),
        ({"model": "openai/claude-haiku-4-5"}, set()),
        ({"app": "hr-bot"}, {"slow"}),
        ({"release_id": "rel_9"}, {"slow"}),
        ({"session_id": "s9"}, {"failed"}),
        ({"user_id": "ada"}, {"cached"}),
        ({"service": "portal"}, {"dear"}),
        ({"min_latency_ms": 5000.0}, {"slow"}),
        ({"min_cost_usd": 0.5}, {"dear"}),
        ({"cached": True}, {"cached"}),
        ({"cached": False}, {"slow", "failed", "dear"}),
        ({"from_ns": T0 + 3000 * MS}, {"cached", "dear"}),
        ({"to_ns": T0 + 3000 * MS}, {"slow", "failed"}),
        ({"from_ns": T0 + 2000 * MS, "to_ns": T0 + 3000 * MS, "status": "error"}, {"failed"}),
        ({"q": "dear"}, {"dear"}),
        ({"model": "gpt-9"}, set()),
    ],
)
def test_each_filter_finds_what_it_names(store: SpanStore, where: dict[str, object], expected: set[str]) -> None:
    dear = span(at_ms=4000, name="dear", service="portal")
    call = span(
        dear.trace_id, at_ms=4010, kind="llm", parent_id=dear.span_id, model="claude-haiku-4-5", cost_pico=10**12
    )
    call = msgspec.structs.replace(call, provider="anthropic")
    keep(
        store,
        [
            span(at_ms=1000, takes_ms=9000, name="slow", app="hr-bot", release_id="rel_9"),
            span(at_ms=2000, name="failed", status="error", session_id="s9"),
            span(at_ms=3000, name="cached", cached=True, user_id="ada"),
            dear,
            call,
        ],
    )

    found = all_traces(store, replace(ALL, **where))  # type: ignore[arg-type]  # names and values go together above

    assert {trace.name for trace in found} == expected
    assert store.count(replace(ALL, **where)) == len(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "q",
    ["needle", "NEEDLE", 'said "quote"', "50 % off", "under_score", "back\\slash", "line one\nline two", "größer"],
)
def test_a_text_is_found_wherever_it_stands_and_only_there(store: SpanStore, q: str) -> None:
    text = 'a needle, he said "quote", 50 % off, under_score, back\\slash, line one\nline two, Größer'
    deep = "x" * 5000 + text
    in_input, in_output, in_child = span(input=[{"content": deep}]), span(output=deep), answered()
    in_child[0] = msgspec.structs.replace(in_child[0], output=deep)
    keep(store, [in_input, in_output, *in_child, span(name=text), span(input="50 of them, underXscore, hay")])

    assert store.count(replace(ALL, q=q)) == 4


def test_a_trace_is_found_by_its_id(store: SpanStore) -> None:
    spans = [span(), span()]
    keep(store, spans)

    assert [trace.trace_id for trace in all_traces(store, replace(ALL, q=spans[1].trace_id))] == [spans[1].trace_id]


def test_a_root_that_arrives_late_takes_its_place(store: SpanStore) -> None:
    call, app = answered()

    keep(store, [call])
    before = only_trace(store)
    keep(store, [app])
    after = only_trace(store)

    assert (before.name, before.spans, before.latency_ms) == ("chat gpt-4o-mini", 1, 80)
    assert (after.name, after.spans, after.latency_ms) == ("policy-bot", 2, 100)
    assert before.cost_usd == after.cost_usd == 0.000027


def test_a_call_that_arrives_late_is_added_to_the_sums(store: SpanStore) -> None:
    call, app = answered()
    second = msgspec.structs.replace(call, span_id="00000000000000aa", start_ns=call.start_ns + MS)
    keep(store, [call, app], [second])

    trace = only_trace(store)

    assert (trace.spans, trace.input_tokens, trace.cost_usd) == (3, 200, 0.000054)
    assert store.overview("prj_a", from_ns=T0, to_ns=T0 + 10**9, buckets=1).by_model[0].requests == 2


def test_an_agent_that_arrives_after_its_call_and_repeats_its_usage_does_not_double_it(store: SpanStore) -> None:
    call, _ = answered()
    wrapper = msgspec.structs.replace(
        call, span_id="00000000000000bb", parent_id=None, start_ns=call.start_ns - MS, name="wrapper"
    )
    call = msgspec.structs.replace(call, parent_id=wrapper.span_id)

    keep(store, [call], [wrapper])

    assert only_trace(store).cost_usd == 0.000027
    assert store.overview("prj_a", from_ns=T0, to_ns=T0 + 10**9, buckets=1).by_model[0].requests == 1


def test_spans_that_are_there_already_are_skipped(store: SpanStore) -> None:
    spans = answered()

    news = [
        store.add([*spans, *spans], SpoolPosition(1, 10)),
        store.add(spans, SpoolPosition(1, 20)),
        store.add([*spans, span(spans[0].trace_id, parent_id=spans[0].span_id)], SpoolPosition(1, 30)),
    ]

    assert news == [2, 0, 1]
    assert store.spans_stored() == 3
    assert (store.stored().received, store.stored().duplicates) == (9, 6)
    assert only_trace(store).spans == 3


def test_a_batch_that_fails_leaves_neither_spans_nor_position(store: SpanStore) -> None:
    keep(store, answered())
    before = store.stored()
    impossible = msgspec.structs.replace(span(), trace_id="not hexadecimal")

    with pytest.raises(Exception):  # noqa: B017  # which error is the plug-in's own affair
        store.add([span(), impossible], SpoolPosition(9, 9))

    assert store.stored() == before
    assert store.spans_stored() == 2
    keep(store, answered(1))
    assert store.spans_stored() == 4


def test_everything_is_still_there_when_it_is_opened_again(store: SpanStore) -> None:
    keep(store, answered())
    before = (all_traces(store), store.stored())

    store.close()
    store.open()

    assert (all_traces(store), store.stored()) == before


def test_projects_see_nothing_of_each_other(store: SpanStore) -> None:
    mine, yours = span(name="mine"), span(name="yours", project_id="prj_b")
    same_id = msgspec.structs.replace(yours, trace_id=mine.trace_id, span_id=mine.span_id, input="secret")
    keep(store, [mine, yours, same_id])

    assert [trace.name for trace in all_traces(store)] == ["mine"]
    assert [each.name for each in store.trace("prj_a", mine.trace_id)] == ["mine"]
    assert store.trace("prj_a", yours.trace_id) == []
    assert store.count(replace(ALL, q="secret")) == 0
    assert store.overview("prj_a", from_ns=T0, to_ns=T0 + 10**9, buckets=1).requests == 1


def test_spans_of_a_trace_come_back_in_order_of_start_exactly_as_they_were(store: SpanStore) -> None:
    call, app = answered()
    call = msgspec.structs.replace(
        call,
        cost_lines=(CostLine("input", 100, 150_000, 15_000_000), CostLine("output", 20, 600_000, 12_000_000)),
        attributes={"gen_ai.request.temperature": 0.2, "nested": {"list": [1, "zwei", None, True]}},
        status="error",
        status_message="it broke",
        reasoning_tokens=7,
        declined=True,
    )
    keep(store, [call, app])

    assert store.trace("prj_a", app.trace_id) == [app, call]


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_counts = st.none() | st.integers(0, 2**63 - 1)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "name": _texts,
            "status_message": _texts,
            "model": _texts,
            "user_id": _texts,
            "input": _json,
            "output": _json,
            "attributes": st.dictionaries(_texts, _json, max_size=3),
            "input_tokens": _counts,
            "cost_pico": _counts,
            "saved_pico": _counts,
            "first_token_ns": _counts,
            "declined": st.none() | st.booleans(),
            "cached": st.booleans(),
            "kind": st.sampled_from(["app", "llm", "tool", "other"]),
        },
    )
)
def test_every_sound_span_is_kept_as_it_is(store: SpanStore, fields: dict[str, object]) -> None:
    each = span(**fields)  # type: ignore[arg-type]
    assert soundness.check([each]) == ([each], [])

    keep(store, [each])

    assert store.trace("prj_a", each.trace_id) == [each]


def test_sums_beyond_64_bits_do_not_stop_the_spans_behind_them(store: SpanStore) -> None:
    most = 2**63 - 1
    call = answered()[0]
    claims = [
        msgspec.structs.replace(call, span_id=f"{number:016x}", input_tokens=most, cost_pico=most, saved_pico=most)
        for number in range(1, 4)
    ]

    keep(store, claims, [span()])

    assert store.spans_stored() == 4
    assert store.overview("prj_a", from_ns=T0, to_ns=T0 + 10**9, buckets=1).tokens.input == most


def test_the_histogram_counts_every_match_once_and_errors_apart(store: SpanStore) -> None:
    keep(store, [span(at_ms=second * 1000, status="error" if second % 5 == 0 else "ok") for second in range(60)])

    of_all = store.histogram(ALL, buckets=7)
    of_window = store.histogram(replace(ALL, from_ns=T0 + 10_000 * MS, to_ns=T0 + 20_000 * MS), buckets=10)

    assert (sum(bucket.ok for bucket in of_all.buckets), sum(bucket.error for bucket in of_all.buckets)) == (48, 12)
    assert len(of_all.buckets) == 7
    assert [(bucket.ok, bucket.error) for bucket in of_window.buckets] == [(0, 1), *[(1, 0)] * 4] * 2
    assert of_window.bucket_s == 1.0
    assert of_window.buckets[3].at == "2026-01-01T00:00:13.000000Z"


def test_the_overview_sums_up_a_stretch_of_time(store: SpanStore) -> None:
    traces = [answered(number * 1000) for number in range(20)]
    failed = [span(at_ms=500, takes_ms=5000, name="failed", status="error")]
    local = answered(600)
    local[0] = msgspec.structs.replace(local[0], model="mystery", cost_pico=None, unpriced=True)
    hit = [
        span(
            at_ms=700,
            takes_ms=4,
            name="policy-bot",
            kind="app",
            app="policy-bot",
            cached=True,
            saved_pico=10**9,
            attributes={"quarterdeck.cache.saved_ms": 100.0},
        ),
        span(at_ms=800, name="policy-bot", kind="app", app="policy-bot", declined=True),
    ]
    keep(store, *traces, failed, local, hit, answered(3_600_000))

    overview = store.overview("prj_a", from_ns=T0, to_ns=T0 + 20_000 * MS, buckets=4)

    assert (overview.from_, overview.to, overview.bucket_s) == (
        "2026-01-01T00:00:00.000000Z",
        "2026-01-01T00:00:20.000000Z",
        5.0,
    )
    assert (overview.requests, overview.errors, overview.unpriced_requests) == (24, 1, 1)
    assert overview.latency_ms == Percentiles(p50=100, p95=100)
    assert overview.ttft_ms == Percentiles(p50=40, p95=40)
    assert overview.cost_usd == pytest.approx(20 * 0.000027)
    assert (overview.tokens.input, overview.tokens.output) == (2100, 420)
    assert (overview.cache.hits, overview.cache.saved_usd, overview.cache.saved_ms) == (1, 0.001, 96)
    assert overview.cache.hit_rate == pytest.approx(1 / 24)
    assert [point.requests for point in overview.series] == [9, 5, 5, 5]
    assert [point.errors for point in overview.series] == [1, 0, 0, 0]
    assert overview.series[1].p95_ms == 100
    assert [(row.model, row.requests, row.cost_usd) for row in overview.by_model] == [
        ("gpt-4o-mini", 20, pytest.approx(20 * 0.000027)),
        ("mystery", 1, None),
    ]
    assert [(row.app, row.requests, row.declined) for row in overview.by_app] == [("policy-bot", 23, 1)]


def test_an_overview_of_nothing_claims_nothing(store: SpanStore) -> None:
    overview = store.overview("prj_a", from_ns=T0, to_ns=T0 + 10**9, buckets=3)

    assert (overview.requests, overview.cost_usd, overview.cache.hit_rate) == (0, 0, None)
    assert overview.latency_ms == overview.ttft_ms == Percentiles(None, None)
    assert [point.p95_ms for point in overview.series] == [None, None, None]


def test_readers_see_whole_batches_while_one_writes(store: SpanStore) -> None:
    def watch() -> set[int]:
        seen = set()
        while store.stored().until.offset < 30:
            seen.add(store.spans_stored() % 10)
            assert all(trace.spans == 2 for trace in store.traces(ALL, limit=50, after=None)[0])
        return seen

    with ThreadPoolExecutor(2) as threads:
        watching = [threads.submit(watch) for _ in range(2)]
        for batch in range(30):
            keep(store, [each for number in range(5) for each in answered(batch * 10 + number)])
        seen = set.union(*(each.result() for each in watching))

    assert seen == {0}


def test_housekeeping_changes_nothing_that_can_be_asked(store: SpanStore) -> None:
    large = [span(at_ms=number, input="x" * 100_000 + str(number)) for number in range(400)]
    keep(store, *(large[start : start + 40] for start in range(0, 400, 40)))
    before = all_traces(store)

    store.tidy()

    assert all_traces(store) == before
    assert store.count(replace(ALL, q="x399")) == 1


def test_labels_are_columns_and_each_can_be_asked_for(store: SpanStore) -> None:
    labels: dict[str, Any] = {
        "team": "red",
        "environment": "ci",
        "prompt": "greeting",
        "prompt_version": "3",
        "api_key_id": "key_1",
    }
    keep(store, answered(**labels, tags=("nightly", "eu"), metadata={"plan": "pro", 'a "b"': "ü"}), answered())

    found, _ = store.traces(ALL, limit=10, after=None)
    labelled = next(trace for trace in found if trace.team)

    assert {name: getattr(labelled, name) for name in labels} == labels
    assert (labelled.tags, labelled.metadata) == (["nightly", "eu"], {"plan": "pro", 'a "b"': "ü"})
    (root,) = [span for span in store.trace("prj_a", labelled.trace_id) if span.kind == "app"]
    assert (root.tags, root.metadata, root.team) == (("nightly", "eu"), {"plan": "pro", 'a "b"': "ü"}, "red")
    for where in (
        replace(ALL, team="red"),
        replace(ALL, environment="ci"),
        replace(ALL, prompt="greeting", prompt_version="3"),
        replace(ALL, api_key_id="key_1"),
        replace(ALL, tags=("eu", "nightly")),
        replace(ALL, metadata=(("plan", "pro"), ('a "b"', "ü"))),
    ):
        assert store.count(where) == 1
    for where in (replace(ALL, tags=("eu", "other")), replace(ALL, metadata=(("plan", "free"),))):
        assert store.count(where) == 0


def test_a_late_span_keeps_the_labels_of_its_trace(store: SpanStore) -> None:
    early, late = answered(tags=("a",), metadata={"plan": "pro"}, team="red")

    keep(store, [late])
    keep(store, [early])

    trace = only_trace(store)
    assert (trace.tags, trace.metadata, trace.team, trace.spans) == (["a"], {"plan": "pro"}, "red", 2)
