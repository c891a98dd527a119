"""Responses for models that only chat, through the official SDK: asked in a chat, answered as a response."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from tests.fakes.upstream import ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

CLAUDE = "anthropic/claude-sonnet-4-5"
PIXEL = "data:image/png;base64,iVBORw0KGgo="
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "weather",
    "description": "Says it.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": True,
}
PATCH: dict[str, Any] = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Changes files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'},
}


@pytest.fixture
async def chatty(gateway: Gateway) -> str:
    """A model whose provider has chat completions and nothing else."""
    return f"{await gateway.provider_at(gateway.upstream.openai_url, 'chatty')}/llama"


async def events_of(gateway: Gateway, model: str, **body: Any) -> list[Any]:
    stream = await gateway.openai().responses.create(model=model, stream=True, **{"input": "Hello", **body})
    return [event async for event in stream]


# --- what is asked --------------------------------------------------------------------------------------------


async def test_a_conversation_becomes_messages(gateway: Gateway, chatty: str) -> None:
    conversation = [
        {"role": "developer", "content": "Answer in French."},
        {"role": "user", "content": [{"type": "input_text", "text": "What is this?"},
                                     {"type": "input_image", "image_url": PIXEL, "detail": "low"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "A picture."}]},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
         "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Paris"}'},
        {"type": "function_call", "call_id": "call_2", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "Sun"},
        {"type": "function_call_output", "call_id": "call_2",
         "output": [{"type": "input_text", "text": "Rain"}, {"type": "input_image", "image_url": PIXEL}]},
        {"role": "user", "content": "And now?"},
    ]  # fmt: skip

    await gateway.openai().responses.create(
        model=chatty,
        instructions="Be brief.",
        input=conversation,
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "weather"},
        parallel_tool_calls=False,
        max_output_tokens=77,
        temperature=0.5,
        top_p=0.9,
        text={"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}},
    )

    body = gateway.upstream.last.body
    calls = [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}},
        {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{}"}},
    ]
    assert gateway.upstream.last.path == "/v1/chat/completions"
    assert body["messages"] == [
        {"role": "system", "content": "Be brief.\n\nAnswer in French."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                                     {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}}]},
        {"role": "assistant", "content": "Let me see.", "tool_calls": calls},
        {"role": "tool", "content": "Sun", "tool_call_id": "call_1"},
        {"role": "tool", "content": "Rain", "tool_call_id": "call_2"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]},
        {"role": "user", "content": "And now?"},
    ]  # fmt: skip
    function = {name: WEATHER[name] for name in ("name", "parameters", "description", "strict")}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert body["parallel_tool_calls"] is False
    assert (body["max_tokens"], body["temperature"], body["top_p"]) == (77, 0.5, 0.9)
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": {"type": "object"}, "strict": True}
    assert not {"store", "input", "told", "tool_names", "keeps", "previous", "metadata"} & set(body)


async def test_structured_output_is_parsed_by_the_sdk(gateway: Gateway, chatty: str) -> None:
    class Capital(BaseModel):
        name: str

    gateway.upstream.script(Turn(words=('{"name":', '"Paris"}')))

    response = await gateway.openai().responses.parse(model=chatty, input="Capital of France?", text_format=Capital)

    assert response.output_parsed == Capital(name="Paris")
    assert gateway.upstream.last.body["response_format"]["json_schema"]["name"] == "Capital"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tools": [{"type": "web_search"}]}, "built-in tool `web_search`"),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, "built-in tool `file_search`"),
        ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "built-in tool `mcp`"),
        ({"conversation": "conv_1"}, "`conversation`"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "type `item_reference`"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "only names a file"),
        ({"previous_response_id": "resp_68af"}, "has not kept `resp_68af`"),
    ],
)
async def test_what_only_openai_can_do_is_refused_by_name(
    gateway: Gateway, chatty: str, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await gateway.openai().responses.create(**{"model": chatty, "input": "Hello", **more})

    assert said in refused.value.message
    assert "cannot be translated for `chatty/llama`" in refused.value.message
    assert not gateway.upstream.received


@pytest.mark.parametrize(
    ("body", "said", "param"),
    [
        ({"input": None}, "`input` is missing", "input"),
        ({"input": [{"content": "x"}]}, "has a `type`", "input"),
        ({"input": [{"role": "robot", "content": "x"}]}, "role `robot`", "input"),
        ({"text": {"format": {"type": "yaml"}}}, "`text.format`", "text.format"),
        ({"tools": [{"name": "x"}]}, "A tool has a `type`", "tools"),
        ({"tool_choice": "sometimes"}, "`tool_choice`", "tool_choice"),
        ({"temperature": "hot"}, "`temperature`", "temperature"),
    ],
)
async def test_bad_input_is_named(gateway: Gateway, chatty: str, body: dict[str, Any], said: str, param: str) -> None:
    reply = await gateway.http().post("/v1/responses", json={"model": chatty, "input": "Hello", **body})

    assert reply.status_code == 400
    assert said in reply.json()["error"]["message"]
    assert reply.json()["error"]["param"] == param


async def test_what_a_translation_leaves_out_is_told(gateway: Gateway, chatty: str) -> None:
    body = {
        "model": chatty,
        "input": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}, {"role": "user", "content": "x"}],
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "text": {"verbosity": "low"},
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "tools": [{"type": "web_search", "external_web_access": False}],
    }  # fmt: skip

    reply = await gateway.http().post("/v1/responses", json=body)

    assert reply.status_code == 200
    assert set(reply.headers["x-quarterdeck-left-out"].split(", ")) == {
        "prompt_cache_key",
        "service_tier",
        "text.verbosity",
        "include:message.output_text.logprobs",
        "reasoning.encrypted_content",
        "tools:web_search",
    }
    assert "tools" not in gateway.upstream.last.body


# --- what is answered -----------------------------------------------------------------------------------------


async def test_a_plain_answer_is_a_whole_response(gateway: Gateway, chatty: str) -> None:
    gateway.upstream.script(Turn(input_tokens=100, cached_tokens=60, output_tokens=9, reasoning_tokens=4))

    raw = await gateway.openai().responses.with_raw_response.create(
        model=chatty, input="Hello", instructions="Be brief.", metadata={"team": "red"}, max_output_tokens=50
    )

    response = raw.parse()
    assert (response.status, response.output_text) == ("completed", "Paris is the capital.")
    assert (response.instructions, response.max_output_tokens) == ("Be brief.", 50)
    assert response.metadata == {"team": "red"}
    assert response.usage.to_dict() == {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 0},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 109,
    }
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.cache_read_tokens, span.reasoning_tokens) == (100, 60, 4)


async def test_a_stream_has_every_event_in_its_order(gateway: Gateway, chatty: str) -> None:
    gateway.upstream.script(Turn(words=("Par", "is"), thinking=("Hm", "m.")))

    events = await events_of(gateway, chatty)

    assert [event.type.removeprefix("response.") for event in events] == [
        "created", "in_progress",
        "output_item.added", "reasoning_summary_part.added",
        "reasoning_summary_text.delta", "reasoning_summary_text.delta",
        "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
        "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done",
        "completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    whole = events[-1].response
    assert whole.output_text == "Paris"
    assert whole.id == events[0].response.id
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    assert whole.output[0].summary[0].text == "Hmm."
    done = [event.item.to_dict() for event in events if event.type == "response.output_item.done"]
    assert done == [item.to_dict() for item in whole.output]
    assert whole.usage.total_tokens == 30


async def test_the_sdks_own_accumulation_agrees(gateway: Gateway, chatty: str) -> None:
    gateway.upstream.script(Turn(thinking=("Hm.",)), Turn(tool_calls=(ToolCall("c1", "weather", '{"city":"Rome"}'),)))
    client = gateway.openai()

    async with client.responses.stream(model=chatty, input="Hello") as stream:
        said = await stream.get_final_response()
    async with client.responses.stream(model=chatty, input="Hello", tools=[WEATHER]) as stream:
        called = await stream.get_final_response()

    assert said.output_text == "Paris is the capital."
    assert called.output[0].arguments == '{"city":"Rome"}'


async def test_tool_calls_side_by_side_stay_apart(gateway: Gateway, chatty: str) -> None:
    chunks = [
        {"role": "assistant", "content": "I look."},
        {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "weather", "arguments": ""}}]},
        {
            "tool_calls": [
                {"index": 1, "id": "b", "type": "function", "function": {"name": "weather", "arguments": "{"}}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]},
    ]
    lines = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in chunks]
    lines.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    body = (
        "".join(f"data: {json.dumps({'id': 'c', 'model': 'llama', **line})}\n\n" for line in lines) + "data: [DONE]\n\n"
    )
    gateway.upstream.script(Turn(body=body.encode(), content_type="text/event-stream"))

    events = await events_of(gateway, chatty, tools=[WEATHER])

    whole = events[-1].response
    assert [item.type for item in whole.output] == ["message", "function_call", "function_call"]
    assert [(item.call_id, item.arguments) for item in whole.output[1:]] == [("a", '{"city":"Oslo"}'), ("b", "{}")]
    by_item: dict[str, str] = {}
    for event in events:
        if event.type == "response.function_call_arguments.delta":
            by_item[event.item_id] = by_item.get(event.item_id, "") + event.delta
    assert by_item == {whole.output[1].id: '{"city":"Oslo"}', whole.output[2].id: "{}"}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_custom_tool_takes_a_text(gateway: Gateway, chatty: str, stream: bool) -> None:
    arguments = json.dumps({"input": "*** Begin Patch\n+é"})
    gateway.upstream.script(Turn(tool_calls=(ToolCall("call_1", "apply_patch", arguments),)), Turn())
    client = gateway.openai()

    if stream:
        events = await events_of(gateway, chatty, tools=[PATCH])
        response = events[-1].response
        deltas = [event.delta for event in events if event.type == "response.custom_tool_call_input.delta"]
        assert deltas == ["*** Begin Patch\n+é"]
    else:
        response = await client.responses.create(model=chatty, input="Hello", tools=[PATCH])
    (call,) = response.output
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "Done."}
    await client.responses.create(model=chatty, input=[call.to_dict(), result], tools=[PATCH])

    assert (call.type, call.name, call.input) == ("custom_tool_call", "apply_patch", "*** Begin Patch\n+é")
    told = gateway.upstream.received[0].body["tools"][0]["function"]
    assert told["parameters"]["required"] == ["input"]
    assert "Begin Patch" in told["parameters"]["properties"]["input"]["description"]
    said, heard = gateway.upstream.last.body["messages"]
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"input": "*** Begin Patch\n+é"}
    assert heard == {"role": "tool", "content": "Done.", "tool_call_id": "call_1"}


async def test_namespaces_of_tools_come_back(gateway: Gateway, chatty: str) -> None:
    tools = [{"type": "namespace", "name": "docs", "description": "", "tools": [{**WEATHER, "name": "search"}]}]
    gateway.upstream.script(Turn(tool_calls=(ToolCall("call_1", "docs__search", "{}"),)), Turn())
    client = gateway.openai()

    response = await client.responses.create(model=chatty, input="Hello", tools=tools)
    (call,) = response.output
    await client.responses.create(
        model=chatty, input=[call.to_dict(), {"type": "function_call_output", "call_id": "call_1", "output": "x"}]
    )

    assert (call.name, call.namespace) == ("search", "docs")
    assert gateway.upstream.last.body["messages"][0]["tool_calls"][0]["function"]["name"] == "docs__search"


async def test_only_allowed_tools_are_offered(gateway: Gateway, chatty: str) -> None:
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "weather"}]}

    await gateway.openai().responses.create(
        model=chatty, input="Hello", tools=[WEATHER, {**WEATHER, "name": "other"}], tool_choice=choice
    )

    body = gateway.upstream.last.body
    assert [tool["function"]["name"] for tool in body["tools"]] == ["weather"]
    assert body["tool_choice"] == "required"


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
async def test_an_answer_cut_short_says_why(gateway: Gateway, chatty: str, finish: str, reason: str) -> None:
    gateway.upstream.script(Turn(finish=finish))

    plain = await gateway.openai().responses.create(model=chatty, input="Hello")
    streamed = (await events_of(gateway, chatty))[-1]

    assert (plain.status, plain.incomplete_details.reason) == ("incomplete", reason)
    assert plain.output[0].status == "incomplete"
    assert (streamed.type, streamed.response.incomplete_details.reason) == ("response.incomplete", reason)


async def test_signed_thoughts_go_to_the_client_and_back(gateway: Gateway) -> None:
    gateway.upstream.script(
        Turn(thinking=("I ", "wonder."), tool_calls=(ToolCall("toolu_1", "weather", '{"city":"Paris"}'),)), Turn()
    )
    client = gateway.openai()

    first = await client.responses.create(
        model=CLAUDE, input="Weather?", tools=[WEATHER], store=False, include=["reasoning.encrypted_content"]
    )
    items = [item.to_dict() for item in first.output]
    result = {"type": "function_call_output", "call_id": "toolu_1", "output": "Sun"}
    await client.responses.create(
        model=CLAUDE, input=[{"role": "user", "content": "Weather?"}, *items, result], tools=[WEATHER], store=False
    )

    assert [item["type"] for item in items] == ["reasoning", "function_call"]
    said = gateway.upstream.last.body["messages"][1]
    assert said["content"][0] == {"type": "thinking", "thinking": "I wonder.", "signature": "c2ln"}
    assert said["content"][1]["type"] == "tool_use"


async def test_an_error_of_the_provider_has_openais_shape(gateway: Gateway, chatty: str) -> None:
    gateway.upstream.script(Turn(status=429, error={"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}))

    with pytest.raises(openai.RateLimitError, match=r"Slow down\."):
        await gateway.openai().responses.create(model=chatty, input="Hello")


async def test_a_translated_stream_that_breaks_is_billed_and_says_so(gateway: Gateway, chatty: str) -> None:
    gateway.upstream.script(Turn(words=("word " * 40, "more"), reset_after=1))

    with pytest.raises(openai.APIError, match="broke off"):
        await events_of(gateway, chatty)
    reply: httpx.Response = await gateway.http().post(
        "/v1/responses", json={"model": chatty, "input": "Hello", "stream": True}
    )

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.status, span.usage_estimated, span.output_tokens) == ("error", True, 50)
    assert reply.content.rstrip().rpartition(b"event: ")[2].startswith(b"response.failed")


@pytest.mark.parametrize(
    ("model", "effort"),
    [
        ("claude-haiku-4-5", None),
        ("claude-sonnet-4-20250514", None),
        ("claude-opus-4-5", "high"),
        ("claude-opus-5", "high"),
    ],
)
async def test_an_effort_is_a_wish_that_older_models_do_not_hear(
    gateway: Gateway, model: str, effort: str | None
) -> None:
    await gateway.openai().responses.create(model=f"anthropic/{model}", input="Hello", reasoning={"effort": "high"})

    assert (gateway.upstream.last.body.get("output_config") or {}).get("effort") == effort
