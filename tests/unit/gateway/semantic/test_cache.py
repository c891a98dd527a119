"""The semantic cache in a running data plane: asked for, learnt, served under its promise, and never beyond its scope."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway.conversation import FinishPiece, TextPiece
from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.records import Plan, Target
from quarterdeck.gateway.semantic import caches, standing
from quarterdeck.gateway.semantic.cache import SemanticCache
from quarterdeck.gateway.semantic.promise import Promise
from quarterdeck.gateway.semantic.records import Policy
from quarterdeck.gateway.semantic.rehearsing import LabelledQuestion
from tests.conftest import FreshHome
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import FixedApp, Gateway, running_gateway

MODEL = "openai/gpt-4o-mini"
FIRST, AGAIN = "What is the capital of France?", "Tell me, what is the capital of France?"
EASY = Policy(promise=Promise(0.2, 0.8), check_share=0.01)
"""A promise that eight checks without a mistake allow."""
LABELS = [
    LabelledQuestion(text, text.split()[-1])
    for topic in ("passports", "parking", "pensions")
    for text in (
        f"how do i ask about {topic}",
        f"how can i ask about {topic}",
        f"how do i ask for {topic}",
        f"please, how do i ask about {topic}",
        f"how could i ask about {topic}",
        f"how would i ask about {topic}",
    )
]


@pytest.fixture(autouse=True)
def lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits are compared always or never here, not by lot."""
    monkeypatch.setattr(standing, "drawn", lambda share: share == 1.0)


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream, fresh_home: FreshHome) -> AsyncIterator[Gateway]:
    async with running_gateway(fresh_home(tmp_path / "home"), upstream) as gateway:
        yield gateway


async def post(gateway: Gateway, question: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    whole = {"model": MODEL, "messages": [{"role": "user", "content": question}], **(body or {})}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = await gateway.http().post("/v1/chat/completions", json=whole, headers=names)
    await learnt(gateway)
    return reply


async def learnt(gateway: Gateway) -> None:
    """Wait until what follows an answer has been done."""
    semantic = gateway.runtime.part(SemanticCache)
    while semantic._learning:
        await asyncio.gather(*semantic._learning)
        await asyncio.sleep(0)


async def serving(gateway: Gateway, policy: Policy = EASY, target: str = MODEL) -> None:
    """A semantic cache that has the checks its promise takes."""
    await caches.put(gateway.work, target, policy)
    card = await caches.calibrate(gateway.work, target, LABELS)
    assert card.state == "serving", card.reason


def said(reply: httpx.Response) -> str:
    return str(reply.headers.get("x-quarterdeck-semantic-cache", "")).partition(";")[0]


async def test_nobody_who_did_not_ask_for_it_meets_it(gateway: Gateway) -> None:
    await post(gateway, FIRST)
    reply = await post(gateway, AGAIN)

    assert "x-quarterdeck-semantic-cache" not in reply.headers
    assert len(gateway.upstream.received) == 2


async def test_the_same_meaning_gets_the_same_answer(gateway: Gateway) -> None:
    await serving(gateway)
    first = await post(gateway, FIRST)
    again = await post(gateway, AGAIN)

    assert (said(first), said(again)) == ("nothing-near", "hit")
    assert again.headers["x-quarterdeck-cache"] == "hit"
    assert "most-wrong=0.2; confidence=0.8" in again.headers["x-quarterdeck-semantic-cache"]
    one, other = first.json(), again.json()
    assert other["choices"][0]["message"]["content"] == one["choices"][0]["message"]["content"]
    assert (other["model"], other["usage"]["total_tokens"]) == (one["model"], one["usage"]["total_tokens"])
    assert len(gateway.upstream.received) == 1


async def test_a_hit_leaves_a_span_with_its_neighbour_and_promise(gateway: Gateway) -> None:
    await serving(gateway)
    first = await post(gateway, FIRST)
    again = await post(gateway, AGAIN)

    paid = await gateway.only_span(first.headers["x-quarterdeck-trace-id"])
    saved = await gateway.only_span(again.headers["x-quarterdeck-trace-id"])
    assert (saved.cached, saved.cost_pico, saved.saved_pico) == (True, 0, paid.cost_pico)
    assert saved.attributes["quarterdeck.semantic.neighbour_trace_id"] == paid.trace_id
    assert saved.attributes["quarterdeck.semantic.neighbour"] == FIRST
    assert saved.attributes["quarterdeck.semantic.promise"] == "at most 20 % wrong at 80 % confidence"
    assert 0.8 < saved.attributes["quarterdeck.semantic.similarity"] <= 1
    assert paid.attributes["quarterdeck.semantic.status"] == "nothing-near"
    assert (await caches.get(gateway.work, MODEL)).saved_usd > 0


async def test_a_hit_is_streamed_to_who_wants_a_stream(gateway: Gateway) -> None:
    await serving(gateway)
    await post(gateway, FIRST)

    stream = await gateway.openai().chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": AGAIN}], stream=True
    )
    words = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]

    assert "".join(words) == "Paris is the capital."
    assert len(gateway.upstream.received) == 1


