"""Chats with a provider of OpenAI's dialect, seen through the official SDK."""

from __future__ import annotations

import json

from tests.fakes.upstream import ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

ASK = [{"role": "user", "content": "What is the capital of France?"}]


async def test_a_plain_answer_is_what_the_provider_said(gateway: Gateway) -> None:
    client = gateway.openai()

    completion = await client.chat.completions.create(model="openai/gpt-4o-mini", messages=ASK)

    assert completion.choices[0].message.content == "Paris is the capital."
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == gateway.upstream.model
    assert completion.usage is not None and completion.usage.total_tokens == 30


async def test_the_provider_gets_our_credential_and_its_own_name_for_the_model(gateway: Gateway) -> None:
    client = gateway.openai()

    await client.chat.completions.create(
        model="openai/gpt-4o-mini", messages=ASK, extra_body={"vendor_option": {"model": "untouched"}}
    )

    asked = gateway.upstream.last
    assert asked.headers["authorization"] == "Bearer sk-upstream-secret"
    assert asked.body["model"] == "gpt-4o-mini"
    assert asked.body["vendor_option"] == {"model": "untouched"}
    assert gateway.key not in json.dumps(asked.headers) + asked.raw.decode()


async def test_a_bare_model_name_goes_untouched_to_the_provider_that_has_it(gateway: Gateway) -> None:
    body = b'{ "model":"gpt-4o-mini",  "messages": [{"role":"user","content":"hi \\u00e9"}] }'

    reply = await gateway.http().post("/v1/chat/completions", content=body)

    assert reply.status_code == 200
    assert gateway.upstream.last.raw == body


async def test_a_call_leaves_a_span_with_messages_tokens_and_the_exact_bill(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, output_tokens=500, cached_tokens=200, reasoning_tokens=60))
    client = gateway.openai()

    raw = await client.chat.completions.with_raw_response.create(
        model="openai/gpt-4o-mini", messages=ASK, temperature=0, user="ada", metadata={"session_id": "s-1"}
    )

    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert (span.name, span.kind, span.provider, span.model) == ("chat gpt-4o-mini", "llm", "openai", "gpt-4o-mini")
    assert span.input == ASK
    assert isinstance(span.output, dict) and span.output["content"] == "Paris is the capital."
    assert (span.input_tokens, span.output_tokens, span.cache_read_tokens, span.reasoning_tokens) == (
        1000,
        500,
        200,
        60,
    )
    # $0.15 for a million input tokens, $0.075 cached, $0.60 output.
    assert span.cost_pico == 800 * 150_000 + 200 * 75_000 + 500 * 600_000
    assert sum(line.cost_pico for line in span.cost_lines) == span.cost_pico
    assert span.price_id is not None and span.price_id.endswith(":openai/gpt-4o-mini")
    assert (span.user_id, span.session_id) == ("ada", "s-1")
    assert span.attributes["gen_ai.request.temperature"] == 0
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert span.attributes["gen_ai.response.model"] == gateway.upstream.model
    assert raw.headers["x-quarterdeck-cost-usd"] == "0.000435"


async def test_a_stream_arrives_word_by_word_and_ends_properly(gateway: Gateway) -> None:
    client = gateway.openai()

    stream = await client.chat.completions.create(model="openai/gpt-4o-mini", messages=ASK, stream=True)
    chunks = [chunk async for chunk in stream]

    words = [chunk.choices[0].delta.content for chunk in chunks]
    assert words == ["", "Paris", " is", " the", " capital", ".", None]
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_usage_is_counted_but_not_shown_to_a_stream_that_did_not_ask_for_it(gateway: Gateway) -> None:
    body = {"model": "openai/gpt-4o-mini", "messages": ASK, "stream": True}

    reply = await gateway.http().post("/v1/chat/completions", json=body)

    assert '"choices":[]' not in reply.text
    assert reply.text.endswith("data: [DONE]\n\n")
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.output_tokens, span.usage_estimated) == (20, 10, False)


