"""Anthropic behind OpenAI's dialect: asked and answered in translation, through the official OpenAI SDK."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.anthropic_request import messages_request
from quarterdeck.gateway.conversation import ChatRequest, Message
from tests.fakes import upstream
from tests.fakes.upstream import ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

MODEL = "anthropic/claude-sonnet-4-5"
ASK = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Says it.", "parameters": {"type": "object", "properties": {}}},
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


async def test_a_plain_answer_is_translated_both_ways(gateway: Gateway) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *ASK]

    completion = await gateway.openai().chat.completions.create(
        model=MODEL, messages=messages, max_tokens=50, stop="END"
    )

    assert completion.choices[0].message.content == "Paris is the capital."
    assert completion.choices[0].finish_reason == "stop"
    asked = gateway.upstream.last
    assert asked.path == "/v1/messages"
    assert asked.headers["x-api-key"] == "sk-ant-upstream-secret"
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert asked.body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 50,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]}],
        "stop_sequences": ["END"],
        "stream": True,
    }


async def test_a_stream_is_translated_as_it_comes(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(thinking=("Hm.", " France."), piece_bytes=7))
    client = gateway.openai()

    stream = await client.chat.completions.create(
        model=MODEL, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    said = [chunk.choices[0].delta.content for chunk in chunks[:-2]]
    assert [word for word in said if word is not None] == ["", "Paris", " is", " the", " capital", "."]
    thoughts = [getattr(chunk.choices[0].delta, "reasoning_content", None) for chunk in chunks[:-2]]
    assert [thought for thought in thoughts if thought] == ["Hm.", " France."]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.prompt_tokens) == ([], 20)
    assert len({chunk.id for chunk in chunks}) == 1


async def test_cached_tokens_are_counted_inside_the_input_and_billed_apart(gateway: Gateway) -> None:
    gateway.upstream.script(
        Turn(
            input_tokens=10_000,
            cached_tokens=6000,
            cache_write_tokens=3000,
            cache_write_1h_tokens=1000,
            output_tokens=100,
        )
    )

    raw = await gateway.openai().chat.completions.with_raw_response.create(model=MODEL, messages=ASK)

    usage = raw.parse().usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (10_000, 6000)
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.cache_read_tokens, span.cache_write_tokens) == (10_000, 6000, 3000)
    assert {line.unit: (line.quantity, line.price_pico) for line in span.cost_lines} == {
        "input": (1000, 3_000_000),
        "cache_read": (6000, 300_000),
        "cache_write": (2000, 3_750_000),
        "cache_write_1h": (1000, 6_000_000),
        "output": (100, 15_000_000),
    }
    assert span.attributes["gen_ai.response.model"] == gateway.upstream.claude
    assert str(span.attributes["gen_ai.response.id"]).startswith("msg_")


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_and_their_results_are_translated(gateway: Gateway, stream: bool) -> None:
    calls = (ToolCall("toolu_1", "weather", '{"city":"Paris"}'), ToolCall("toolu_2", "weather", '{"city":"Rome"}'))
    gateway.upstream.script(Turn(tool_calls=calls), Turn(words=("Sunny.",)))
    client = gateway.openai()

    if stream:
        async with client.chat.completions.stream(model=MODEL, messages=ASK, tools=[WEATHER]) as events:
            first = await events.get_final_completion()
    else:
        first = await client.chat.completions.create(model=MODEL, messages=ASK, tools=[WEATHER])
    said = first.choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in said.tool_calls]
    again = [
        *ASK,
        said.model_dump(exclude_none=True, exclude={"parsed"}),
        *results,
        {"role": "user", "content": "And?"},
    ]
    for call in again[1]["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    await client.chat.completions.create(model=MODEL, messages=again, tools=[WEATHER], tool_choice="required")

    assert first.choices[0].finish_reason == "tool_calls"
    assert [(call.id, call.function.arguments) for call in said.tool_calls] == [(c.id, c.arguments) for c in calls]
    body = gateway.upstream.last.body
    assert body["tools"] == [
        {"name": "weather", "description": "Says it.", "input_schema": {"type": "object", "properties": {}}}
    ]
    assert body["tool_choice"] == {"type": "any"}
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][0] == {
        "type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"},
    }  # fmt: skip
    assert [block["type"] for block in body["messages"][2]["content"]] == ["tool_result", "tool_result", "text"]


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
        ("model_context_window_exceeded", "length"),
    ],
)
async def test_stop_reasons_are_translated(gateway: Gateway, stop_reason: str, finish_reason: str) -> None:
    gateway.upstream.script(Turn(finish=stop_reason))

    completion = await gateway.openai().chat.completions.create(model=MODEL, messages=ASK)

    assert completion.choices[0].finish_reason == finish_reason


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("turn", "kind", "words"),
    [
        (Turn(status=400, error=upstream.ANTHROPIC_BAD_REQUEST), openai.BadRequestError, "max_tokens: 9999999 > 64000"),
        (Turn(status=529, error=upstream.ANTHROPIC_OVERLOADED), openai.InternalServerError, "overloaded or down"),
        (Turn(error_after=0), openai.InternalServerError, "overloaded or down"),
        (Turn(ends_after=0), openai.InternalServerError, "broke off before the end"),
    ],
)
async def test_anthropics_errors_become_openai_errors(
    gateway: Gateway, turn: Turn, kind: type[openai.APIStatusError], words: str, stream: bool
) -> None:
    gateway.upstream.script(turn)

    with pytest.raises(kind, match=words):
        await gateway.openai().chat.completions.create(model=MODEL, messages=ASK, stream=stream)


async def test_a_translated_stream_that_breaks_says_so_in_band(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(error_after=2))

    reply = await gateway.http().post("/v1/chat/completions", json={"model": MODEL, "messages": ASK, "stream": True})

    assert reply.status_code == 200
    assert reply.text.rstrip().splitlines()[-1].startswith('data: {"error":{"message":"`anthropic` is overloaded')
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.status, span.usage_estimated) == ("error", True)
    assert isinstance(span.output, dict) and span.output["content"] == "Paris is"


def asked(*messages: Message, **fields: Any) -> dict[str, Any]:
    return messages_request("claude-sonnet-4-5", ChatRequest(model="m", messages=list(messages), **fields))


def test_images_and_files_are_translated() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PIXEL}},
        {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
    ]

    body = asked(Message("user", parts))

    (turn,) = body["messages"]
    assert turn["content"][1:] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/cat.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}},
    ]


def test_a_json_schema_and_the_effort_become_the_output_config() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}

    body = asked(
        Message("user", "hi"),
        response_format={"type": "json_schema", "json_schema": {"name": "city", "schema": schema}},
        reasoning_effort="minimal",
    )

    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}, "effort": "low"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"n": 2}, "one answer at a time"),
        ({"response_format": {"type": "json_object"}}, "send `response_format` of type `json_schema`"),
        ({"tools": [{"type": "web_search"}]}, "Only tools of type `function`"),
    ],
)
def test_what_cannot_be_said_to_anthropic_is_refused_with_the_reason(fields: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        asked(Message("user", "hi"), **fields)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message("user", [{"type": "input_audio"}]), "`input_audio` cannot be sent"),
        (Message("user", [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]), "`https:` URL"),
        (Message("assistant", None, tool_calls=[{"id": "1", "function": {"arguments": "{"}}]), "not valid JSON"),
        (Message("system", "alone"), "at least one message"),
    ],
)
def test_a_message_that_anthropic_cannot_take_is_refused_with_the_reason(message: Message, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        asked(message)