async def test_another_dialect_has_its_own_answers_in_its_own_shape(gateway: Gateway) -> None:
    await serving(gateway)
    client = gateway.anthropic()
    for question in (FIRST, AGAIN):
        reply = await client.messages.create(
            model=MODEL, max_tokens=50, messages=[{"role": "user", "content": question}]
        )
        await learnt(gateway)

    assert reply.content[0].text == "Paris is the capital."
    assert len(gateway.upstream.received) == 1


OTHERS: list[dict[str, Any]] = [
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": AGAIN}]},
    {"messages": [*({"role": role, "content": "Hi"} for role in ("user", "assistant")), {"role": "user", "content": AGAIN}]},
    {"model": "openai/gpt-4o"},
    {"max_tokens": 5},
    {"user": "bob"},
    {"tools": [{"type": "function", "function": {"name": "f"}}]},
    {"response_format": {"type": "json_object"}},
    {"unknown_option": True},
]  # fmt: skip


async def test_whatever_else_differs_is_another_scope(gateway: Gateway) -> None:
    await serving(gateway)
    await serving(gateway, target="openai/gpt-4o")
    await post(gateway, FIRST)

    for other in OTHERS:
        assert said(await post(gateway, AGAIN, other)) == "nothing-near", other
    assert said(await post(gateway, AGAIN)) == "hit"


async def test_keys_do_not_share_answers_unless_they_are_told_to(gateway: Gateway) -> None:
    other = f"Bearer {await gateway.another_key('other')}"
    await serving(gateway)
    await post(gateway, FIRST)
    alone = await post(gateway, AGAIN, authorization=other)
    await serving(gateway, Policy(promise=EASY.promise, check_share=0.01, shared=True))
    await post(gateway, FIRST, {"max_tokens": 9})

    together = await post(gateway, AGAIN, {"max_tokens": 9}, authorization=other)

    assert (said(alone), said(together)) == ("nothing-near", "hit")


async def test_a_new_release_begins_with_nothing(gateway: Gateway) -> None:
    body = {"model": "bot"}
    gateway.apps.apps["bot"] = FixedApp("bot", "rel_1", [TextPiece("Paris."), FinishPiece()])
    await serving(gateway, target="bot")
    await post(gateway, FIRST, body)
    hit = await post(gateway, AGAIN, body)
    gateway.apps.apps["bot"] = FixedApp("bot", "rel_2", [TextPiece("Lyon."), FinishPiece()])

    renewed = await post(gateway, AGAIN, body)

    assert (said(hit), hit.headers["x-quarterdeck-release"]) == ("hit", "rel_1")
    assert renewed.json()["choices"][0]["message"]["content"] == "Lyon."


async def test_near_and_yet_another_question(gateway: Gateway) -> None:
    await serving(gateway)
    await post(gateway, FIRST)
    await post(gateway, "May I take my laptop home after 2 years?")

    france = said(await post(gateway, "What is the capital of Norway?"))
    years = said(await post(gateway, "May I take my laptop home after 3 years?"))
    denied = said(await post(gateway, "May I not take my laptop home after 2 years?"))

    assert (france, years, denied) == ("vetoed: names", "vetoed: numbers", "vetoed: negation")
    assert len(gateway.upstream.received) == 5


async def test_personal_data_stays_out_unless_it_is_let_in(gateway: Gateway) -> None:
    question = "What does jane@example.com pay?"
    await serving(gateway)
    out = [said(await post(gateway, question, {"max_tokens": 5})) for _ in range(2)]
    await serving(gateway, Policy(promise=EASY.promise, check_share=0.01, personal_data=True))

    let_in = said(await post(gateway, f"Tell me: {question}", {"max_tokens": 6}))

    # The second one is in the exact cache, for which the very same words are asked.
    assert out == ["personal-data: email", ""]
    assert let_in == "nothing-near"


async def test_an_answer_with_personal_data_is_not_kept(gateway: Gateway) -> None:
    await serving(gateway)
    gateway.upstream.script(Turn(words=("Write to ", "jane@example.com")), Turn())
    await post(gateway, FIRST)

    assert said(await post(gateway, AGAIN)) == "nothing-near"


async def test_a_header_asks_for_it_or_refuses_it(gateway: Gateway) -> None:
    asked = await post(gateway, FIRST, x_quarterdeck_semantic_cache="on")
    again = await post(gateway, AGAIN, x_quarterdeck_semantic_cache="on")
    unasked = await post(gateway, AGAIN, {"max_tokens": 4})
    await caches.put(gateway.work, MODEL, EASY)
    refused = await post(gateway, AGAIN, {"max_tokens": 3}, x_quarterdeck_semantic_cache="off")

    assert (said(asked), said(again)) == ("nothing-near", "learning")
    assert (said(unasked), said(refused)) == ("", "")


