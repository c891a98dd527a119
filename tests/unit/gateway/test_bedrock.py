"""Bedrock behind OpenAI's dialect: asked and answered in translation, signed as AWS wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openai
import pytest

from quarterdeck.core.errors import InvalidInput, UpstreamFailed
from quarterdeck.gateway import accounts
from quarterdeck.gateway.aws_event_stream import AwsMessage
from quarterdeck.gateway.aws_signature import AwsCredentials, signed_headers
from quarterdeck.gateway.bedrock_request import converse_request
from quarterdeck.gateway.bedrock_stream import BedrockReading
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import ChatRequest, Message, ReasoningPiece
from quarterdeck.gateway.providers.bedrock import Bedrock
from quarterdeck.gateway.upstream_errors import CredentialRefused
from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
MODEL = f"bedrock/{CLAUDE}"
ASK = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "description": "Says it.", "parameters": {"type": "object", "properties": {}}},
}
STORED = '{"access_key_id": "AKIDSTORED", "secret_access_key": "s3cret", "region": "eu-west-1"}'


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": upstream.url,
    }
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


def request(**fields: Any) -> ChatRequest:
    return ChatRequest(**{"model": CLAUDE, "messages": [Message("user", "Hi")], **fields})


async def test_a_plain_answer_is_translated_both_ways_and_the_request_is_signed(gateway: Gateway) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *ASK]

    completion = await gateway.openai().chat.completions.create(
        model=MODEL, messages=messages, max_tokens=50, stop="END", temperature=0.3
    )

    assert completion.choices[0].message.content == "Paris is the capital."
    asked = gateway.upstream.last
    assert asked.raw_path == "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"
    assert asked.body == {
        "messages": [{"role": "user", "content": [{"text": "What is the capital of France?"}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 50, "temperature": 0.3, "stopSequences": ["END"]},
    }
    again = signed_headers(
        AwsCredentials("AKIDEXAMPLE", "secret", "token"),
        "POST",
        asked.raw_path,
        {"Host": asked.headers["host"], "Content-Type": asked.headers["content-type"]},
        asked.raw,
        region="eu-central-1",
        service="bedrock",
        at=datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )
    assert asked.headers["authorization"] == again["Authorization"]
    assert asked.headers["x-amz-security-token"] == "token"


async def test_cached_tokens_are_counted_inside_the_input_and_billed_apart(gateway: Gateway) -> None:
    gateway.upstream.script(
        Turn(
            input_tokens=10_000,
            cached_tokens=6000,
            cache_write_tokens=3000,
            cache_write_1h_tokens=1000,
            output_tokens=100,
            thinking=("Hm.",),
        )
    )

    raw = await gateway.openai().chat.completions.with_raw_response.create(model=MODEL, messages=ASK)

    assert raw.parse().choices[0].message.content == "Paris is the capital."
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.cache_read_tokens, span.cache_write_tokens) == (10_000, 6000, 3000)
    assert {line.unit: (line.quantity, line.price_pico) for line in span.cost_lines} == {
        "input": (1000, 3_300_000),
        "cache_read": (6000, 330_000),
        "cache_write": (2000, 4_125_000),
        "cache_write_1h": (1000, 6_600_000),
        "output": (100, 16_500_000),
    }
    assert str(span.attributes["gen_ai.response.id"]).startswith("chatcmpl-")


async def test_stored_credentials_sign_for_their_region(gateway: Gateway) -> None:
    shown = await accounts.add(gateway.work, "aws", kind="bedrock", base_url=gateway.upstream.url, api_key=STORED)

    await gateway.openai().chat.completions.create(model="aws/amazon.nova-lite-v1:0", messages=ASK)

    assert "Credential=AKIDSTORED/" in gateway.upstream.last.headers["authorization"]
    assert "/eu-west-1/bedrock/aws4_request" in gateway.upstream.last.headers["authorization"]
    assert shown.key_hint == "…"


async def test_a_bedrock_key_is_sent_as_it_is(gateway: Gateway) -> None:
    await accounts.add(gateway.work, "aws", kind="bedrock", base_url=gateway.upstream.url, api_key="bedrock-api-key-1")

    await gateway.openai().chat.completions.create(model="aws/amazon.nova-lite-v1:0", messages=ASK)

    assert gateway.upstream.last.headers["authorization"] == "Bearer bedrock-api-key-1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_key": "k" * 20}, "`base_url` is missing.*bedrock-runtime"),
        ({"base_url": "https://x.example"}, "needs an `api_key`"),
        ({"base_url": "https://x.example", "api_key": '{"access_key_id": "A"}'}, "secret_access_key"),
        ({"base_url": "https://x.example", "api_key": "two words"}, "copied whole"),
    ],
)
async def test_credentials_that_cannot_work_are_refused_before_they_are_stored(
    gateway: Gateway, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        await accounts.add(gateway.work, "aws", kind="bedrock", **options)
    await gateway.runtime.part(Catalogue).reload()

    assert [provider.name for provider in (await accounts.all_providers(gateway.work)).items] == ["bedrock", "local"]


def test_tool_calls_and_results_images_and_documents_and_cache_points_are_said_in_bedrocks_words() -> None:
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    call = {"id": "tooluse_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
    parts = [
        {"type": "text", "text": "Look:", **mark},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "s3://bucket/cat.png"}},
        {"type": "file", "file": {"filename": "a_b.pdf", "file_data": "data:application/pdf;base64,BBBB"}},
    ]
    messages = [
        Message("user", parts),
        Message("assistant", tool_calls=[call]),
        Message("tool", "sunny", tool_call_id="tooluse_1"),
        Message("user", "Thanks."),
    ]

    body = converse_request(
        CLAUDE, request(messages=messages, tools=[{**WEATHER, "cache_control": {"type": "ephemeral"}}])
    )

    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"text": "Look:"},
                {"cachePoint": {"type": "default", "ttl": "1h"}},
                {"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}},
                {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/cat.png"}}}},
                {"document": {"format": "pdf", "name": "a b", "source": {"bytes": "BBBB"}}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Rome"}}}],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "sunny"}]}},
                {"text": "Thanks."},
            ],
        },
    ]
    spec = {"name": "weather", "description": "Says it.", "inputSchema": {"json": {"type": "object", "properties": {}}}}
    assert body["toolConfig"] == {"tools": [{"toolSpec": spec}, {"cachePoint": {"type": "default"}}]}


def test_a_schema_makes_json() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": {"type": "object"}}}

    config = converse_request(CLAUDE, request(response_format=wanted))["outputConfig"]

    schema = {"schema": '{"type":"object"}', "name": "place"}
    assert config == {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        ({"type": "function", "function": {"name": "weather"}}, {"tool": {"name": "weather"}}),
    ],
)
def test_a_choice_of_tool_is_said(choice: Any, said: dict[str, Any]) -> None:
    assert converse_request(CLAUDE, request(tools=[WEATHER], tool_choice=choice))["toolConfig"]["toolChoice"] == said


def test_no_tool_is_to_be_called_when_none_is_offered() -> None:
    assert "toolConfig" not in converse_request(CLAUDE, request(tools=[WEATHER], tool_choice="none"))


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"messages": [Message("system", "Be brief.")]}, "messages"),
        ({"messages": [Message("user", [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}])]}, "messages"),
        ({"messages": [Message("user", [{"type": "input_audio", "input_audio": {"data": "AA"}}])]}, "messages"),
        ({"messages": [Message("assistant", tool_calls=[{"function": {"arguments": "{"}}])]}, "messages"),
        ({"tools": [{"type": "custom"}]}, "tools"),
        ({"tools": [WEATHER], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_cannot_be_said_to_bedrock_is_refused_with_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        converse_request(CLAUDE, request(**fields))

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("headers", "payload", "kind"),
    [
        ({":message-type": "exception", ":exception-type": "accessDeniedException"}, b"{}", CredentialRefused),
        (
            {":message-type": "error", ":error-code": "InternalFailure", ":error-message": "It broke."},
            b"",
            UpstreamFailed,
        ),
        ({":message-type": "event", ":event-type": "contentBlockDelta"}, b"{", UpstreamFailed),
        (
            {":message-type": "event", ":event-type": "messageStop"},
            b'{"stopReason":"malformed_tool_use"}',
            UpstreamFailed,
        ),
    ],
)
def test_whatever_goes_wrong_inside_a_stream_has_a_name(
    headers: dict[str, str], payload: bytes, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match="bedrock"):
        BedrockReading("bedrock", None).read(AwsMessage(headers, payload))


async def test_a_model_that_aws_does_not_know_is_unknown_in_openais_words(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=404, error={"message": "Could not resolve the foundation model."}))

    with pytest.raises(openai.NotFoundError) as caught:
        await gateway.openai().chat.completions.create(model="bedrock/amazon.nova-9", messages=ASK)

    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(("model", "calls"), [("amazon.titan-embed-text-v2:0", 2), ("cohere.embed-multilingual-v3", 1)])
async def test_embeddings_come_in_order_with_the_tokens_that_aws_counted(
    gateway: Gateway, model: str, calls: int
) -> None:
    found = await gateway.openai().embeddings.create(model=f"bedrock/{model}", input=["abc", "defgh"])

    assert [item.embedding[0] for item in found.data] == [3.0, 5.0]
    assert found.usage.prompt_tokens == 4 * calls
    assert len(gateway.upstream.received) == calls


async def test_a_check_lists_models_and_inference_profiles(gateway: Gateway) -> None:
    check = await accounts.check(gateway.work, "bedrock")

    assert (check.ok, check.models_seen) == (True, 3)
    assert "/eu-central-1/bedrock/aws4_request" in gateway.upstream.last.headers["authorization"]


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, []),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "us-east-1"}, []),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}, ["AWS_ACCESS_KEY_ID"]),
        ({"AWS_BEARER_TOKEN_BEDROCK": "a", "AWS_REGION": "us-east-1"}, ["AWS_BEARER_TOKEN_BEDROCK"]),
    ],
)
def test_bedrock_is_found_with_a_credential_and_a_region(variables: dict[str, str], names: list[str]) -> None:
    found = Bedrock.found(variables)

    assert [account.origin.removeprefix("env:") for account in found] == names
    assert all(account.base_url == "https://bedrock-runtime.us-east-1.amazonaws.com" for account in found)


async def test_thoughts_and_their_seals_go_there_and_back(gateway: Gateway) -> None:
    call = ToolCall("tooluse_1", "weather", '{"city":"Rome"}')
    gateway.upstream.script(Turn(thinking=("Hm.", " Rome."), tool_calls=(call,)), Turn())
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    asked = {"model": MODEL, "tools": [WEATHER], "extra_body": thinking}

    first = await gateway.openai().chat.completions.create(messages=ASK, **asked)
    said = first.choices[0].message.model_dump(exclude_none=True)
    result = {"role": "tool", "tool_call_id": "tooluse_1", "content": "sunny"}
    await gateway.openai().chat.completions.create(messages=[*ASK, said, result], **asked)

    assert said["reasoning_content"] == "Hm. Rome."
    assert gateway.upstream.last.body["additionalModelRequestFields"] == thinking
    thought, called = gateway.upstream.last.body["messages"][1]["content"]
    assert thought == {"reasoningContent": {"reasoningText": {"text": "Hm. Rome.", "signature": "c2ln"}}}
    assert called["toolUse"]["toolUseId"] == "tooluse_1"


def test_a_block_that_only_claude_can_read_is_carried_and_goes_to_nobody_else() -> None:
    event = b'{"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"b3BhcXVl"}}}'
    said = Message("assistant", "Hi.", thinking_blocks=[{"type": "redacted_thinking", "data": "b3BhcXVl"}])
    asked = request(messages=[Message("user", "Hi"), said])

    read = BedrockReading("bedrock", None).read(AwsMessage({":event-type": "contentBlockDelta"}, event))

    assert read == [ReasoningPiece(redacted="b3BhcXVl")]
    block = {"reasoningContent": {"redactedContent": "b3BhcXVl"}}
    assert converse_request(CLAUDE, asked)["messages"][1]["content"] == [block, {"text": "Hi."}]
    assert converse_request("amazon.nova-lite-v1:0", asked)["messages"][1]["content"] == [{"text": "Hi."}]


@pytest.mark.parametrize(
    ("model", "fields", "said"),
    [
        ("eu.anthropic.claude-opus-4-5-20251101-v1:0", {"thinking": {"effort": "high"}}, {"effort": "high"}),
        (CLAUDE, {"thinking": {"effort": "high"}}, None),
        (
            "us.amazon.nova-2-lite-v1:0",
            {"reasoning_effort": "minimal"},
            {"type": "enabled", "maxReasoningEffort": "low"},
        ),
        ("openai.gpt-oss-120b-1:0", {"thinking": {"type": "enabled", "effort": "high"}}, "high"),
        ("openai.gpt-oss-120b-1:0", {"thinking": {"type": "disabled"}}, None),
        ("amazon.nova-lite-v1:0", {"thinking": {"type": "enabled", "effort": "high"}}, None),
    ],
)
def test_how_much_to_think_is_said_in_the_words_of_who_made_the_model(
    model: str, fields: dict[str, Any], said: object
) -> None:
    body = converse_request(model, request(**fields))

    passed_on = body.get("additionalModelRequestFields", {})
    assert [*passed_on.values(), *filter(None, [body.get("outputConfig")])] == ([] if said is None else [said])
