"""An alias goes around no limit: the key's list of models, a model's budget, what each attempt has used."""

from __future__ import annotations

from quarterdeck.access import keys
from quarterdeck.access.keys import KeyTerms
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.access.limits.records import LimitUsage
from quarterdeck.gateway.routing.records import Fallbacks
from tests.fakes.turn import Turn
from tests.fakes.upstream import OPENAI_BROKEN
from tests.unit.gateway.routing.conftest import FIRST, SECOND, Crossroads

PRICED = "openai/gpt-4o-mini"
COST = (20 * 0.15 + 10 * 0.60) / 1e6


async def used(crossroads: Crossroads, name: str) -> LimitUsage:
    (row,) = (await limits.usage_of(crossroads.gateway.work, name)).items
    return row


async def test_a_key_may_call_the_alias_it_is_allowed_and_no_model_behind_another(crossroads: Crossroads) -> None:
    await crossroads.alias("fast")
    await crossroads.alias("dear", FIRST)
    terms = KeyTerms(allowed_models=("fast", "first/*"))
    secret = (await keys.create(crossroads.gateway.work, "narrow", terms=terms)).secret
    as_narrow = {"authorization": f"Bearer {secret}"}

    statuses = {
        model: (await crossroads.ask(model, headers=as_narrow)).status_code
        for model in ("fast", FIRST, "dear", SECOND, f"{FIRST},{SECOND}", f"{FIRST},first/other")
    }
    in_body = await crossroads.ask(FIRST, headers=as_narrow, fallbacks=[SECOND])

    assert statuses == {
        "fast": 200,
        FIRST: 200,
        "dear": 403,
        SECOND: 403,
        f"{FIRST},{SECOND}": 403,
        f"{FIRST},first/other": 200,
    }
    assert in_body.status_code == 403


async def test_the_spent_budget_of_a_model_leads_to_the_fallback(crossroads: Crossroads) -> None:
    await limits.create(crossroads.gateway.work, "little", LimitWish("model", "cost", COST, "day", subject_id=PRICED))
    await crossroads.alias("thrifty", PRICED, fallbacks=Fallbacks(budget=(SECOND,)))
    await crossroads.alias("strict", PRICED)

    replies = [await crossroads.ask("thrifty", max_tokens=10) for _ in range(2)]
    refused = await crossroads.ask("strict", max_tokens=10)

    assert [reply.headers["x-quarterdeck-model"] for reply in replies] == [PRICED, SECOND]
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "insufficient_quota"
    usage = await used(crossroads, "little")
    assert (usage.used, usage.reserved) == (COST, 0)


async def test_the_spent_budget_of_a_key_leads_to_who_costs_nothing(crossroads: Crossroads) -> None:
    await limits.create(crossroads.gateway.work, "project", LimitWish("project", "cost", COST, "day"))
    await crossroads.alias("thrifty", PRICED, fallbacks=Fallbacks(budget=("local/extractive",)))
    await crossroads.alias("strict", PRICED, fallbacks=Fallbacks(error=("local/extractive",)))

    replies = [await crossroads.ask("thrifty", max_tokens=10) for _ in range(2)]
    refused = await crossroads.ask("strict", max_tokens=10)

    assert [reply.headers["x-quarterdeck-model"] for reply in replies] == [PRICED, "local/extractive"]
    assert refused.status_code == 429
    assert (await used(crossroads, "project")).used == COST


async def test_each_attempt_counts_for_its_own_model(crossroads: Crossroads) -> None:
    for name, model in (("a", FIRST), ("b", SECOND)):
        await limits.create(crossroads.gateway.work, name, LimitWish("model", "requests", 10, "day", subject_id=model))
    await limits.create(crossroads.gateway.work, "all", LimitWish("project", "requests", 10, "day"))
    await crossroads.alias()
    crossroads.first.script(Turn(status=500, error=OPENAI_BROKEN))

    await crossroads.ask()
    await crossroads.ask(stream=True)

    assert [(await used(crossroads, name)).used for name in ("a", "b", "all")] == [2, 2, 2]


async def test_tokens_of_a_stream_that_broke_are_charged_to_who_spoke(crossroads: Crossroads) -> None:
    await limits.create(crossroads.gateway.work, "a", LimitWish("model", "tokens", 10_000, "day", subject_id=FIRST))
    await crossroads.alias()
    crossroads.first.script(Turn(reset_after=3))

    reply = await crossroads.ask(stream=True)

    (span,) = await crossroads.spans(reply)
    assert span.output_tokens
    usage = await used(crossroads, "a")
    assert (usage.used, usage.reserved) == ((span.input_tokens or 0) + span.output_tokens, 0)