async def test_usage_is_shown_to_a_stream_that_asked_for_it(gateway: Gateway) -> None:
    client = gateway.openai()

    stream = await client.chat.completions.create(
        model="openai/gpt-4o-mini", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None and chunks[-1].usage.total_tokens == 30


async def test_the_bytes_of_a_stream_pass_through_untouched(gateway: Gateway) -> None:
    body = {"model": "gpt-4o-mini", "messages": ASK, "stream": True, "stream_options": {"include_usage": True}}

    direct = await gateway.http().post(f"{gateway.upstream.openai_url}/chat/completions", json=body)
    ours = await gateway.http().post("/v1/chat/completions", json=body)

    assert ours.content == direct.content.replace(b"chatcmpl-" + b"0" * 28 + b"1", b"chatcmpl-" + b"0" * 28 + b"2")


async def test_usage_in_a_chunk_that_also_has_choices_is_not_overlooked(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(usage="in-last-chunk", input_tokens=77, output_tokens=33))
    body = {"model": "openai/gpt-4o-mini", "messages": ASK, "stream": True}

    reply = await gateway.http().post("/v1/chat/completions", json=body)

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.output_tokens) == (77, 33)


async def test_a_provider_that_tells_no_usage_is_estimated_and_flagged(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(usage="none"))
    body = {"model": "openai/gpt-4o-mini", "messages": ASK}

    reply = await gateway.http().post("/v1/chat/completions", json=body)

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.usage_estimated
    assert (span.input_tokens, span.output_tokens) == (8, 6)


async def test_a_stream_cut_into_single_bytes_with_windows_newlines_is_the_same_stream(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(newline="\r\n", piece_bytes=1, words=("one", " two")))
    client = gateway.openai()

    raw = await client.chat.completions.with_raw_response.create(model="openai/gpt-4o-mini", messages=ASK, stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in raw.parse()])

    assert text == "one two"
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert isinstance(span.output, dict) and span.output["content"] == "one two"
    assert span.input_tokens == 20


async def test_tool_calls_pass_through_and_are_recorded(gateway: Gateway) -> None:
    call = ToolCall("call_abc", "weather", '{"city":"Paris"}')
    gateway.upstream.script(Turn(tool_calls=(call,)))
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    client = gateway.openai()

    plain = await client.chat.completions.create(model="openai/gpt-4o-mini", messages=ASK, tools=tools)
    raw = await client.chat.completions.with_raw_response.create(
        model="openai/gpt-4o-mini", messages=ASK, tools=tools, stream=True
    )
    chunks = [chunk async for chunk in raw.parse()]

    assert plain.choices[0].message.tool_calls is not None
    assert plain.choices[0].message.tool_calls[0].function.arguments == call.arguments
    deltas = [part for chunk in chunks for part in chunk.choices[0].delta.tool_calls or []]
    assert "".join(part.function.arguments or "" for part in deltas if part.function) == call.arguments
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert isinstance(span.output, dict)
    assert span.output["tool_calls"] == [
        {"id": "call_abc", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
    ]
    assert gateway.upstream.last.body["tools"] == tools


async def test_the_callers_trace_and_request_id_are_kept(gateway: Gateway) -> None:
    trace_id, parent_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    headers = {"traceparent": f"00-{trace_id}-{parent_id}-01", "x-request-id": "mine-1", "x-session-id": "s-9"}

    reply = await gateway.http().post(
        "/v1/chat/completions", json={"model": "openai/gpt-4o-mini", "messages": ASK}, headers=headers
    )

    assert reply.headers["x-request-id"] == "mine-1"
    assert reply.headers["x-quarterdeck-trace-id"] == trace_id
    span = await gateway.only_span(trace_id)
    assert (span.parent_id, span.session_id) == (parent_id, "s-9")


async def test_headers_tell_where_the_time_went(gateway: Gateway) -> None:
    reply = await gateway.http().post("/v1/chat/completions", json={"model": "openai/gpt-4o-mini", "messages": ASK})

    assert float(reply.headers["x-quarterdeck-overhead-ms"]) <= int(reply.headers["openai-processing-ms"]) + 1
    assert reply.headers["x-quarterdeck-model"] == "openai/gpt-4o-mini"
    assert reply.headers["x-quarterdeck-cache"] == "off"


async def test_pictures_go_to_the_provider_whole_and_into_the_trace_as_a_note(gateway: Gateway) -> None:
    picture = "data:image/png;base64," + "A" * 2_000_000
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": picture}}]

    reply = await gateway.http().post(
        "/v1/chat/completions", json={"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": parts}]}
    )

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert gateway.upstream.last.body["messages"][0]["content"] == parts
    recorded = json.dumps(span.input, ensure_ascii=False)
    assert "What is this?" in recorded and "… (2000022 characters)" in recorded
    assert len(recorded) < 500
