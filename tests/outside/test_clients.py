"""Other people's clients work as they are: only the base URL and the key are ours. See README.md."""

from __future__ import annotations

from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.outside.conftest import RunClient, all_spans
from tests.unit.gateway.conftest import Gateway

PARIS = "Paris is the capital."
WEATHER = Turn(tool_calls=(ToolCall("call_1", "weather", '{"city":"Paris"}'),))


async def require_billed(gateway: Gateway, calls: int) -> None:
    """Every call left one span, with its tokens and its price."""
    spans = [span for span in await all_spans(gateway) if span.status == "ok"]
    assert len(spans) == calls
    assert all(span.cost_pico and span.input_tokens == 20 and not span.usage_estimated for span in spans)


async def test_langchain_runs_a_tool_loop_and_streams(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(WEATHER, Turn())

    said = await client("langchain_chat.py")

    assert said["calls"] == [{"name": "weather", "args": {"city": "Paris"}}]
    assert (said["answer"], said["streamed"], said["several_chunks"]) == (PARIS, PARIS, True)
    assert said["usage"]["total_tokens"] == 30
    assert upstream.received[1].body["messages"][2]["content"] == "Sun in Paris"
    await require_billed(gateway, calls=3)


async def test_llama_index_chats_streams_and_calls_tools(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(Turn(), Turn(), WEATHER)

    said = await client("llama_index_llm.py")

    assert said == {"answer": PARIS, "streamed": PARIS, "calls": [{"name": "weather", "args": {"city": "Paris"}}]}
    await require_billed(gateway, calls=3)


async def test_the_litellm_sdk_chats_streams_and_calls_tools(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(Turn(), WEATHER, Turn())

    said = await client("litellm_sdk.py")

    assert (said["answer"], said["streamed"], said["tokens"]) == (PARIS, PARIS, [30])
    assert said["call"] == {"name": "weather", "arguments": '{"city":"Paris"}'}
    await require_billed(gateway, calls=3)


async def test_openais_javascript_sdk_chats_streams_and_calls_tools(
    gateway: Gateway, upstream: FakeUpstream, client: RunClient
) -> None:
    upstream.script(Turn(), Turn(), WEATHER)

    said = await client("openai_sdk.mjs")

    assert (said["answer"], said["streamed"], said["tokens"]) == (PARIS, PARIS, 30)
    assert said["call"] == {"name": "weather", "arguments": '{"city":"Paris"}'}
    assert said["lists_it"] is True
    assert said["refused"] == ["NotFoundError", 404, "model_not_found"]
    await require_billed(gateway, calls=3)
