"""Gemini behind OpenAI's dialect: asked and answered in translation, through the official OpenAI SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from quarterdeck.core.errors import InvalidInput, UpstreamFailed
from quarterdeck.gateway import accounts
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.gemini_request import generate_request
from quarterdeck.gateway.gemini_stream import GeminiReading
from quarterdeck.gateway.providers.gemini import Gemini
from tests.fakes import gemini
from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

MODEL = "gemini/gemini-2.5-flash"
ASK = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "description": "Says it.", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {"GEMINI_API_KEY": "AIza-upstream-secret", "GOOGLE_GEMINI_BASE_URL": upstream.url}
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


def request(model: str = "gemini-2.5-flash", **fields: Any) -> ChatRequest:
    return ChatRequest(**{"model": model, "messages": [Message("user", "Hi")], **fields})


async def test_a_plain_answer_is_translated_both_ways(gateway: Gateway) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *ASK]

    completion = await gateway.openai().chat.completions.create(
        model=MODEL, messages=messages, max_tokens=50, stop="END", temperature=0.3, top_p=0.9, seed=7
    )

    assert completion.choices[0].message.content == "Paris is the capital."
    asked = gateway.upstream.last
    assert asked.path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    assert asked.headers["x-goog-api-key"] == "AIza-upstream-secret"
    assert asked.body == {
        "contents": [{"role": "user", "parts": [{"text": "What is the capital of France?"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {
            "temperature": 0.3,
            "topP": 0.9,
            "maxOutputTokens": 50,
            "stopSequences": ["END"],
            "seed": 7,
        },
    }


async def test_thoughts_are_billed_as_output_and_cached_tokens_at_their_own_price(gateway: Gateway) -> None:
    gateway.upstream.script(
        Turn(
            input_tokens=10_000,
            cached_tokens=6000,
            output_tokens=100,
            reasoning_tokens=60,
            thinking=("Hm.",),
        )
    )

    raw = await gateway.openai().chat.completions.with_raw_response.create(model=MODEL, messages=ASK)

    assert raw.parse().choices[0].message.content == "Paris is the capital."
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert {line.unit: (line.quantity, line.price_pico) for line in span.cost_lines} == {
        "input": (4000, 300_000),
        "cache_read": (6000, 30_000),
        "output": (100, 2_500_000),
    }
    assert span.cost_pico == 4000 * 300_000 + 6000 * 30_000 + 100 * 2_500_000
    assert span.attributes["gen_ai.response.id"] == "mN8faZmXF8G1"


async def test_what_googles_own_tools_have_read_is_input() -> None:
    reading = GeminiReading("gemini")

    reading.read(
        b'{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,'
        b'"toolUsePromptTokenCount":5,"candidatesTokenCount":3,"totalTokenCount":18}}'
    )

    _, counted = reading.finish(b"")
    assert counted is not None and (counted.usage.input_tokens, counted.usage.output_tokens) == (15, 3)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_signature_of_a_call_goes_to_the_client_and_back(gateway: Gateway, stream: bool) -> None:
    gateway.upstream.script(Turn(tool_calls=(ToolCall("call_1", "weather", '{"city":"Paris"}'),)), Turn())
    client = gateway.openai()

    if stream:
        async with client.chat.completions.stream(model=MODEL, messages=ASK, tools=[WEATHER]) as events:
            said = (await events.get_final_completion()).choices[0].message
    else:
        first = await client.chat.completions.create(model=MODEL, messages=ASK, tools=[WEATHER])
        said = first.choices[0].message
    call = said.tool_calls[0].model_dump(exclude={"function": {"parsed_arguments"}, "index": True})
    again = [
        *ASK,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "sunny"},
    ]
    await client.chat.completions.create(model=MODEL, messages=again, tools=[WEATHER])

    contents = gateway.upstream.last.body["contents"]
    assert contents[1:] == [
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"name": "weather", "args": {"city": "Paris"}},
                    "thoughtSignature": "c2lnbmF0dXJl",
                }
            ],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"output": "sunny"}}}]},
    ]


def test_a_call_that_another_model_made_passes_gemini_3() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [Message("user", "Hi"), Message("assistant", tool_calls=[call, call])]

    new, old = (
        generate_request(model, request(model, messages=messages))["contents"][1]["parts"]
        for model in ("gemini-3-pro-preview", "gemini-2.5-pro")
    )

    assert [part.get("thoughtSignature") for part in new] == ["skip_thought_signature_validator", None]
    assert all("thoughtSignature" not in part for part in old)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "weather"}}, {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
    ],
)
def test_tools_are_declared_with_their_json_schema(choice: Any, said: dict[str, Any]) -> None:
    body = generate_request("gemini-2.5-flash", request(tools=[WEATHER], tool_choice=choice))

    declared = {
        "name": "weather",
        "description": "Says it.",
        "parametersJsonSchema": {"type": "object", "properties": {}},
    }
    assert body["tools"] == [{"functionDeclarations": [declared]}]
    assert body["toolConfig"] == {"functionCallingConfig": said}


def test_images_sounds_and_documents_are_sent_inline_and_urls_by_name() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.webp?x=1"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}},
        {"type": "input_audio", "input_audio": {"data": "CCCC", "format": "mp3"}},
    ]

    body = generate_request("gemini-2.5-flash", request(messages=[Message("user", parts)]))

    assert body["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"fileData": {"fileUri": "https://example.com/a.webp?x=1", "mimeType": "image/webp"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": "CCCC"}},
    ]


@pytest.mark.parametrize(
    ("model", "effort", "said"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "high", {"thinkingBudget": 24_576}),
        ("gemini-3-pro-preview", "low", {"thinkingLevel": "LOW"}),
    ],
)
def test_effort_is_said_as_each_generation_wants_it(model: str, effort: str, said: dict[str, Any]) -> None:
    body = generate_request(model, request(model, reasoning_effort=effort))

    assert body["generationConfig"] == {"thinkingConfig": said}


def test_a_schema_makes_json() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": schema}}

    config = generate_request("gemini-2.5-flash", request(response_format=wanted))["generationConfig"]

    assert config == {"responseMimeType": "application/json", "responseJsonSchema": schema}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"messages": [Message("system", "Be brief.")]}, "messages"),
        ({"messages": [Message("user", [{"type": "video_url"}])]}, "messages"),
        ({"messages": [Message("user", [{"type": "image_url", "image_url": {"url": "cat.png"}}])]}, "messages"),
        ({"tools": [{"type": "custom"}]}, "tools"),
        ({"tools": [WEATHER], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
    ],
)
def test_what_cannot_be_said_to_gemini_is_refused_with_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        generate_request("gemini-2.5-flash", request(**fields))

    assert caught.value.param == param


async def test_a_blocked_prompt_ends_with_the_filter_and_not_with_an_error() -> None:
    reading = GeminiReading("gemini")

    pieces = reading.read(b'{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{}}')

    assert pieces == [] and reading.finish(b"")[0].reason == "content_filter"


async def test_a_call_that_gemini_could_not_write_is_an_error_that_says_so() -> None:
    data = b'{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: f("}]}'

    with pytest.raises(UpstreamFailed, match="MALFORMED_FUNCTION_CALL"):
        GeminiReading("gemini").read(data)


async def test_googles_word_for_when_to_come_back_reaches_the_client(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=429, error=gemini.RATE_LIMIT))

    with pytest.raises(openai.RateLimitError) as caught:
        await gateway.openai().chat.completions.create(model=MODEL, messages=ASK)

    assert caught.value.response.headers["retry-after"] == "34"


async def test_an_unknown_model_is_unknown_in_openais_words(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=404, error=gemini.NO_MODEL))

    with pytest.raises(openai.NotFoundError) as caught:
        await gateway.openai().chat.completions.create(model="gemini/gemini-9", messages=ASK)

    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("counted", [True, False])
async def test_embeddings_are_asked_for_together(gateway: Gateway, counted: bool) -> None:
    gateway.upstream.script(Turn(input_tokens=9, usage="standard" if counted else "none"))

    found = await gateway.openai().embeddings.create(model="gemini/gemini-embedding-001", input=["abc", "defgh"])

    assert [item.embedding[0] for item in found.data] == [3.0, 5.0]
    assert found.usage.prompt_tokens == (9 if counted else 2)
    assert gateway.upstream.last.body["requests"][1] == {
        "model": "models/gemini-embedding-001",
        "content": {"parts": [{"text": "defgh"}]},
    }


async def test_a_check_lists_what_answers_and_what_embeds(gateway: Gateway) -> None:
    check = await accounts.check(gateway.work, "gemini")

    assert (check.ok, check.models_seen) == (True, 2)
    assert gateway.upstream.last.path == "/v1beta/models"


async def test_models_of_other_makers_are_not_asked_for_at_google(gateway: Gateway) -> None:
    client = gateway.openai()

    with pytest.raises(openai.NotFoundError, match="No model or app is called"):
        await client.chat.completions.create(model="claude-3-5-sonnet-20241022", messages=ASK)
    by_bare_name = await client.chat.completions.create(model="gemini-2.5-flash", messages=ASK)

    assert by_bare_name.choices[0].message.content == "Paris is the capital."


@pytest.mark.parametrize(
    ("variables", "key"),
    [({"GEMINI_API_KEY": "a"}, "a"), ({"GOOGLE_API_KEY": "b", "GEMINI_API_KEY": "a"}, "b")],
)
def test_gemini_is_found_by_either_variable(variables: dict[str, str], key: str) -> None:
    (account,) = Gemini.found(variables)

    assert (account.api_key, account.base_url) == (key, "https://generativelanguage.googleapis.com")
