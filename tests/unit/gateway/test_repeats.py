"""Idempotency keys: asked twice, done once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from quarterdeck.gateway.repeats import Repeats
from tests.fakes.upstream import Turn
from tests.unit.gateway.conftest import Gateway

CHAT = "/v1/chat/completions"
BODY: dict[str, Any] = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
KEY = {"Idempotency-Key": "order-7"}


@pytest.mark.parametrize("stream", [False, True])
async def test_the_same_key_and_body_get_the_same_answer_and_one_call(gateway: Gateway, stream: bool) -> None:
    body = {**BODY, "stream": stream}

    first = await gateway.http().post(CHAT, json=body, headers=KEY)
    again = await gateway.http().post(CHAT, json=body, headers=KEY)

    assert (first.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["x-request-id"] == first.headers["x-request-id"]
    assert len(gateway.upstream.received) == 1


async def test_another_body_another_key_and_another_caller_are_other_requests(gateway: Gateway) -> None:
    other = await gateway.another_key("other")
    await gateway.http().post(CHAT, json=BODY, headers=KEY)

    reused = await gateway.http().post(CHAT, json={**BODY, "seed": 1}, headers=KEY)
    new_key = await gateway.http().post(CHAT, json=BODY, headers={"Idempotency-Key": "order-8"})
    stranger = await gateway.http().post(CHAT, json=BODY, headers={**KEY, "Authorization": f"Bearer {other}"})

    assert (reused.status_code, reused.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert (new_key.status_code, stranger.status_code) == (200, 200)
    assert "idempotent-replayed" not in {*new_key.headers, *stranger.headers}
    assert len(gateway.upstream.received) == 3


async def test_who_comes_while_it_is_being_answered_gets_that_answer(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(pause_before=2))
    body = {**BODY, "stream": True}
    first = asyncio.create_task(gateway.http().post(CHAT, json=body, headers=KEY))
    await gateway.upstream.arrived.wait()

    second = asyncio.create_task(gateway.http().post(CHAT, json=body, headers=KEY))
    await asyncio.sleep(0.05)
    gateway.upstream.release.set()

    assert (await first).content == (await second).content
    assert len(gateway.upstream.received) == 1


async def test_a_client_that_hangs_up_and_comes_back_finds_its_answer_and_pays_once(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(pause_before=2))
    body = {**BODY, "stream": True}
    async with gateway.http() as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(CHAT, json=body, headers=KEY, timeout=0.4)
    gateway.upstream.release.set()

    again = await gateway.http().post(CHAT, json=body, headers=KEY)

    assert again.text.endswith("data: [DONE]\n\n")
    assert len(gateway.upstream.received) == 1
    span = await gateway.only_span(again.headers["x-quarterdeck-trace-id"])
    assert span.cost_pico and not span.usage_estimated


async def test_what_failed_is_really_tried_again(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=500, error={"error": {"message": "no"}}), Turn())

    failed = await gateway.http().post(CHAT, json=BODY, headers=KEY)
    again = await gateway.http().post(CHAT, json=BODY, headers=KEY)

    assert (failed.status_code >= 500, again.status_code) == (True, 200)


async def test_a_refusal_is_given_again(gateway: Gateway) -> None:
    wrong = {**BODY, "model": "nowhere/x"}

    first = await gateway.http().post(CHAT, json=wrong, headers=KEY)
    again = await gateway.http().post(CHAT, json=wrong, headers=KEY)

    assert (first.status_code, again.json()) == (404, first.json())


async def test_it_holds_for_embeddings_too(gateway: Gateway) -> None:
    body = {"model": "openai/text-embedding-3-small", "input": "x"}

    first = await gateway.http().post("/v1/embeddings", json=body, headers=KEY)
    again = await gateway.http().post("/v1/embeddings", json=body, headers=KEY)

    assert first.content == again.content
    assert len(gateway.upstream.received) == 1


async def test_an_answer_too_large_to_keep_is_not_made_twice_either(gateway: Gateway) -> None:
    gateway.plane.repeats = Repeats(largest=10)

    first = await gateway.http().post(CHAT, json=BODY, headers=KEY)
    again = await gateway.http().post(CHAT, json=BODY, headers=KEY)

    assert (first.status_code, again.status_code) == (200, 409)
    assert len(gateway.upstream.received) == 1


async def test_memory_is_bounded_and_the_oldest_goes_first(gateway: Gateway) -> None:
    gateway.plane.repeats = Repeats(most_bytes=1200)
    for number in range(5):
        await gateway.http().post(CHAT, json=BODY, headers={"Idempotency-Key": f"k{number}"})

    newest = await gateway.http().post(CHAT, json=BODY, headers={"Idempotency-Key": "k4"})
    oldest = await gateway.http().post(CHAT, json=BODY, headers={"Idempotency-Key": "k0"})

    assert "idempotent-replayed" in newest.headers
    assert "idempotent-replayed" not in oldest.headers


async def test_a_key_that_is_no_key_is_refused(gateway: Gateway) -> None:
    reply = await gateway.http().post(CHAT, json=BODY, headers={"Idempotency-Key": "k" * 300})

    assert reply.status_code == 400
