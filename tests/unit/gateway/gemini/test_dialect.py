"""Google's dialect spoken to us: to models of all providers, plain and streaming, with tools, thoughts, errors and money."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.gemini.asked import read_generate_request
from tests.fakes import gemini
from tests.fakes.turn import ToolCall, Turn
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway

PARIS = "Paris is the capital."
WEATHER = Turn(tool_calls=(ToolCall("call_1", "weather", '{"city":"Paris"}'),))
ASKED: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "What is the capital of France?"}]}]}
DECLARED = {
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "The weather",
                    "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING", "nullable": True}}},
                }
            ]
        }
    ]
}
MODELS = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash")


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    providers = {
        "OPENAI_API_KEY": "sk-upstream-secret",
        "OPENAI_BASE_URL": upstream.openai_url,
        "ANTHROPIC_API_KEY": "sk-ant-upstream-secret",
        "ANTHROPIC_BASE_URL": upstream.url,
        "GEMINI_API_KEY": "AIza-upstream-secret",
        "GOOGLE_GEMINI_BASE_URL": upstream.url,
    }
    async with running_gateway(tmp_path / "home", upstream, providers, cache=False) as gateway:
        yield gateway


async def generate(gateway: Gateway, model: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    return await gateway.http().post(f"/v1beta/models/{model}:generateContent", json=body or ASKED, headers=headers)


async def stream(gateway: Gateway, model: str, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    reply = await gateway.http().post(f"/v1beta/models/{model}:streamGenerateContent?alt=sse", json=body or ASKED)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line[5:]) for line in reply.text.splitlines() if line.startswith("data:")]


def text_of(response: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in response["candidates"][0]["content"]["parts"])


@pytest.mark.parametrize("model", MODELS)
async def test_a_plain_answer_of_any_provider_has_googles_shape(gateway: Gateway, model: str) -> None:
    reply = await generate(gateway, model)
    said = reply.json()

    assert reply.status_code == 200
    assert text_of(said) == PARIS
    assert said["candidates"][0]["finishReason"] == "STOP"
    assert said["usageMetadata"]["promptTokenCount"] == 20
    assert said["usageMetadata"]["candidatesTokenCount"] == 10
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.output_tokens) == (20, 10)
    assert span.cost_pico
    assert span.output == {"role": "assistant", "content": PARIS}


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_of_any_provider_has_googles_shape(gateway: Gateway, model: str) -> None:
    events = await stream(gateway, model)

    assert "".join(text_of(event) for event in events) == PARIS
    assert [event["candidates"][0].get("finishReason") for event in events].count("STOP") == 1
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"
    assert events[-1]["usageMetadata"]["totalTokenCount"] == 30


@pytest.mark.parametrize("model", MODELS)
async def test_a_tool_loop_goes_round_with_any_provider(gateway: Gateway, upstream: FakeUpstream, model: str) -> None:
    upstream.script(WEATHER, Turn())
    first = (await generate(gateway, model, {**ASKED, **DECLARED})).json()
    content = first["candidates"][0]["content"]
    call = next(part["functionCall"] for part in content["parts"] if "functionCall" in part)
    result = {"functionResponse": {"name": "weather", "id": call.get("id"), "response": {"sky": "blue"}}}

    second = await generate(gateway, model, {"contents": [*ASKED["contents"], content, {"role": "user", "parts": [result]}], **DECLARED})  # fmt: skip

    assert (call["name"], call["args"]) == ("weather", {"city": "Paris"})
    assert text_of(second.json()) == PARIS
    sent = upstream.last.body
    assert "blue" in json.dumps(sent)
    if model.startswith("openai"):
        assert sent["messages"][1]["tool_calls"][0]["id"] == sent["messages"][2]["tool_call_id"]
        assert sent["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {"city": {"type": ["string", "null"]}}}  # fmt: skip


async def test_to_gemini_itself_bytes_go_through_untouched(gateway: Gateway, upstream: FakeUpstream) -> None:
    body = {**ASKED, "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}], "tools": [{"googleSearch": {}}]}  # fmt: skip

    reply = await generate(gateway, "gemini/gemini-2.5-flash", body)

    assert upstream.last.body == body
    assert upstream.last.path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert upstream.last.headers["x-goog-api-key"] == "AIza-upstream-secret"
    assert reply.json() == gemini.whole(Turn())


async def test_thoughts_of_gemini_are_kept_apart_and_paid(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(thinking=("Hm.", " France!"), reasoning_tokens=4))

    events = await stream(gateway, "gemini/gemini-2.5-flash")

    parts = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts if part.get("thought")) == "Hm. France!"
    assert events[-1]["usageMetadata"]["thoughtsTokenCount"] == 4


async def test_thoughts_of_anthropic_reach_a_google_client_with_their_signature(
    gateway: Gateway, upstream: FakeUpstream
) -> None:
    upstream.script(Turn(thinking=("Hm.",)))
    body = {**ASKED, "generationConfig": {"thinkingConfig": {"thinkingBudget": 2048, "includeThoughts": True}, "maxOutputTokens": 4096}}  # fmt: skip

    said = (await generate(gateway, "anthropic/claude-sonnet-4-5", body)).json()

    thought = said["candidates"][0]["content"]["parts"][0]
    assert thought["thought"]
    assert thought["text"] == "Hm."
    assert thought["thoughtSignature"]
    assert upstream.last.body["thinking"]["budget_tokens"] == 2048


async def test_thoughts_of_gemini_reach_an_anthropic_client(gateway: Gateway, upstream: FakeUpstream) -> None:
    upstream.script(Turn(thinking=("Hm.",), reasoning_tokens=2))

    message = await gateway.anthropic().messages.create(
        model="gemini/gemini-2.5-flash",
        max_tokens=100,
        thinking={"type": "enabled", "budget_tokens": 2048},
        messages=[{"role": "user", "content": "hi"}],
    )

    assert upstream.last.body["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 2048, "includeThoughts": True}
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking == "Hm."


@pytest.mark.parametrize("model", MODELS)
async def test_an_error_has_googles_shape(gateway: Gateway, upstream: FakeUpstream, model: str) -> None:
    error = (
        gemini.RATE_LIMIT if model.startswith("gemini") else {"error": {"message": "Slow down.", "type": "requests"}}
    )
    upstream.script(Turn(status=429, error=error))

    reply = await generate(gateway, model)
    unknown = await generate(gateway, "nobody/nothing")
    stranger = await gateway.http().post(
        f"/v1beta/models/{model}:generateContent", json=ASKED, headers={"Authorization": "Bearer wrong"}
    )

    assert reply.status_code == 429
    assert reply.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert (unknown.status_code, unknown.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert (stranger.status_code, stranger.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


async def test_a_stream_that_breaks_says_so_and_is_billed_as_far_as_it_came(
    gateway: Gateway, upstream: FakeUpstream
) -> None:
    upstream.script(Turn(error_after=2))
    http = gateway.http()

    reply = await http.post("/v1beta/models/gemini/gemini-2.5-flash:streamGenerateContent?alt=sse", json=ASKED)

    events = [json.loads(line[5:]) for line in reply.text.splitlines() if line.startswith("data:")]
    assert "error" in events[-1]
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.status == "error"
    assert span.usage_estimated
    assert span.cost_pico


async def test_the_key_may_come_as_googles_clients_send_it(gateway: Gateway) -> None:
    http = gateway.http()
    del http.headers["Authorization"]

    by_header = await http.post("/v1beta/models/openai/gpt-4o-mini:generateContent", json=ASKED, headers={"x-goog-api-key": gateway.key})  # fmt: skip
    by_query = await http.post(f"/v1/models/openai/gpt-4o-mini:generateContent?key={gateway.key}", json=ASKED)

    assert (by_header.status_code, by_query.status_code) == (200, 200)


def read(**fields: Any) -> Any:  # Any: the request, or what was left out of it
    body = json.dumps({**ASKED, **fields}).encode()
    return read_generate_request("/v1beta/models/a/b:generateContent", body)


def test_a_request_is_understood_field_by_field() -> None:
    asked = read(
        system_instruction={"parts": [{"text": "Be brief."}]},
        generationConfig={
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 3,
            "maxOutputTokens": 7,
            "stopSequences": ["x"],
            "seed": 4,
            "responseMimeType": "application/json",
            "responseSchema": {"type": "ARRAY", "items": {"type": "INTEGER"}},
        },
        toolConfig={"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
        safetySettings=[{}],
        **DECLARED,
    )
    request = asked.request

    assert request.messages[0].content == "Be brief."
    assert (request.temperature, request.top_p, request.max_tokens, request.seed, request.stop) == (
        0.5,
        0.9,
        7,
        4,
        ["x"],
    )
    assert request.response_format["json_schema"]["schema"] == {"type": "array", "items": {"type": "integer"}}
    assert request.tool_choice == {"type": "function", "function": {"name": "weather"}}
    assert asked.left_out == ("safetySettings", "generationConfig.topK")
    assert asked.untranslatable is None


@pytest.mark.parametrize(
    ("fields", "what"),
    (
        ({"tools": [{"googleSearch": {}}]}, "The tool `googleSearch`"),
        ({"cachedContent": "cachedContents/x"}, "`cachedContent`"),
        ({"contents": [{"role": "user", "parts": [{"executableCode": {}}]}]}, "A part with `executableCode`"),
        ({"generationConfig": {"responseModalities": ["AUDIO"]}}, "`generationConfig.responseModalities`"),
    ),
)
async def test_what_only_google_can_do_is_refused_for_others(
    gateway: Gateway, fields: dict[str, Any], what: str
) -> None:
    reply = await generate(gateway, "openai/gpt-4o-mini", {**ASKED, **fields})

    assert reply.status_code == 400
    assert what in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "fields",
    (
        {"contents": []},
        {"contents": [{"role": "robot", "parts": [{"text": "x"}]}]},
        {"contents": 5},
        {"generationConfig": {"temperature": "hot"}},
        {"tools": [{"functionDeclarations": [{"description": "no name"}]}]},
    ),
)
def test_what_is_wrong_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        read(**fields)


def test_results_without_ids_belong_to_calls_of_their_name_in_order() -> None:
    call = {"functionCall": {"name": "weather", "args": {}}}
    result = {"functionResponse": {"name": "weather", "response": {"n": 1}}}

    messages = read(
        contents=[
            *ASKED["contents"],
            {"role": "model", "parts": [call, call]},
            {"role": "user", "parts": [result, result]},
        ]
    ).request.messages

    ids = [call["id"] for call in messages[1].tool_calls]
    assert len(set(ids)) == 2
    assert [message.tool_call_id for message in messages[2:]] == ids


def test_images_sounds_and_documents_are_carried() -> None:
    parts = [
        {"text": "Look:"},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}},
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a.jpg"}},
    ]

    content = read(contents=[{"role": "user", "parts": parts}]).request.messages[0].content

    assert [part["type"] for part in content] == ["text", "image_url", "input_audio", "file", "image_url"]
    assert content[1]["image_url"]["url"] == "data:image/png;base64,aGk="


async def test_models_are_listed_counted_and_embedded_in_googles_words(gateway: Gateway) -> None:
    http = gateway.http()

    listed = (await http.get("/v1beta/models")).json()["models"]
    one = (await http.get("/v1beta/models/openai/gpt-4o-mini")).json()
    counted = (await http.post("/v1beta/models/openai/gpt-4o-mini:countTokens", json=ASKED)).json()
    text = {"content": {"parts": [{"text": "sail"}]}}
    vector = (await http.post("/v1beta/models/openai/text-embedding-3-small:embedContent", json=text)).json()
    vectors = await http.post("/v1beta/models/gemini/gemini-embedding-001:batchEmbedContents", json={"requests": [text, text]})  # fmt: skip
    nothing = await http.post("/v1beta/models/openai/gpt-4o-mini:tuneModel", json={})

    assert "models/openai/gpt-4o-mini" in {model["name"] for model in listed}
    assert "generateContent" in one["supportedGenerationMethods"]
    assert counted["totalTokens"] > 3
    assert vector["embedding"]["values"]
    assert len(vectors.json()["embeddings"]) == 2
    (span,) = await gateway.spans(vectors.headers["x-quarterdeck-trace-id"])
    assert (span.kind, span.input_tokens) == ("embedding", 20)
    assert (nothing.status_code, nothing.json()["error"]["status"]) == (404, "NOT_FOUND")
