"""Responses for models whose provider speaks Responses itself: its bytes, untouched, metered to the last token."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from quarterdeck.gateway import accounts
from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

MODEL = "openai/gpt-4o-mini"
# gpt-4o-mini: 0.15, 0.075 and 0.60 dollars a million tokens, for input, cached input and output
PLAIN_COST = 20 * 150_000 + 10 * 600_000


async def stream_of(client: httpx.AsyncClient, **body: object) -> tuple[bytes, httpx.Headers]:
    reply = await client.post("/v1/responses", json={"model": MODEL, "input": "Hello", "stream": True, **body})
    assert reply.status_code == 200, reply.text
    return reply.content, reply.headers


async def test_the_official_sdk_gets_a_response(gateway: Gateway, upstream: FakeUpstream) -> None:
    response = await gateway.openai().responses.create(
        model=MODEL, input="Where?", instructions="Be brief.", include=["reasoning.encrypted_content"]
    )

    assert response.output_text == "Paris is the capital."
    sent = upstream.last
    assert sent.path == "/v1/responses"
    assert sent.body == {
        "model": "gpt-4o-mini",
        "input": "Where?",
        "instructions": "Be brief.",
        "include": ["reasoning.encrypted_content"],
    }


@pytest.mark.parametrize("stream", [False, True])
async def test_what_it_took_is_billed_to_the_token(gateway: Gateway, upstream: FakeUpstream, stream: bool) -> None:
    upstream.script(Turn(input_tokens=1000, cached_tokens=600, output_tokens=50, reasoning_tokens=30))

    reply = await gateway.http().post("/v1/responses", json={"model": MODEL, "input": "Hello", "stream": stream})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.cache_read_tokens, span.output_tokens) == (1000, 600, 50)
    assert span.reasoning_tokens == 30
    assert span.cost_pico == 400 * 150_000 + 600 * 75_000 + 50 * 600_000
    assert not span.usage_estimated
    assert span.output == {"role": "assistant", "content": "Paris is the capital."}
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]


async def test_a_stream_goes_through_byte_by_byte(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(thinking=("Hm", "m"), piece_bytes=7))

    through, _ = await stream_of(gateway.http())

    async with httpx.AsyncClient() as direct:
        as_sent = await direct.post(
            f"{upstream.openai_url}/responses",
            json={"model": "gpt-4o-mini", "input": "Hello", "stream": True},
        )
    one, other = through.split(b"\n"), as_sent.content.split(b"\n")
    assert [line for line in one if line.startswith(b"event:")] == [
        line for line in other if line.startswith(b"event:")
    ]
    # The fake numbers its responses; else nothing differs.
    assert through.replace(b"001", b"002") == as_sent.content.replace(b"001", b"002")


async def test_tool_calls_are_recorded(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(tool_calls=(ToolCall("call_1", "weather", '{"city":"Paris"}'),)))

    _, headers = await stream_of(gateway.http())

    span = await gateway.only_span(headers["x-quarterdeck-trace-id"])
    assert isinstance(span.output, dict)
    assert span.output["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
    ]
    assert span.attributes["gen_ai.response.finish_reasons"] == ["tool_calls"]


async def test_what_only_openai_can_do_reaches_it_as_it_is(gateway: Gateway, upstream: FakeUpstream) -> None:
    body: dict[str, Any] = {
        "model": MODEL,
        "input": [{"type": "item_reference", "id": "msg_1"}],
        "tools": [{"type": "web_search"}],
        "previous_response_id": "resp_68af",
        "conversation": "conv_1",
        "metadata": {"session_id": "s1"},
    }

    reply = await gateway.http().post("/v1/responses", json=body)

    assert reply.status_code == 200
    assert upstream.last.body == {**body, "model": "gpt-4o-mini"}


async def test_searches_are_counted_beside_tokens(gateway: Gateway, upstream: FakeUpstream) -> None:
    body = (
        b'{"id":"resp_1","object":"response","status":"completed","model":"gpt-4o-mini-2024-07-18","error":null,"output":['
        b'{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"x"}},'
        b'{"type":"web_search_call","id":"ws_2","status":"completed","action":{"type":"open_page","url":"https://a"}},'
        b'{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}],'
        b'"usage":{"input_tokens":5,"output_tokens":2,"total_tokens":7}}'
    )
    upstream.script(Turn(body=body))

    reply = await gateway.http().post("/v1/responses", json={"model": MODEL, "input": "Hello"})

    assert reply.content == body
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.attributes["quarterdeck.usage"] == {"units": [["search", 1]]}


async def test_an_answer_that_breaks_off_is_billed_as_far_as_it_came(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(words=("word " * 40,), reset_after=3))

    content, headers = await stream_of(gateway.http())

    assert b"event: response.failed" in content
    span = await gateway.only_span(headers["x-quarterdeck-trace-id"])
    assert span.status == "error"
    assert span.usage_estimated
    assert span.output_tokens == 50  # 200 characters
    assert span.cost_pico


async def test_an_error_within_a_stream_reaches_sdk_and_agents(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(error_after=3))

    with pytest.raises(openai.APIError, match="The server had an error"):
        async for _ in await gateway.openai().responses.create(model=MODEL, input="Hello", stream=True):
            pass
    content, _ = await stream_of(gateway.http())

    assert content.count(b"event: error") == content.count(b"event: response.failed") == 1
    assert content.index(b"event: error") < content.index(b"event: response.failed")
    assert b"response.completed" not in content


async def test_an_answer_cut_short_by_its_limit_is_whole(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(finish="length"))

    content, headers = await stream_of(gateway.http(), max_output_tokens=5)

    assert b"event: response.incomplete" in content
    span = await gateway.only_span(headers["x-quarterdeck-trace-id"])
    assert (span.status, span.attributes["gen_ai.response.finish_reasons"]) == ("ok", ["length"])
    assert span.cost_pico == PLAIN_COST


async def test_a_failed_response_is_an_error_with_a_status(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(
        Turn(body=b'{"id":"resp_1","status":"failed","output":[],"error":{"code":"server_error","message":"Oh no."}}')
    )

    reply = await gateway.http().post("/v1/responses", json={"model": MODEL, "input": "Hello"})

    assert reply.status_code == 502
    assert "Oh no." in reply.json()["error"]["message"]


async def test_background_answers_are_refused_because_nobody_would_count_them(
    gateway: Gateway, upstream: FakeUpstream
) -> None:
    with pytest.raises(openai.BadRequestError, match="cannot be metered"):
        await gateway.openai().responses.create(model=MODEL, input="Hello", background=True)

    assert not upstream.received


async def test_azure_has_responses_beside_its_deployments(gateway: Gateway, upstream: FakeUpstream) -> None:
    secret = '{"api_key":"k-azure-123456","api_version":"2025-04-01-preview","deployments":{"gpt-4o-mini":"mine"}}'
    await accounts.add(gateway.work, "azure", kind="azure", base_url=upstream.url, api_key=secret)

    response = await gateway.openai().responses.create(model="azure/gpt-4o-mini", input="Hello")

    assert response.output_text == "Paris is the capital."
    assert upstream.last.raw_path == "/openai/responses?api-version=2025-04-01-preview"
    assert upstream.last.body["model"] == "mine"
