"""The exact response cache: the same bytes at once, for the one who asked, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.gateway import caching as caching_verbs
from quarterdeck.gateway.cache import ResponseCache
from quarterdeck.gateway.cache_stores.in_memory import InMemoryCache
from quarterdeck.gateway.conversation import FinishPiece, TextPiece
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import FixedApp, Gateway, running_gateway

BODY: dict[str, Any] = {
    "model": "openai/gpt-4o-mini",
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}


@pytest.fixture
async def caching(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        yield gateway


async def post(gateway: Gateway, body: dict[str, Any], **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.http().post("/v1/chat/completions", json=body, headers=names)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_second_answer_is_the_first_one_byte_by_byte(caching: Gateway, stream: bool) -> None:
    first = await post(caching, {**BODY, "stream": stream})
    second = await post(caching, {**BODY, "stream": stream, "metadata": {"run": "2"}})

    assert (first.headers["x-quarterdeck-cache"], second.headers["x-quarterdeck-cache"]) == ("miss", "hit")
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert len(caching.upstream.received) == 1


async def test_a_hit_leaves_a_span_that_says_what_was_saved(caching: Gateway) -> None:
    first = await post(caching, BODY)
    second = await post(caching, BODY, x_session_id="s-2")

    paid = await caching.only_span(first.headers["x-quarterdeck-trace-id"])
    saved = await caching.only_span(second.headers["x-quarterdeck-trace-id"])
    assert saved.cached and not paid.cached
    assert (saved.cost_pico, saved.saved_pico) == (0, paid.cost_pico)
    assert (saved.input, saved.output, saved.model) == (paid.input, paid.output, paid.model)
    assert (saved.session_id, saved.input_tokens) == ("s-2", None)
    assert second.headers["x-quarterdeck-cost-usd"] == "0"


@pytest.mark.parametrize(
    "other",
    [
        {"messages": [{"role": "user", "content": "What is the capital of france?"}]},
        {"messages": [{"role": "system", "content": "Be brief."}, *BODY["messages"]]},
        {"model": "gpt-4o"},
        {"max_tokens": 5},
        {"unknown_option": True},
        {"user": "bob"},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
    ],
)
async def test_another_question_is_another_question(caching: Gateway, other: dict[str, object]) -> None:
    await post(caching, BODY)

    second = await post(caching, {**BODY, **other})

    assert second.headers["x-quarterdeck-cache"] == "miss"


async def test_nobody_gets_the_answer_of_another_key(caching: Gateway) -> None:
    await post(caching, BODY)

    second = await post(caching, BODY, authorization=f"Bearer {await caching.another_key('somebody else')}")

    assert second.headers["x-quarterdeck-cache"] == "miss"


async def test_the_order_of_fields_makes_no_difference(caching: Gateway) -> None:
    await post(caching, {**BODY, "seed": 1, "top_p": None})

    second = await post(caching, dict(reversed([*BODY.items(), ("seed", 1)])))

    assert second.headers["x-quarterdeck-cache"] == "hit"


@pytest.mark.parametrize(
    ("directive", "first", "second"),
    [
        ("no-store", "off", "off"),
        ("no-cache", "miss", "miss"),
        ("max-age=0", "miss", "miss"),
        ("max-age=9", "miss", "hit"),
    ],
)
async def test_directives_of_the_client_are_honoured(caching: Gateway, directive: str, first: str, second: str) -> None:
    one = await post(caching, BODY, cache_control=directive)
    two = await post(caching, BODY, cache_control=directive)

    assert (one.headers["x-quarterdeck-cache"], two.headers["x-quarterdeck-cache"]) == (first, second)


async def test_no_cache_renews_what_is_there(caching: Gateway) -> None:
    caching.upstream.script(Turn(words=("old",)), Turn(words=("new",)))
    await post(caching, BODY)
    await post(caching, BODY, cache_control="no-cache")

    third = await post(caching, BODY)

    assert third.json()["choices"][0]["message"]["content"] == "new"
    assert third.headers["x-quarterdeck-cache"] == "hit"


@pytest.mark.parametrize(("variety", "status"), [({"temperature": 0.7}, "off"), ({"n": 2}, "off"), ({"temperature": 0}, "miss"), ({"temperature": 1, "seed": 7}, "miss")])  # fmt: skip
async def test_who_asks_for_variety_gets_it(caching: Gateway, variety: dict[str, object], status: str) -> None:
    reply = await post(caching, {**BODY, **variety})

    assert reply.headers["x-quarterdeck-cache"] == status


@pytest.mark.parametrize("turn", [Turn(reset_after=2), Turn(error_after=2), Turn(ends_after=2)])
async def test_an_answer_that_broke_off_is_not_kept(caching: Gateway, turn: Turn) -> None:
    caching.upstream.script(turn, Turn())
    await post(caching, {**BODY, "stream": True})

    second = await post(caching, {**BODY, "stream": True})

    assert second.headers["x-quarterdeck-cache"] == "miss"
    assert second.text.endswith("[DONE]\n\n")


async def test_an_app_is_cached_for_one_release_only(caching: Gateway) -> None:
    caching.apps.apps["bot"] = FixedApp("bot", "rel_1", [TextPiece("one"), FinishPiece()])
    body = {**BODY, "model": "bot"}
    await post(caching, body)
    hit = await post(caching, body)
    caching.apps.apps["bot"] = FixedApp("bot", "rel_2", [TextPiece("two"), FinishPiece()])

    renewed = await post(caching, body)

    assert (hit.headers["x-quarterdeck-cache"], hit.headers["x-quarterdeck-release"]) == ("hit", "rel_1")
    assert (renewed.headers["x-quarterdeck-cache"], renewed.headers["x-quarterdeck-release"]) == ("miss", "rel_2")
    span = await caching.only_span(hit.headers["x-quarterdeck-trace-id"])
    assert (span.kind, span.app, span.release_id) == ("app", "bot", "rel_1")


async def test_an_answer_is_forgotten_when_its_time_is_over(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with running_gateway(tmp_path / "home", upstream, cache_ttl_s=0) as gateway:
        await post(gateway, BODY)
        second = await post(gateway, BODY)

    assert second.headers["x-quarterdeck-cache"] == "miss"


async def test_the_cache_stays_within_its_bytes_and_drops_the_least_used_first(caching: Gateway) -> None:
    store = InMemoryCache(most_bytes=5000)
    caching.plane.cache = ResponseCache(store, enabled=True, ttl_s=60)
    questions = [{**BODY, "messages": [{"role": "user", "content": str(n)}]} for n in range(12)]

    for question in questions:
        await post(caching, question)
        await post(caching, questions[0])

    assert 0 < store.bytes <= 5000
    assert (await post(caching, questions[0])).headers["x-quarterdeck-cache"] == "hit"
    assert (await post(caching, questions[1])).headers["x-quarterdeck-cache"] == "miss"


@pytest.mark.parametrize(
    ("wish", "first", "second"),
    [
        ({"no-cache": True}, "miss", "miss"),
        ({"no-store": True}, "miss", "miss"),
        ({"no-cache": True, "no-store": True}, "off", "off"),
        ({"ttl": 0}, "miss", "miss"),
        ({"s-maxage": 0}, "miss", "miss"),
        ({"s-maxage": 60, "ttl": 60}, "miss", "hit"),
    ],
)
async def test_litellms_directives_in_the_body_are_honoured_and_stay_in_the_house(
    caching: Gateway, wish: dict[str, Any], first: str, second: str
) -> None:
    one = await post(caching, {**BODY, "cache": wish})
    two = await post(caching, {**BODY, "cache": wish})

    assert (one.headers["x-quarterdeck-cache"], two.headers["x-quarterdeck-cache"]) == (first, second)
    assert all("cache" not in received.body for received in caching.upstream.received)


async def test_a_namespace_is_a_part_of_its_own_within_what_one_may_see(caching: Gateway) -> None:
    await post(caching, BODY)

    elsewhere = await post(caching, {**BODY, "cache": {"namespace": "tests"}})
    again = await post(caching, {**BODY, "cache": {"namespace": "tests"}})
    stranger = await post(
        caching,
        {**BODY, "cache": {"namespace": "tests"}},
        authorization=f"Bearer {await caching.another_key('stranger')}",
    )

    assert [one.headers["x-quarterdeck-cache"] for one in (elsewhere, again, stranger)] == ["miss", "hit", "miss"]


async def test_a_hit_tells_its_age(caching: Gateway) -> None:
    first = await post(caching, BODY)
    second = await post(caching, BODY)

    assert "age" not in first.headers
    assert second.headers["age"] == "0"


async def test_an_explicit_wish_for_the_cache_stands_before_a_temperature(caching: Gateway) -> None:
    drawn = {**BODY, "temperature": 0.9, "cache": {"use-cache": True}}
    await post(caching, drawn)

    assert (await post(caching, drawn)).headers["x-quarterdeck-cache"] == "hit"


@pytest.mark.parametrize(
    "same",
    [
        {"n": 1, "tools": None, "store": False},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": BODY["messages"][0]["content"]}]}]},
        {"messages": [{"role": "user", "name": None, "content": BODY["messages"][0]["content"]}]},
    ],
)
async def test_the_same_question_in_other_words_of_the_wire_is_the_same_question(
    caching: Gateway, same: dict[str, Any]
) -> None:
    await post(caching, BODY)

    assert (await post(caching, {**BODY, **same})).headers["x-quarterdeck-cache"] == "hit"


async def test_keys_of_a_project_share_answers_when_the_operator_says_so(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with running_gateway(tmp_path / "home", upstream, cache_scope="project") as gateway:
        await post(gateway, BODY)
        second = await post(gateway, BODY, authorization=f"Bearer {await gateway.another_key('a colleague')}")

    assert second.headers["x-quarterdeck-cache"] == "hit"


async def test_a_purge_drops_what_it_names_and_nothing_of_another_project(caching: Gateway) -> None:
    for body in (BODY, {**BODY, "model": "gpt-4o"}, {**BODY, "cache": {"namespace": "tests"}}):
        await post(caching, body)
    elsewhere = replace(caching.work, actor=replace(caching.work.actor, project_id="prj_other"))

    nothing = await caching_verbs.purge(elsewhere)
    one = await caching_verbs.purge(caching.work, namespace="tests")
    state = await caching_verbs.state(caching.work)
    rest = await caching_verbs.purge(caching.work)

    assert (nothing.purged, one.purged, state.entries, rest.purged) == (0, 1, 2, 2)
    assert (await post(caching, BODY)).headers["x-quarterdeck-cache"] == "miss"


async def test_what_the_cache_has_saved_is_counted_in_money_and_time(caching: Gateway) -> None:
    paid = await post(caching, BODY)
    await post(caching, BODY)
    await post(caching, BODY)
    cost = (await caching.only_span(paid.headers["x-quarterdeck-trace-id"])).cost_pico

    state = await caching_verbs.state(caching.work)

    assert cost and state.hits == 2
    assert state.saved_usd == pytest.approx(2 * cost / 1e12)
    assert state.saved_ms > 0
