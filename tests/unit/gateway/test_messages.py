"""Anthropic's dialect at our door, through its official SDK: forwarded to Anthropic, translated for everybody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.access import keys
from quarterdeck.access.keys import KeyTerms
from quarterdeck.gateway import sse
from quarterdeck.gateway.anthropic_asked import read_messages_request
from quarterdeck.gateway.anthropic_reply import AnthropicReading
from quarterdeck.gateway.anthropic_request import messages_request
from quarterdeck.gateway.anthropic_shape import MessageBody, MessageEvents
from quarterdeck.gateway.conversation import FinishPiece, Piece, ReasoningPiece, TextPiece, ToolCallPiece
from tests.fakes.upstream import OPENAI_RATE_LIMIT, FakeUpstream, ToolCall, Turn
from tests.unit.gateway.conftest import FixedApp, Gateway, running_gateway

CLAUDE = "anthropic/claude-sonnet-4-5"
GPT = "openai/gpt-4o-mini"
ASK = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {
    "name": "weather",
    "description": "Says it.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CALL = ToolCall("call_1", "weather", '{"city":"Paris"}')
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
PIXEL = "iVBORw0KGgo="


def body(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 50, "messages": ASK, **more}


# --- to Anthropic: as bytes -----------------------------------------------------------------------------------


async def test_a_request_to_anthropic_goes_through_with_only_the_model_name_exchanged(gateway: Gateway) -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    sent = body(
        CLAUDE,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        messages=[*ASK, {"role": "assistant", "content": [thought, {"type": "text", "text": "Paris"}]}, *ASK],
        mcp_servers=[{"type": "url", "url": "https://example.com", "name": "m"}],
        tools=[{"type": "web_search_20250305", "name": "web_search"}],
    )
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "interleaved-thinking-2025-05-14,mcp-client"}

    reply = await gateway.http().post("/v1/messages", json=sent, headers=headers)

    asked = gateway.upstream.last
    assert reply.status_code == 200
    assert asked.path == "/v1/messages"
    assert asked.body == {**sent, "model": "claude-sonnet-4-5"}
    assert asked.headers["anthropic-beta"] == headers["anthropic-beta"]
    assert asked.headers["x-api-key"] == "sk-ant-upstream-secret"
    assert gateway.key not in json.dumps(asked.headers)


async def test_a_body_that_names_the_model_as_anthropic_does_is_not_touched(gateway: Gateway) -> None:
    raw = b'{ "model":"claude-sonnet-4-5", "max_tokens":5,"messages":[{"role":"user","content":"hi \\u00e9"}] }'

    reply = await gateway.http().post("/v1/messages", content=raw)

    assert reply.status_code == 200
    assert gateway.upstream.last.raw == raw


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_of_anthropic_comes_back_byte_by_byte(gateway: Gateway, stream: bool) -> None:
    gateway.upstream.script(Turn(thinking=("Hm.",)))
    sent = body(CLAUDE, stream=stream)
    async with httpx.AsyncClient() as direct:
        said = await direct.post(f"{gateway.upstream.url}/v1/messages", json=sent)

    reply = await gateway.http().post("/v1/messages", json=sent)

    unnumbered = [text.replace("0001", "000X").replace("0002", "000X") for text in (said.text, reply.text)]
    assert unnumbered[0] == unnumbered[1]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_anthropic_says_of_tokens_is_overheard_and_billed(gateway: Gateway, stream: bool) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, cached_tokens=600, cache_write_tokens=300, output_tokens=100))

    reply = await gateway.http().post("/v1/messages", json=body(CLAUDE, stream=stream))

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.cache_read_tokens, span.cache_write_tokens, span.output_tokens) == (
        1000,
        600,
        300,
        100,
    )
    assert span.output == {"role": "assistant", "content": "Paris is the capital."}
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert not span.unpriced and span.cost_pico is not None and not span.usage_estimated


async def test_tokens_are_counted_by_anthropic_itself(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=77))

    counted = await gateway.anthropic().messages.count_tokens(model=CLAUDE, messages=ASK)

    assert counted.input_tokens == 77
    assert gateway.upstream.last.body["model"] == "claude-sonnet-4-5"


async def test_counting_leaves_a_span_that_costs_nothing(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=77))
    sent = {"model": CLAUDE, "messages": ASK, "tags": ["red"]}

    reply = await gateway.http().post("/v1/messages/count_tokens", json=sent)

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.name, span.kind, span.tags) == (f"count_tokens {CLAUDE}", "other", ("red",))
    assert span.attributes["quarterdeck.counted_tokens"] == 77
    assert (span.input_tokens, span.cost_pico, span.unpriced) == (None, None, False)
    assert "tags" not in gateway.upstream.last.body


async def test_counting_that_fails_says_so_in_its_span(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=529, error={"type": "error", "error": {"type": "overloaded_error"}}))

    reply = await gateway.http().post("/v1/messages/count_tokens", json={"model": CLAUDE, "messages": ASK})

    assert reply.status_code == 503
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.status == "error"


async def test_a_key_counts_only_for_models_that_it_may_call(gateway: Gateway) -> None:
    key = (await keys.create(gateway.work, "narrow", terms=KeyTerms(allowed_models=["openai/*"]))).secret

    with pytest.raises(anthropic.PermissionDeniedError):
        await gateway.anthropic(api_key=key).messages.count_tokens(model=CLAUDE, messages=ASK)


# --- models ---------------------------------------------------------------------------------------------------


async def test_anthropics_sdk_lists_models_page_by_page(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = FixedApp("bot", "rel_1", [])
    client = gateway.anthropic()

    listed = [model async for model in client.models.list(limit=7)]
    one = await client.models.retrieve("bot")
    openais = {model.id async for model in gateway.openai().models.list()}

    assert {model.id for model in listed} == openais
    assert len(listed) == len(openais) > 14
    assert listed[0].id == one.id == "bot"
    assert (one.type, one.display_name) == ("model", "bot")


async def test_a_page_of_models_can_be_asked_for_backwards(gateway: Gateway) -> None:
    client = gateway.anthropic()
    first = await client.models.list(limit=5)
    second = await client.models.list(limit=5, after_id=first.last_id)

    back = await client.models.list(limit=5, before_id=second.first_id)

    assert [model.id for model in back.data] == [model.id for model in first.data]
    assert (first.has_more, back.has_more) == (True, False)
    with pytest.raises(anthropic.BadRequestError, match="`limit`"):
        await client.models.list(limit=0)


# --- to anybody else: translated ------------------------------------------------------------------------------


async def test_a_plain_answer_of_another_provider_is_a_message(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=100, cached_tokens=40, output_tokens=7, reasoning_tokens=3))

    message = await gateway.anthropic().messages.create(
        **body(GPT, system="Be brief.", stop_sequences=["END"], extra_body={"temperature": 0.5})
    )

    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert [block.text for block in message.content] == ["Paris is the capital."]
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (
        60,
        40,
        7,
    )
    asked = gateway.upstream.last
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": "Be brief."}, *ASK],
        "max_completion_tokens": 50,
        "temperature": 0.5,
        "stop": ["END"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_what_was_left_out_of_a_translation_is_told(gateway: Gateway) -> None:
    reply = await gateway.http().post("/v1/messages", json=body(GPT, top_k=3, service_tier="auto"))

    assert reply.headers["x-quarterdeck-left-out"] == "top_k, service_tier"
    assert reply.headers["request-id"] == reply.headers["x-request-id"]


async def test_a_stream_of_another_provider_is_a_stream_of_named_events(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(thinking=("Hm.", " France."), piece_bytes=9))

    async with gateway.anthropic().messages.stream(**body(GPT)) as stream:
        events = [event.type async for event in stream]
        message = await stream.get_final_message()

    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking == "Hm. France."
    assert message.content[1].text == "Paris is the capital."
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 20, 10)
    assert (events[0], events[-1]) == ("message_start", "message_stop")


async def test_a_translated_stream_has_pings_and_ends_with_message_stop(gateway: Gateway) -> None:
    reply = await gateway.http().post("/v1/messages", json=body(GPT, stream=True))

    names = [line.removeprefix("event: ") for line in reply.text.splitlines() if line.startswith("event: ")]
    assert names == [
        "message_start",
        "ping",
        "content_block_start",
        *["content_block_delta"] * 5,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert reply.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_are_called_and_their_results_sent_back(gateway: Gateway, stream: bool) -> None:
    gateway.upstream.script(Turn(tool_calls=(CALL, ToolCall("call_2", "weather", '{"city":"Rome"}'))))
    client = gateway.anthropic()
    asked = body(GPT, tools=[WEATHER], tool_choice={"type": "any", "disable_parallel_tool_use": True})

    if stream:
        async with client.messages.stream(**asked) as events:
            message = await events.get_final_message()
    else:
        message = await client.messages.create(**asked)

    assert message.stop_reason == "tool_use"
    assert [(block.id, block.name, block.input) for block in message.content] == [
        ("call_1", "weather", {"city": "Paris"}),
        ("call_2", "weather", {"city": "Rome"}),
    ]
    function = {"name": "weather", "description": "Says it.", "parameters": WEATHER["input_schema"]}
    assert gateway.upstream.last.body["tools"] == [{"type": "function", "function": function}]
    assert gateway.upstream.last.body["tool_choice"] == "required"
    assert gateway.upstream.last.body["parallel_tool_calls"] is False


async def test_results_of_tools_become_messages_of_their_own_before_what_the_person_says(gateway: Gateway) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    messages = [
        *ASK,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "seen"}, picture]},
                {"type": "text", "text": "Well?"},
            ],
        },
    ]

    await gateway.anthropic().messages.create(**body(GPT, messages=messages))

    assert gateway.upstream.last.body["messages"][1:] == [
        {
            "role": "assistant",
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}],
        },
        {"role": "tool", "content": "seen", "tool_call_id": "t1"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                {"type": "text", "text": "Well?"},
            ],
        },
    ]


async def test_structured_output_is_asked_for_by_its_schema(gateway: Gateway) -> None:
    form = {"type": "json_schema", "schema": SCHEMA}

    await gateway.anthropic().messages.create(**body(GPT, output_config={"format": form}))

    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    assert gateway.upstream.last.body["response_format"] == wanted


@pytest.mark.parametrize(("model", "effort"), [("openai/gpt-5-mini", "medium"), (GPT, None)])
async def test_a_wish_for_thoughts_reaches_those_who_can_think(
    gateway: Gateway, model: str, effort: str | None
) -> None:
    thinking = {"type": "enabled", "budget_tokens": 10_000}

    await gateway.anthropic().messages.create(**body(model, max_tokens=20_000, thinking=thinking))

    assert gateway.upstream.last.body.get("reasoning_effort") == effort


async def test_an_app_answers_in_this_dialect_too(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = FixedApp("bot", "rel_1", [TextPiece("25 days."), FinishPiece(declined=False)])

    message = await gateway.anthropic().messages.create(**body("bot"))

    assert (message.content[0].text, message.model) == ("25 days.", "bot")


async def test_tokens_for_others_are_estimated_and_said_to_be(gateway: Gateway) -> None:
    reply = await gateway.http().post("/v1/messages/count_tokens", json={"model": GPT, "messages": ASK})

    assert reply.json()["input_tokens"] == 8
    assert reply.headers["x-quarterdeck-estimated"] == "true"
    assert gateway.upstream.received == []


async def test_marks_that_a_translation_loses_are_told(gateway: Gateway) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "weather", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "No such city.", "is_error": True}
    sent = body(
        GPT,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[*ASK, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}],
        tools=[WEATHER],
    )

    translated = await gateway.http().post("/v1/messages", json=sent)
    forwarded = await gateway.http().post("/v1/messages", json={**sent, "model": CLAUDE})
    unmarked = await gateway.http().post("/v1/messages", json=body(GPT, system='Say "cache_control" to me.'))

    assert translated.headers["x-quarterdeck-left-out"] == "cache_control, tool_result.is_error"
    assert "x-quarterdeck-left-out" not in forwarded.headers
    assert "x-quarterdeck-left-out" not in unmarked.headers


# --- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "status", "kind", "words"),
    [
        (b"{", 400, "invalid_request_error", "not valid JSON"),
        (b'{"model":"x"}', 400, "invalid_request_error", "`messages` is missing"),
        (json.dumps({"model": GPT, "messages": ASK}).encode(), 400, "invalid_request_error", "`max_tokens` is missing"),
        (json.dumps(body("nobody")).encode(), 404, "not_found_error", "No model or app"),
        (
            json.dumps(body(GPT, tools=[{"type": "web_search_20250305", "name": "web_search"}])).encode(),
            400,
            "invalid_request_error",
            "`web_search_20250305` cannot be translated",
        ),
    ],
)
async def test_a_refusal_has_anthropics_shape(
    gateway: Gateway, sent: bytes, status: int, kind: str, words: str
) -> None:
    reply = await gateway.http().post("/v1/messages", content=sent)

    said = reply.json()
    assert (reply.status_code, said["type"], said["error"]["type"]) == (status, "error", kind)
    assert words in said["error"]["message"]
    assert said["request_id"] == reply.headers["request-id"]


async def test_the_official_sdk_raises_the_right_errors(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=429, error=OPENAI_RATE_LIMIT, headers=(("retry-after", "3"),)))

    with pytest.raises(anthropic.AuthenticationError):
        await gateway.anthropic(api_key="sk-wrong").messages.create(**body(GPT))
    with pytest.raises(anthropic.RateLimitError) as limited:
        await gateway.anthropic().messages.create(**body(GPT))

    assert limited.value.response.headers["retry-after"] == "3"


@pytest.mark.parametrize("model", [GPT, CLAUDE])
@pytest.mark.parametrize("turn", [Turn(error_after=2), Turn(reset_after=2), Turn(half_after=2), Turn(ends_after=2)])
async def test_a_stream_that_breaks_says_so_and_never_stops_properly(gateway: Gateway, model: str, turn: Turn) -> None:
    gateway.upstream.script(turn)

    reply = await gateway.http().post("/v1/messages", json=body(model, stream=True))

    events = reply.text.split("\n\n")
    assert reply.status_code == 200
    assert events[-2].startswith('event: error\ndata: {"type":"error"')
    assert "message_stop" not in reply.text
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.status == "error" and span.usage_estimated
    assert isinstance(span.output, dict) and span.output["content"] == "Paris is"


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_client_that_hangs_up_cuts_the_provider_off_and_the_part_is_recorded(
    gateway: Gateway, model: str
) -> None:
    gateway.upstream.script(Turn(silent_after=2))
    async with gateway.http().stream("POST", "/v1/messages", json=body(model, stream=True)) as reply:
        async for line in reply.aiter_lines():
            if " is" in line:
                break

    await asyncio.wait_for(gateway.upstream.last.cut_off.wait(), 5)

    span = await _span_of(gateway, reply.headers["x-quarterdeck-trace-id"])
    assert span.usage_estimated and isinstance(span.output, dict) and span.output["content"] == "Paris is"


async def _span_of(gateway: Gateway, trace_id: str) -> Any:
    async with asyncio.timeout(5):
        while not (found := await gateway.spans(trace_id)):
            await asyncio.sleep(0.01)
    return found[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_an_answer_is_cached_in_this_dialect_and_for_no_other(
    tmp_path: Path, upstream: FakeUpstream, model: str, stream: bool
) -> None:
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        chat = {"model": model, "messages": ASK, "max_tokens": 50, "stream": stream}
        first = await gateway.http().post("/v1/messages", json=body(model, stream=stream))
        second = await gateway.http().post("/v1/messages", json=body(model, stream=stream))
        other = await gateway.http().post("/v1/chat/completions", json=chat)

        assert [reply.headers["x-quarterdeck-cache"] for reply in (first, second, other)] == ["miss", "hit", "miss"]
        assert first.content == second.content


# --- round trips ----------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=20)
ARGUMENTS = st.dictionaries(st.text(max_size=5), st.integers() | WORDS, max_size=3)


@st.composite
def answers(draw: st.DrawFn) -> list[Piece]:
    pieces: list[Piece] = [ReasoningPiece(text) for text in draw(st.lists(WORDS, max_size=2))]
    if pieces:
        pieces.append(ReasoningPiece(signature="c2ln"))
    pieces += [TextPiece(text) for text in draw(st.lists(WORDS, max_size=3))]
    for index, arguments in enumerate(draw(st.lists(ARGUMENTS, max_size=3))):
        said = json.dumps(arguments)
        cut = draw(st.integers(0, len(said)))
        pieces.append(ToolCallPiece(index, f"call_{index}", "look", said[:cut]))
        pieces.append(ToolCallPiece(index, arguments=said[cut:]))
    return [*pieces, FinishPiece(draw(st.sampled_from(["stop", "length", "tool_calls"])))]


def whole(pieces: list[Piece]) -> tuple[str, str, list[tuple[str, Any]]]:
    """What pieces say together."""
    calls: dict[int, list[str]] = {}
    for piece in pieces:
        if isinstance(piece, ToolCallPiece):
            calls.setdefault(piece.index, [piece.id or ""]).append(piece.arguments)
    return (
        "".join(piece.text for piece in pieces if isinstance(piece, ReasoningPiece)),
        "".join(piece.text for piece in pieces if isinstance(piece, TextPiece)),
        [(call[0], json.loads("".join(call[1:]) or "{}")) for call in calls.values()],
    )


@given(answers())
def test_whatever_is_written_as_a_stream_is_read_again_as_it_was(pieces: list[Piece]) -> None:
    writer = MessageEvents("m")
    stream = b"".join(map(writer.write, pieces)) + writer.end()

    reading = AnthropicReading("test")
    read = [piece for event in sse.events(stream) for piece in reading.read(sse.payload(event))]

    assert whole(read) == whole(pieces)
    assert [reading.finish()] == pieces[-1:]
    assert reading.ended


@given(answers())
def test_whatever_is_written_as_one_message_is_read_again_as_it_was(pieces: list[Piece]) -> None:
    writer = MessageBody("m")
    for piece in pieces:
        writer.hear(piece)

    reading = AnthropicReading("test")
    read = reading.read_whole(writer.write())

    assert whole(read) == whole(pieces)
    assert [reading.finish()] == pieces[-1:]


TEXT_BLOCKS = st.builds(lambda text: {"type": "text", "text": text}, WORDS)
RESULTS = st.builds(lambda text: {"type": "tool_result", "tool_use_id": "t", "content": text}, WORDS)
TOOL_USES = st.builds(lambda found: {"type": "tool_use", "id": "t", "name": "look", "input": found}, ARGUMENTS)


@given(st.lists(RESULTS, max_size=2), st.lists(TOOL_USES, min_size=1, max_size=2), WORDS, WORDS)
def test_a_conversation_that_is_read_and_said_to_anthropic_is_the_same(
    results: list[Any], calls: list[Any], said: str, asked: str
) -> None:
    thought = {"type": "thinking", "thinking": said, "signature": "c2ln"}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": asked}]},
        {"role": "assistant", "content": [thought, {"type": "text", "text": said}, *calls]},
        {"role": "user", "content": [*results, {"type": "text", "text": asked}]},
    ]

    read = read_messages_request(json.dumps({"model": "m", "max_tokens": 5, "messages": messages}).encode())
    again = messages_request("m", read.request)["messages"]

    for result in results:
        result["content"] = [{"type": "text", "text": result["content"]}]
    assert again == messages
