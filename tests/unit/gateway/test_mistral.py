"""Mistral refuses what it does not know: a client of OpenAI's must not notice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from quarterdeck.gateway.calls import PiecesTally, call_model
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.providers.mistral import tool_id
from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

MODEL = "mistral/mistral-small-latest"
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {"MISTRAL_API_KEY": "k", "MISTRAL_BASE_URL": f"{upstream.url}/mistral/v1"}
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


@pytest.mark.parametrize("stream", [False, True])
async def test_openais_words_become_mistrals(gateway: Gateway, stream: bool) -> None:
    words = {"seed": 7, "max_completion_tokens": 50, "user": "u", "store": False, "safe_prompt": True}

    reply = await gateway.http().post(
        "/v1/chat/completions", json={"model": MODEL, "messages": HELLO, "stream": stream, **words}
    )

    assert reply.status_code == 200, reply.text
    sent = gateway.upstream.last.body
    assert (sent["random_seed"], sent["max_tokens"], sent["safe_prompt"]) == (7, 50, True)
    assert not {"seed", "max_completion_tokens", "user", "store", "stream_options"} & sent.keys()


async def test_a_stream_is_counted_though_nobody_asked_for_its_usage(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, output_tokens=100))

    reply = await gateway.http().post("/v1/chat/completions", json={"model": MODEL, "messages": HELLO, "stream": True})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.output_tokens, span.usage_estimated) == (1000, 100, False)
    assert span.cost_pico


async def test_ids_of_other_makers_fit_and_still_belong_together(gateway: Gateway) -> None:
    call = {"id": "call_0123456789abcdefABCDEF", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None, "annotations": []},
        {"role": "tool", "tool_call_id": call["id"], "content": "42"},
    ]

    reply = await gateway.http().post("/v1/chat/completions", json={"model": MODEL, "messages": messages})

    assert reply.status_code == 200, reply.text
    system, _, assistant, tool = gateway.upstream.last.body["messages"]
    assert system["role"] == "system"
    assert assistant["tool_calls"][0]["id"] == tool["tool_call_id"] == tool_id(str(call["id"]))
    assert tool_id("aBcDeFg01") == "aBcDeFg01"


async def test_thoughts_are_told_apart_from_words(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(thinking=("Think", " hard."), words=("Yes.",)))
    heard = PiecesTally()

    async for piece in call_model(gateway.work, ChatRequest(model=MODEL, messages=[Message("user", "?")])):
        heard.hear(piece)

    output = heard.outcome().output
    assert isinstance(output, dict)
    assert (output["reasoning_content"], output["content"]) == ("Think hard.", "Yes.")


async def test_what_mistral_does_not_know_is_named_in_its_refusal(gateway: Gateway) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="`logit_bias`: Extra inputs are not permitted"):
        await gateway.openai().chat.completions.create(model=MODEL, messages=HELLO, logit_bias={"1": 2})


async def test_an_answer_that_mistral_could_not_finish_is_an_error(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(finish="error", tool_calls=(ToolCall("x", "f", "{}"),)))

    with pytest.raises(Exception, match="could not finish"):
        async for _ in call_model(gateway.work, ChatRequest(model=MODEL, messages=[Message("user", "?")])):
            pass


async def test_the_size_of_an_embedding_has_another_name(gateway: Gateway) -> None:
    wish = {"model": "mistral/mistral-embed", "input": "x", "dimensions": 3}

    await gateway.http().post("/v1/embeddings", json=wish)

    assert gateway.upstream.last.body == {"model": "mistral-embed", "input": "x", "output_dimension": 3}
