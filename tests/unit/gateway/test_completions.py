"""The old Completions: forwarded to models that go on with a text, asked in a chat of all others."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

INSTRUCT = "openai/gpt-3.5-turbo-instruct"
CHAT = "openai/gpt-4o-mini"


async def test_a_model_that_completes_gets_the_body_as_it_is(gateway: Gateway, upstream: FakeUpstream) -> None:
    asked: dict[str, Any] = {"prompt": ["One", "Two"], "echo": True, "suffix": "!", "n": 2, "logprobs": 1, "best_of": 3}

    completion = await gateway.openai().completions.create(model=INSTRUCT, **asked)

    assert completion.choices[0].text == "Paris is the capital."
    assert upstream.last.path == "/v1/completions"
    assert upstream.last.body == {"model": "gpt-3.5-turbo-instruct", **asked}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_forwarded_completion_is_billed(gateway: Gateway, stream: bool) -> None:
    reply = await gateway.http().post("/v1/completions", json={"model": INSTRUCT, "prompt": "Hi", "stream": stream})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.output_tokens, span.usage_estimated) == (20, 10, False)
    assert span.cost_pico == 20 * 1_500_000 + 10 * 2_000_000
    assert span.output == {"role": "assistant", "content": "Paris is the capital."}
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    # The report was asked for by us, so the client does not see it.
    assert (b'"usage"' in reply.content) is not stream


async def test_a_client_that_asks_for_usage_gets_it(gateway: Gateway) -> None:
    for model in (INSTRUCT, CHAT):
        stream = await gateway.openai().completions.create(
            model=model, prompt="Hi", stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]

        assert chunks[-1].usage.total_tokens == 30
        assert chunks[-1].choices == []


@pytest.mark.parametrize("prompt", ["The capital of France is", ["The capital of France is"]])
async def test_a_model_that_chats_is_asked_in_a_chat(gateway: Gateway, upstream: FakeUpstream, prompt: object) -> None:
    completion = await gateway.openai().completions.create(
        model=CHAT, prompt=prompt, max_tokens=9, temperature=0.2, stop=["\n"], seed=1, user="ann", echo=True
    )

    assert completion.object == "text_completion"
    assert completion.choices[0].text == "The capital of France isParis is the capital."
    assert completion.usage.total_tokens == 30
    assert upstream.last.path == "/v1/chat/completions"
    body = upstream.last.body
    assert body["messages"] == [{"role": "user", "content": "The capital of France is"}]
    assert (body["max_completion_tokens"], body["temperature"], body["stop"]) == (9, 0.2, ["\n"])
    assert "echoed" not in body


async def test_a_translated_stream_is_one_of_texts(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(finish="length"))

    stream = await gateway.openai().completions.create(model=CHAT, prompt="Hi", stream=True, echo=True)
    chunks = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].text for chunk in chunks) == "HiParis is the capital."
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "length"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"prompt": ["One", "Two"]}, "several texts"),
        ({"prompt": [1, 2, 3]}, "tokens"),
        ({"prompt": [[1, 2], [3]]}, "tokens"),
        ({"suffix": "end"}, "`suffix`"),
        ({"n": 2}, "`n` of more than one"),
        ({"best_of": 2}, "`best_of` of more than one"),
        ({"logprobs": 0}, "`logprobs`"),
    ],
)
async def test_what_a_chat_cannot_do_is_refused_by_name(
    gateway: Gateway, upstream: FakeUpstream, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await gateway.openai().completions.create(**{"model": CHAT, "prompt": "Hi", **more})

    assert said in refused.value.message
    assert "cannot be translated for `openai/gpt-4o-mini`" in refused.value.message
    assert not upstream.received


@pytest.mark.parametrize("prompt", [None, "", [], {"text": "Hi"}, 7, [None]])
async def test_a_prompt_that_is_none_is_named(gateway: Gateway, prompt: object) -> None:
    reply = await gateway.http().post("/v1/completions", json={"model": CHAT, "prompt": prompt})

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "prompt"
    assert "`prompt`" in reply.json()["error"]["message"]


async def test_what_is_left_out_is_told(gateway: Gateway) -> None:
    reply = await gateway.http().post(
        "/v1/completions", json={"model": CHAT, "prompt": "Hi", "logit_bias": {"1": 2}, "presence_penalty": 0.5}
    )

    assert reply.headers["x-quarterdeck-left-out"] == "presence_penalty, logit_bias"


async def test_labels_do_not_reach_the_provider(gateway: Gateway, upstream: FakeUpstream) -> None:
    reply = await gateway.http().post(
        "/v1/completions",
        json={"model": INSTRUCT, "prompt": "Hi", "metadata": {"session_id": "s1"}, "tags": ["old"]},
    )

    assert upstream.last.body == {"model": "gpt-3.5-turbo-instruct", "prompt": "Hi"}
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.session_id, span.tags) == ("s1", ("old",))


async def test_a_stream_that_breaks_off_is_billed_as_far_as_it_came(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(words=("word " * 40, "more"), reset_after=1))

    reply = await gateway.http().post("/v1/completions", json={"model": INSTRUCT, "prompt": "Hi", "stream": True})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.status, span.usage_estimated, span.output_tokens) == ("error", True, 50)
    assert b'"error"' in reply.content
    assert b"[DONE]" not in reply.content


async def test_servers_that_are_known_to_complete_are_asked_to(gateway: Gateway, upstream: FakeUpstream) -> None:
    async with running_gateway(
        gateway.runtime.settings.home.parent / "vllm", upstream, {"VLLM_BASE_URL": upstream.url}
    ) as with_vllm:
        await with_vllm.openai().completions.create(model="vllm/my-model", prompt="Hi", max_tokens=5)

    assert upstream.last.path == "/v1/completions"
    assert upstream.last.body == {"model": "my-model", "prompt": "Hi", "max_tokens": 5}
