"""A copy for a second model: paid for and recorded, and no part of the answer."""

from __future__ import annotations

from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.gateway.routing.records import Shadow
from quarterdeck.gateway.routing.shadowing import Shadows
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import TraceFilter
from quarterdeck.runtime.tracing import Span
from tests.fakes.turn import Turn
from tests.fakes.upstream import OPENAI_BROKEN
from tests.unit.gateway.routing.conftest import FIRST, SECOND, Crossroads

PRICED = "openai/gpt-4o-mini"


async def shadow_spans(crossroads: Crossroads) -> list[Span]:
    """The spans of all traces that are copies."""
    await crossroads.gateway.runtime.part(Shadows).settled()
    recorder = crossroads.gateway.runtime.part(Recorder)
    await recorder.flush()
    project_id = crossroads.gateway.work.project_id
    summaries, _ = await recorder.ask(lambda store: store.traces(TraceFilter(project_id), limit=100, after=None))
    found: list[Span] = []
    for summary in summaries:
        found += await crossroads.gateway.spans(summary.trace_id)
    return [span for span in found if "quarterdeck.shadow_of" in span.attributes]


async def test_a_copy_goes_to_the_shadow_when_the_answer_is_out(crossroads: Crossroads) -> None:
    await crossroads.alias("fast", PRICED, shadow=Shadow(FIRST))

    plain = await crossroads.ask()
    stream = await crossroads.ask(stream=True, metadata={"tags": ["mine"]})
    copies = await shadow_spans(crossroads)

    assert len(crossroads.first.received) == 2
    assert {span.attributes["quarterdeck.shadow_of"] for span in copies} == {
        plain.headers["x-quarterdeck-trace-id"],
        stream.headers["x-quarterdeck-trace-id"],
    }
    assert all("shadow" in span.tags for span in copies)
    assert {span.provider for span in copies} == {"first"}
    for reply in (plain, stream):
        (span,) = await crossroads.spans(reply)
        assert span.provider == "openai"
        assert "shadow" not in span.tags


async def test_a_shadow_that_fails_is_nobody_s_trouble(crossroads: Crossroads) -> None:
    await crossroads.alias("fast", SECOND, shadow=Shadow(FIRST))
    crossroads.first.script(Turn(status=500, error=OPENAI_BROKEN))

    reply = await crossroads.ask()
    (copy,) = await shadow_spans(crossroads)

    assert reply.status_code == 200
    assert copy.status == "error"


async def test_no_copy_of_what_failed_and_none_beyond_the_limits(crossroads: Crossroads) -> None:
    await crossroads.alias("fast", SECOND, shadow=Shadow(FIRST))
    await limits.create(crossroads.gateway.work, "few", LimitWish("model", "requests", 1, "day", subject_id=FIRST))
    crossroads.second.script(Turn(status=500, error=OPENAI_BROKEN), Turn())

    replies = [await crossroads.ask() for _ in range(3)]
    copies = await shadow_spans(crossroads)

    assert [reply.status_code for reply in replies] == [502, 200, 200]
    assert len(copies) == len(crossroads.first.received) == 1


async def test_copies_beyond_what_is_bearable_are_left_out(crossroads: Crossroads) -> None:
    await crossroads.alias("fast", SECOND, shadow=Shadow(FIRST))
    crossroads.first.script(Turn(silent_after=-1))
    shadows = crossroads.gateway.runtime.part(Shadows)

    for _ in range(34):
        await crossroads.ask()

    assert shadows.left_out == 2
    crossroads.first.release.set()
    await shadows.settled()


async def test_the_cache_answers_without_a_copy(crossroads: Crossroads) -> None:
    crossroads.gateway.plane.cache.enabled = True
    await crossroads.alias("fast", SECOND, shadow=Shadow(FIRST))

    replies = [await crossroads.ask() for _ in range(2)]
    await crossroads.gateway.runtime.part(Shadows).settled()

    assert [reply.headers["x-quarterdeck-cache"] for reply in replies] == ["miss", "hit"]
    assert len(crossroads.first.received) == 1
