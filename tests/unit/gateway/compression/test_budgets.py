"""Input budgets in a running data plane: too long is refused, trimmed or compressed, and what was done is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway.compression import budgets
from quarterdeck.gateway.compression.records import InputBudget
from tests.conftest import FreshHome
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway

MODEL = "openai/gpt-4o-mini"
LONG = "We talked about many things at great length. " * 20
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": LONG},
    {"role": "assistant", "content": LONG},
    {"role": "user", "content": "And what is the capital of France?"},
]
CONTEXT = (
    "Answer from this:\n<context>\nThe office opens at nine. It closes at six. Parking costs five euros. "
    "Bring a card to the garage. The canteen serves soup.\n</context>\nWhen does the office open?"
)


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream, fresh_home: FreshHome) -> AsyncIterator[Gateway]:
    async with running_gateway(fresh_home(tmp_path / "home"), upstream, cache=False) as gateway:
        yield gateway


async def post(gateway: Gateway, body: dict[str, Any], **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.http().post("/v1/chat/completions", json={"model": MODEL, **body}, headers=names)


async def test_a_request_that_is_too_long_is_refused_with_the_remedy(gateway: Gateway) -> None:
    await budgets.put(gateway.work, MODEL, InputBudget(most_tokens=100))

    reply = await post(gateway, {"messages": TURNS})

    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "context_length_exceeded")
    assert "its input budget is 100" in error["message"]
    assert "x-quarterdeck-when-over: trim" in error["message"]
    assert gateway.upstream.received == []


async def test_the_oldest_turns_are_left_out_where_that_is_wished(gateway: Gateway) -> None:
    await budgets.put(gateway.work, MODEL, InputBudget(most_tokens=100, when_over="trim"))

    reply = await post(gateway, {"messages": TURNS, "unknown_option": True})

    assert reply.status_code == 200
    assert gateway.upstream.last.body["messages"] == [TURNS[0], TURNS[3]]
    assert gateway.upstream.last.body["unknown_option"] is True
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.attributes["quarterdeck.input.turns_left_out"] == 2
    assert span.attributes["quarterdeck.input.tokens_after"] <= 100 < span.attributes["quarterdeck.input.tokens_before"]


async def test_a_tool_result_is_never_parted_from_its_call(gateway: Gateway) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": LONG},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {"role": "assistant", "content": "It is 42."},
        {"role": "user", "content": "Thanks. And the capital?"},
    ]

    await post(gateway, {"messages": turns}, x_quarterdeck_max_input_tokens="60", x_quarterdeck_when_over="trim")

    assert gateway.upstream.last.body["messages"] == turns[4:]


async def test_what_cannot_be_trimmed_enough_is_refused(gateway: Gateway) -> None:
    headers = {"x_quarterdeck_max_input_tokens": "5", "x_quarterdeck_when_over": "trim"}

    reply = await post(gateway, {"messages": TURNS}, **headers)

    assert reply.status_code == 400
    assert "Even its last turn alone" in reply.json()["error"]["message"]


async def test_a_header_can_tighten_a_limit_and_not_loosen_it(gateway: Gateway) -> None:
    await budgets.put(gateway.work, MODEL, InputBudget(most_tokens=100))

    looser = await post(gateway, {"messages": TURNS}, x_quarterdeck_max_input_tokens="100000")
    wrong = await post(gateway, {"messages": TURNS}, x_quarterdeck_max_input_tokens="many")

    assert (looser.status_code, wrong.status_code) == (400, 400)
    assert "`many`" in wrong.json()["error"]["message"]


async def test_marked_context_is_compressed_and_nothing_else(gateway: Gateway) -> None:
    turns = [
        {"role": "system", "content": "Instructions. All of them. <b>Stay</b>."},
        {"role": "user", "content": CONTEXT},
    ]

    reply = await post(gateway, {"messages": turns}, x_quarterdeck_keep_context="0.4")

    system, user = gateway.upstream.last.body["messages"]
    assert system == turns[0]
    assert user["content"].startswith("Answer from this:\n<context>\nThe office opens at nine.")
    assert user["content"].endswith("</context>\nWhen does the office open?")
    assert "soup" not in user["content"]
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert 0 < span.attributes["quarterdeck.input.context_kept"] <= 0.4


async def test_it_is_the_same_in_another_dialect(gateway: Gateway) -> None:
    reply = await gateway.anthropic().messages.create(
        model=MODEL,
        max_tokens=20,
        messages=[{"role": "user", "content": [{"type": "text", "text": CONTEXT}]}],
        extra_headers={"x-quarterdeck-keep-context": "0.4"},
    )

    assert reply.content[0].text == "Paris is the capital."
    assert "soup" not in str(gateway.upstream.last.body["messages"])


async def test_a_budget_is_listed_and_taken_away(gateway: Gateway) -> None:
    await budgets.put(gateway.work, "gpt-4o-mini", InputBudget(keep_share=0.5))

    (listed,) = (await budgets.all_budgets(gateway.work)).items
    await budgets.remove(gateway.work, MODEL)

    assert (listed.target, listed.keep_share) == (MODEL, 0.5)
    assert (await budgets.all_budgets(gateway.work)).items == []
    with pytest.raises(NotFound, match="no input budget"):
        await budgets.remove(gateway.work, MODEL)
    with pytest.raises(InvalidInput, match="needs `most_tokens`"):
        await budgets.put(gateway.work, MODEL, InputBudget())