async def test_while_it_learns_it_compares_and_serves_nothing(gateway: Gateway) -> None:
    await caches.put(gateway.work, MODEL, EASY)
    gateway.upstream.script(Turn(), Turn(), Turn(words=("Lyon", " is", " it.")))
    for question in (FIRST, AGAIN, "Please tell me, what is the capital of France?"):
        await post(gateway, question)
    await gateway.runtime.part(SemanticCache).reload()

    card = await caches.get(gateway.work, MODEL)
    records = (await caches.checks(gateway.work, MODEL)).items
    assert (card.state, card.checks, card.served) == ("learning", 2, 0)
    assert [record.wrong for record in records] == [True, False]
    assert all(record.trace_id and record.neighbour_trace_id for record in records)
    assert len(gateway.upstream.received) == 3


async def test_a_promise_that_breaks_turns_it_off_until_it_is_set_up_again(gateway: Gateway) -> None:
    await serving(gateway, Policy(promise=EASY.promise, check_share=1.0))
    gateway.upstream.script(*(Turn(words=(f"It is {number}.",)) for number in range(40)))
    for number in range(40):
        reply = await post(gateway, f"{FIRST}{' ' * number}", {"seed": 1})
        if said(reply) == "broken":
            break

    broken = await caches.get(gateway.work, MODEL)
    await caches.put(gateway.work, MODEL, EASY)
    anew = await caches.get(gateway.work, MODEL)

    assert (broken.state, said(reply)) == ("broken", "broken")
    assert "turned itself off" in broken.reason
    assert (anew.state, anew.checks) == ("learning", 0)


async def test_what_was_learnt_survives_a_restart_and_answers_do_not(
    tmp_path: Path, upstream: FakeUpstream, fresh_home: FreshHome
) -> None:
    home = fresh_home(tmp_path / "home")
    async with running_gateway(home, upstream) as gateway:
        await serving(gateway)
        await post(gateway, FIRST)
        await post(gateway, AGAIN)
        before = await caches.get(gateway.work, MODEL)

    async with running_gateway(home, upstream) as gateway:
        after = await caches.get(gateway.work, MODEL)

    assert (before.served, after.served, after.state) == (1, 1, "serving")
    assert (after.threshold, after.checks) == (before.threshold, before.checks)
    assert (before.entries, after.entries) == (1, 0)


async def test_a_purge_forgets_answers_and_keeps_the_promise(gateway: Gateway) -> None:
    await serving(gateway)
    await post(gateway, FIRST)

    purged = await caches.purge(gateway.work, MODEL)
    reply = await post(gateway, AGAIN)

    assert purged.entries == 1
    assert said(reply) == "nothing-near"
    assert (await caches.get(gateway.work, MODEL)).state == "serving"


@pytest.mark.parametrize("directive", ["no-cache", "no-store"])
async def test_directives_of_the_client_hold_here_too(gateway: Gateway, directive: str) -> None:
    await serving(gateway)
    await post(gateway, FIRST)

    await post(gateway, AGAIN, cache_control=directive)

    assert len(gateway.upstream.received) == 2


async def test_another_gateways_clients_may_ask_for_it_and_for_more_likeness(gateway: Gateway) -> None:
    await serving(gateway, Policy("by-header", EASY.promise, check_share=0.01))
    config = '{"cache": {"mode": "semantic"}}'
    await post(gateway, FIRST, x_portkey_config=config)

    too_far = await post(gateway, f"Please: {FIRST}", x_bf_cache_type="semantic", x_bf_cache_threshold="1")
    hit = await post(gateway, AGAIN, x_portkey_config=config)

    assert (said(too_far), said(hit)) == ("below-threshold", "hit")


async def test_an_alias_has_a_semantic_cache_of_its_own(gateway: Gateway) -> None:
    await aliases.put(gateway.work, "fast", Plan((Target(MODEL), Target("openai/gpt-4o"))))
    await serving(gateway, target="fast")
    gateway.upstream.script(Turn(status=500), Turn())
    first = await post(gateway, FIRST, {"model": "fast"})

    again = await post(gateway, AGAIN, {"model": "fast"})

    assert (first.status_code, said(first), said(again)) == (200, "nothing-near", "hit")
    assert again.json()["choices"][0]["message"]["content"] == "Paris is the capital."


async def test_tool_calls_and_broken_answers_are_not_kept(gateway: Gateway) -> None:
    await serving(gateway)
    gateway.upstream.script(Turn(finish="length"), Turn())
    await post(gateway, FIRST)

    assert said(await post(gateway, AGAIN)) == "nothing-near"


async def test_what_makes_no_sense_is_refused_with_a_reason(gateway: Gateway) -> None:
    with pytest.raises(InvalidInput, match="most_wrong"):
        await caches.put(gateway.work, MODEL, Policy(promise=Promise(0.9, 0.95)))
    with pytest.raises(NotFound, match="has no semantic cache"):
        await caches.get(gateway.work, MODEL)
    await caches.put(gateway.work, MODEL, EASY)
    with pytest.raises(InvalidInput, match="between 2 and"):
        await caches.calibrate(gateway.work, MODEL, LABELS[:1])
    await caches.remove(gateway.work, MODEL)
    assert (await caches.all_caches(gateway.work)).items == []
