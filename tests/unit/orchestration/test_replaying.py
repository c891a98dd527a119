"""A replay is the same release on the same input again: its old documents, its old prompt."""

from __future__ import annotations

import pytest

from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.core.errors import LimitReached, NotFound
from quarterdeck.gateway.calls import call_model
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.observability import traces
from quarterdeck.observability.recorder import Recorder
from quarterdeck.orchestration import apps, replaying
from tests.fakes.upstream import Turn
from tests.unit.orchestration.conftest import LEAVE, House

QUESTION = "How many days of paid annual leave does a full-time employee have?"


async def test_a_replay_answers_from_the_documents_of_then(house: House) -> None:
    bot = await house.bot()
    then = await house.ask(bot, QUESTION)
    await house.publish("handbook", {"leave.md": LEAVE.replace("25 days", "40 days")})
    now = await house.ask(bot, QUESTION)

    again = await replaying.replay(house.work, then.trace_id)

    assert "40 days" in now.text
    assert again.same
    assert again.replay.output == again.original.output == then.text
    assert [part.op for part in again.diff] == ["equal"]
    assert again.original.release_id == again.replay.release_id != (await apps.get(house.work, bot)).release_id


async def test_the_new_trace_points_back_to_the_old_one(house: House) -> None:
    bot = await house.bot()
    then = await house.ask(bot, QUESTION)

    again = await replaying.replay(house.work, then.trace_id)

    found = await traces.get(house.work, again.replay.trace_id)
    root = next(span for span in found.spans if span.parent_id is None)
    assert again.replay.trace_id != then.trace_id
    assert root.attributes["quarterdeck.replay.of"] == then.trace_id
    assert root.release_id == again.original.release_id
    assert root.app == bot
    assert {span.kind for span in found.spans} == {"app", "retrieval", "prompt", "llm", "guardrail"}


async def test_what_a_model_says_differently_is_shown_word_by_word(house: House) -> None:
    bot = await house.bot(model="openai/gpt-4o-mini")
    house.upstream.script(
        Turn(words=("A full-time employee has 25 days of paid annual leave. [1]",)),
        Turn(words=("A full-time employee has 25 days of annual leave. [1]",)),
    )
    then = await house.ask(bot, QUESTION)

    again = await replaying.replay(house.work, then.trace_id)

    assert not again.same
    assert [(part.op, part.text) for part in again.diff if part.op != "equal"] == [("delete", "paid ")]


async def test_a_direct_call_of_a_model_can_be_replayed_too(house: House) -> None:
    work = house.work
    house.upstream.script(Turn(words=("Paris.",)), Turn(words=("Lyon.",)))
    async for _ in call_model(work, ChatRequest("openai/gpt-4o-mini", [Message("user", "The capital?")])):
        pass
    house.runtime.part(Recorder).accept(work.trace.finished)

    again = await replaying.replay(house.work, work.trace.trace_id)

    assert (again.original.output, again.replay.output) == ("Paris.", "Lyon.")
    assert house.upstream.last.body["messages"] == [{"role": "user", "content": "The capital?"}]


async def test_a_replay_costs_and_therefore_passes_the_same_limits(house: House) -> None:
    work = house.work
    async for _ in call_model(work, ChatRequest("openai/gpt-4o-mini", [Message("user", "The capital?")])):
        pass
    house.runtime.part(Recorder).accept(work.trace.finished)
    await limits.create(house.work, "one", LimitWish("project", "requests", 1, "month"))

    await replaying.replay(house.work, work.trace.trace_id)
    with pytest.raises(LimitReached, match="`one`"):
        await replaying.replay(house.work, work.trace.trace_id)

    (row,) = (await limits.usage(house.work)).items
    assert (row.used, row.reserved) == (1, 0)


async def test_a_trace_that_is_not_there_cannot_be_replayed(house: House) -> None:
    with pytest.raises(NotFound):
        await replaying.replay(house.work, "0" * 32)
