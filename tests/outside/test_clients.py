"""Other people's clients work as they are: only the base URL and the key are ours. See README.md."""

from __future__ import annotations

import json

import pytest

from quarterdeck.gateway import accounts
from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.outside.conftest import RunClient, all_spans
from tests.unit.gateway.conftest import Gateway

PARIS = "Paris is the capital."
WEATHER = Turn(tool_calls=(ToolCall("call_1", "weather", '{"city":"Paris"}'),))


@pytest.fixture(autouse=True)
async def chatty(gateway: Gateway) -> None:
    """`chatty/llama` is a model whose provider has chat completions and nothing else."""
    await gateway.provider_at(gateway.upstream.openai_url, "chatty")


async def require_billed(gateway: Gateway, *, priced: int, unpriced: int = 0) -> None:
    """Every call left one span with its tokens; and its price, where the model has one."""
    spans = [span for span in await all_spans(gateway) if span.status == "ok"]
    assert sum(bool(span.cost_pico) for span in spans) == priced
    assert sum(span.unpriced for span in spans) == unpriced
    assert len(spans) == priced + unpriced
    assert all(span.input_tokens == 20 and not span.usage_estimated for span in spans)


async def test_langchain_runs_a_tool_loop_and_streams(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(WEATHER, Turn(), Turn(), WEATHER, Turn(), Turn())

    by_chat, by_responses = await client("langchain_chat.py")

    assert by_chat == by_responses
    assert by_chat == {
        "calls": [{"name": "weather", "args": {"city": "Paris"}}],
        "answer": PARIS,
        "tokens": 30,
        "streamed": PARIS,
        "several_chunks": True,
    }
    for second in (upstream.received[1], upstream.received[4]):
        assert second.path == "/v1/chat/completions"
        assert second.body["messages"][2]["content"] == "Sun in Paris"
    await require_billed(gateway, priced=3, unpriced=3)


async def test_llama_index_chats_streams_and_calls_tools(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(Turn(), Turn(), WEATHER)

    said = await client("llama_index_llm.py")

    assert said == {"answer": PARIS, "streamed": PARIS, "calls": [{"name": "weather", "args": {"city": "Paris"}}]}
    await require_billed(gateway, priced=3)


async def test_the_litellm_sdk_chats_streams_and_calls_tools(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(Turn(), WEATHER, Turn())

    said = await client("litellm_sdk.py")

    assert (said["answer"], said["streamed"], said["response"]) == (PARIS, PARIS, PARIS)
    assert said["tokens"] == [30]
    assert said["call"] == {"name": "weather", "arguments": '{"city":"Paris"}'}
    await require_billed(gateway, priced=3, unpriced=1)


async def test_openais_javascript_sdk_chats_streams_and_calls_tools(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(Turn(), Turn(), WEATHER, WEATHER, Turn())

    said = await client("openai_sdk.mjs")

    assert (said["answer"], said["streamed"], said["tokens"]) == (PARIS, PARIS, 30)
    assert said["call"] == {"name": "weather", "arguments": '{"city":"Paris"}'}
    assert (said["response_call"], said["response"]) == ('{"city":"Paris"}', PARIS)
    assert [message["role"] for message in upstream.last.body["messages"]] == ["user", "assistant", "tool"]
    assert said["lists_it"] is True
    assert said["refused"] == ["NotFoundError", 404, "model_not_found"]
    await require_billed(gateway, priced=3, unpriced=2)


async def test_googles_sdk_chats_streams_calls_tools_and_fills_schemas(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    place = Turn(words=('{"capital":', '"Paris"}'))
    upstream.script(Turn(), Turn(), WEATHER, WEATHER, Turn(), place, Turn())

    said = await client("google_genai_sdk.py")

    assert (said["answer"], said["streamed"], said["tokens"], said["several_chunks"]) == (PARIS, PARIS, 30, True)
    assert said["calls"] == [["weather", {"city": "Paris"}]]
    assert said["looped"] == PARIS
    assert said["place"] == {"capital": "Paris"}
    assert said["asynchronously"] == [PARIS, PARIS]
    assert said["refused"] == [404, "NOT_FOUND"]
    assert said["lists_it"] is True
    assert "Sun in Paris" in upstream.received[4].body["messages"][2]["content"]
    assert upstream.received[5].body["response_format"]["json_schema"]["schema"]["properties"] == {
        "capital": {"type": "string"}
    }
    await require_billed(gateway, priced=8)


async def test_we_sign_for_bedrock_as_awss_sdk_does_and_the_fake_is_taken_for_bedrock(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    secret = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret", "session_token": "token"}
    key = json.dumps({**secret, "region": "eu-central-1"})
    await accounts.add(gateway.work, "aws", kind="bedrock", base_url=upstream.url, api_key=key)
    upstream.script(Turn(), Turn(thinking=("Hm.",)))
    model = "aws/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    await gateway.openai().chat.completions.create(model=model, messages=[{"role": "user", "content": "Päris?"}])
    ours = upstream.last
    asked = {
        "url": f"{upstream.url}{ours.raw_path}",
        "date": ours.headers["x-amz-date"],
        "content_type": ours.headers["content-type"],
        "body": ours.raw.decode(),
    }

    said = await client("boto3_bedrock.py", BEDROCK_URL=upstream.url, BEDROCK_REQUEST=json.dumps(asked))

    assert ours.headers["authorization"].endswith(f"Signature={said['signature']}")
    assert (said["answer"], said["thoughts"], said["sealed"]) == (PARIS, "Hm.", "c2ln")
    assert (said["stopped"], said["tokens"]) == ("end_turn", 30)
    theirs = upstream.last
    assert theirs.raw_path == ours.raw_path
    assert theirs.body["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 2048}}
