"""In which order targets are asked, strategy by strategy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.routing.conditions import holds
from quarterdeck.gateway.routing.records import Condition, Plan, Target
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.strategy import Question, all_strategies
from tests.unit.gateway.routing.conftest import Crossroads

CHEAP, DEAR = "openai/gpt-4o-mini", "openai/gpt-4o"


def selection(crossroads: Crossroads, strategy: str, *targets: Target, **options: Any) -> Selection:
    compiler = crossroads.gateway.runtime.part(Catalogue).compiler(crossroads.gateway.work.project_id)
    return compiler.selection("any", Plan(targets, strategy=strategy, options=options))


def question(crossroads: Crossroads, text: str = "Hello", envelope: Envelope | None = None, **more: Any) -> Question:
    request = ChatRequest("any", [Message("user", text)], **more)
    return Question(crossroads.gateway.work, request, envelope or Envelope(), len(text) // 4)


async def order(found: Selection, asked: Question) -> Sequence[str]:
    return [one.route.id for one in await found.strategy.rank(asked, found.candidates)]


async def test_weights_are_shares_and_nothing_is_last(crossroads: Crossroads) -> None:
    found = selection(
        crossroads, "weighted", Target("first/a", 3), Target("second/b", 1), Target("second/stand-by", weight=0)
    )

    orders = [await order(found, question(crossroads)) for _ in range(4000)]

    firsts = Counter(one[0] for one in orders)
    assert 0.70 < firsts["first/a"] / 4000 < 0.80
    assert {one[-1] for one in orders} == {"second/stand-by"}


async def test_the_least_busy_for_its_weight_is_asked(crossroads: Crossroads) -> None:
    found = selection(crossroads, "least-busy", Target("first/busy-a", 4), Target("second/busy-b", 1))
    strong, weak = found.candidates
    for _ in range(2):
        strong.health.begin()

    assert (await order(found, question(crossroads)))[0] == strong.route.id
    for _ in range(3):
        strong.health.begin()
    assert (await order(found, question(crossroads)))[0] == weak.route.id


async def test_the_faster_of_two_is_asked_and_load_counts(crossroads: Crossroads) -> None:
    found = selection(crossroads, "lowest-latency", Target("first/quick"), Target("second/slow"))
    quick, slow = found.candidates
    for candidate, ms in ((quick, 50.0), (slow, 200.0)):
        candidate.health.begin()
        candidate.health.succeed(ms, ms)

    assert (await order(found, question(crossroads, stream=True)))[0] == quick.route.id
    for _ in range(5):
        quick.health.begin()
    assert (await order(found, question(crossroads, stream=True)))[0] == slow.route.id


async def test_a_target_of_which_nothing_is_known_is_tried(crossroads: Crossroads) -> None:
    found = selection(crossroads, "lowest-latency", Target("first/known"), Target("second/new"))
    found.candidates[0].health.begin()
    found.candidates[0].health.succeed(100.0, 100.0)

    firsts = {(await order(found, question(crossroads)))[0] for _ in range(200)}

    assert "second/new" in firsts


async def test_the_cheapest_is_asked_and_one_without_a_price_is_last(crossroads: Crossroads) -> None:
    found = selection(crossroads, "lowest-cost", Target("first/no-price"), Target(DEAR), Target(CHEAP))

    assert await order(found, question(crossroads)) == [CHEAP, DEAR, "first/no-price"]


async def test_requests_of_one_session_stay_together_and_spread_over_sessions(crossroads: Crossroads) -> None:
    targets = (Target("first/a"), Target("second/b"), Target(CHEAP))
    found = selection(crossroads, "sticky", *targets, by="session")

    async def home(session: int, one: Selection = found) -> str:
        return (await order(one, question(crossroads, envelope=Envelope(session_id=f"s{session}"))))[0]

    homes = [await home(session) for session in range(300)]

    assert homes == [await home(session) for session in range(300)]
    assert min(Counter(homes).values()) > 60
    # One target less moves only what was its own.
    fewer = selection(crossroads, "sticky", *targets[:2], by="session")
    moved = [session for session in range(300) if await home(session, fewer) != homes[session]]
    assert {homes[session] for session in moved} == {CHEAP}


async def test_without_a_session_the_beginning_of_the_prompt_holds_requests_together(crossroads: Crossroads) -> None:
    found = selection(crossroads, "sticky", Target("first/a"), Target("second/b"), by="prefix")
    system = Message("system", "You are a clerk. " * 50)

    def asked(text: str, *later: str) -> Question:
        messages = [system, Message("user", text), *(Message("user", more) for more in later)]
        return replace(question(crossroads), request=ChatRequest("any", messages))

    assert await order(found, asked("One")) == await order(found, asked("One", "and", "more"))


async def test_the_rule_that_says_most_comes_first(crossroads: Crossroads) -> None:
    gold = Condition(metadata={"tier": "gold"})
    long = Condition(metadata={"tier": "gold"}, least_input_tokens=100)
    found = selection(
        crossroads, "rules", Target("first/rest"), Target("second/gold", when=gold), Target("second/long", when=long)
    )

    assert await order(found, question(crossroads)) == ["second/long", "second/gold", "first/rest"]


@pytest.mark.parametrize(
    ("condition", "does"),
    [
        (Condition(tags=("batch", "nightly")), True),
        (Condition(tags=("other",)), False),
        (Condition(metadata={"tier": "gold"}), True),
        (Condition(metadata={"tier": "gold", "team": "x"}), False),
        (Condition(users=("ada",)), True),
        (Condition(keys=("nobody",)), False),
        (Condition(environments=("production",)), False),
        (Condition(least_input_tokens=10), True),
        (Condition(most_input_tokens=10), False),
        (Condition(uses=("tools", "images")), True),
        (Condition(uses=("json",)), False),
        (Condition(uses_none_of=("tools",)), False),
        (Condition(uses_none_of=("audio", "images")), True),
    ],
)
async def test_conditions_look_at_labels_length_and_features(
    crossroads: Crossroads, condition: Condition, does: bool
) -> None:
    envelope = Envelope(user_id="ada", tags=("nightly",), metadata={"tier": "gold"})

    asked = question(crossroads, "word " * 20, envelope, tools=[{"type": "function"}])

    assert holds(condition, asked) is does


async def test_a_target_whose_condition_does_not_hold_is_not_asked(crossroads: Crossroads) -> None:
    await crossroads.alias(
        "by-size", Target("first/small", when=Condition(most_input_tokens=50)), Target("second/large")
    )

    short = await crossroads.ask("by-size")
    long = await crossroads.ask("by-size", messages=[{"role": "user", "content": "word " * 200}])

    assert [reply.headers["x-quarterdeck-model"] for reply in (short, long)] == ["first/small", "second/large"]


async def test_a_request_for_which_no_target_is_says_so(crossroads: Crossroads) -> None:
    await crossroads.alias("gold", Target("first/a", when=Condition(metadata={"tier": "gold"})))

    refused = await crossroads.ask("gold")
    welcome = await crossroads.ask("gold", metadata={"tier": "gold"})

    assert refused.status_code == 400
    assert "`when`" in refused.json()["error"]["message"]
    assert welcome.status_code == 200


@pytest.mark.parametrize(
    "strategy", ["ordered", "weighted", "least-busy", "lowest-latency", "lowest-cost", "rules", "sticky"]
)
async def test_an_option_that_a_strategy_does_not_have_is_refused(crossroads: Crossroads, strategy: str) -> None:
    assert strategy in all_strategies()

    with pytest.raises(InvalidInput, match=f"strategy `{strategy}`"):
        selection(crossroads, strategy, Target("first/a"), colour="blue")
