"""What every provider plug-in must do, whatever it speaks: found by being there, pieces in order, calls that can be cut."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import pytest

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.calls import PiecesTally, call_model
from quarterdeck.gateway.catalogue import Catalogue, provider_kinds
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Message,
    Piece,
    SourceDocument,
    TextPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.provider import Provider, ProviderKind
from quarterdeck.gateway.upstream_errors import CredentialRefused, ProviderRefused
from quarterdeck.runtime.work import Work
from tests.fakes import bedrock, cohere, gemini, mistral, vertex
from tests.fakes import upstream as fakes
from tests.fakes.turn import Json, ToolCall, Turn
from tests.fakes.upstream import FakeUpstream, fake_upstream
from tests.unit.gateway.conftest import Gateway, running_gateway


@dataclass(frozen=True)
class Dialect:
    """How one provider words what all of them can mean."""

    bad_key: tuple[int, Json]
    rate_limit: Json
    images: bool = True
    reasoning: bool = True


_OPENAI = Dialect((401, fakes.OPENAI_BAD_KEY), fakes.OPENAI_RATE_LIMIT)
DIALECTS = {
    "openai/gpt-4o-mini": _OPENAI,
    "anthropic/claude-sonnet-4-5": Dialect((401, fakes.ANTHROPIC_BAD_KEY), fakes.ANTHROPIC_RATE_LIMIT),
    "vllm/some-model": _OPENAI,
    "azure/gpt-4o-mini": Dialect((401, fakes.AZURE_BAD_KEY), fakes.AZURE_RATE_LIMIT),
    "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0": Dialect(
        (403, bedrock.BAD_KEY), bedrock.RATE_LIMIT, reasoning=False
    ),
    "gemini/gemini-2.5-flash": Dialect((400, gemini.BAD_KEY), gemini.RATE_LIMIT),
    "vertex/gemini-2.5-flash": Dialect((401, vertex.BAD_KEY), gemini.RATE_LIMIT),
    "vertex/claude-sonnet-4-5@20250929": Dialect((401, vertex.BAD_KEY), fakes.ANTHROPIC_RATE_LIMIT),
    "cohere/command-a-03-2025": Dialect((401, cohere.BAD_KEY), cohere.RATE_LIMIT, reasoning=False),
    "mistral/mistral-small-latest": Dialect((401, mistral.BAD_KEY), mistral.RATE_LIMIT, reasoning=False),
}
REMOTE = list(DIALECTS)
ALL = [*REMOTE, "local/extractive"]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as fake:
        yield fake


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    credentials = tmp_path / "service-account.json"
    credentials.write_text(json.dumps(vertex.service_account(f"{upstream.url}/token")))
    found = {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": upstream.openai_url,
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_BASE_URL": upstream.url,
        "VLLM_BASE_URL": upstream.url,
        "AZURE_OPENAI_API_KEY": "k",
        "AZURE_OPENAI_ENDPOINT": upstream.url,
        "AZURE_OPENAI_API_VERSION": "2024-10-21",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "k",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": upstream.url,
        "GEMINI_API_KEY": "k",
        "GOOGLE_GEMINI_BASE_URL": upstream.url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        "VERTEX_BASE_URL": upstream.url,
        "VERTEX_LOCATION": "europe-west1",
        "COHERE_API_KEY": "k",
        "COHERE_BASE_URL": f"{upstream.url}/cohere",
        "MISTRAL_API_KEY": "k",
        "MISTRAL_BASE_URL": f"{upstream.url}/mistral/v1",
    }
    async with running_gateway(tmp_path / "home", upstream, providers=found) as gateway:
        yield gateway


def request(model: str) -> ChatRequest:
    leave = "Every employee has 25 days of annual leave in a year."
    return ChatRequest(
        model=model,
        messages=[Message("user", "How many days of annual leave does an employee have?")],
        documents=[SourceDocument(id="1", text=leave, title="Leave")],
    )


def provider_of(work: Work, model: str) -> Provider:
    return work.part(Catalogue).route(work.project_id, model).provider


def test_plug_ins_are_found_by_being_there() -> None:
    kinds: set[ProviderKind] = {kind.kind for kind in provider_kinds()}

    assert kinds == set(get_args(ProviderKind))


@pytest.mark.parametrize("model", ALL)
async def test_an_answer_is_words_then_one_finish_then_one_count(gateway: Gateway, model: str) -> None:
    pieces: list[Piece] = [piece async for piece in call_model(gateway.work, request(model))]

    assert any(isinstance(piece, TextPiece) and piece.text for piece in pieces)
    assert [type(piece) for piece in pieces[-2:]] == [FinishPiece, UsagePiece]
    assert sum(isinstance(piece, FinishPiece) for piece in pieces) == 1
    usage = cast(UsagePiece, pieces[-1]).usage
    assert usage.input_tokens > 0 and usage.output_tokens > 0


@pytest.mark.parametrize("model", ALL)
async def test_a_call_leaves_one_llm_span_with_its_count_and_its_price(gateway: Gateway, model: str) -> None:
    work = gateway.work

    async for _ in call_model(work, request(model)):
        pass

    (span,) = work.trace.finished
    assert (span.kind, span.status, f"{span.provider}/{span.model}") == ("llm", "ok", model)
    assert span.input_tokens and span.output_tokens and span.first_token_ns
    assert span.cost_pico is not None and span.price_id is not None


@pytest.mark.parametrize("model", ALL)
async def test_a_call_that_is_cut_off_leaves_a_span_and_no_connection(gateway: Gateway, model: str) -> None:
    work = gateway.work
    gateway.upstream.script(Turn(silent_after=2))

    async with aclosing(call_model(work, request(model))) as pieces:
        await anext(pieces)

    (span,) = work.trace.finished
    assert span.usage_estimated
    if model in REMOTE:
        await gateway.upstream.last.cut_off.wait()


@pytest.mark.parametrize("model", REMOTE)
@pytest.mark.parametrize(
    "turn",
    [Turn(status=500, body=b"oops"), Turn(reset_after=0), Turn(half_after=1), Turn(error_after=2), Turn(body=b"{")],
)
async def test_a_provider_that_fails_raises_an_error_with_a_name(gateway: Gateway, model: str, turn: Turn) -> None:
    gateway.upstream.script(turn)
    work = gateway.work

    with pytest.raises(QuarterdeckError, match=model.partition("/")[0]):
        async for _ in call_model(work, request(model)):
            pass

    (span,) = work.trace.finished
    assert span.status == "error"


@pytest.mark.parametrize("model", ALL)
async def test_what_is_offered_is_known_without_asking(gateway: Gateway, model: str) -> None:
    provider = provider_of(gateway.work, model)

    provider.models()

    assert gateway.upstream.received == []


@pytest.mark.parametrize("model", ALL)
async def test_a_check_says_what_is_offered(gateway: Gateway, model: str) -> None:
    offered = await provider_of(gateway.work, model).check()

    assert len(offered) > 0


@pytest.mark.parametrize("model", REMOTE)
async def test_the_same_words_come_as_the_same_pieces_wherever_the_bytes_are_cut(gateway: Gateway, model: str) -> None:
    gateway.upstream.script(Turn(words=("Päris", " is", " 🗼."), piece_bytes=5))

    pieces = [piece async for piece in call_model(gateway.work, request(model))]

    assert [piece.text for piece in pieces if isinstance(piece, TextPiece)] == ["Päris", " is", " 🗼."]
    assert pieces[-2] == FinishPiece("stop")


@pytest.mark.parametrize("model", REMOTE)
async def test_tool_calls_and_their_results_go_there_and_back(gateway: Gateway, model: str) -> None:
    calls = (ToolCall("call_1", "weather", '{"city":"Paris"}'), ToolCall("call_2", "weather", '{"city":"Rome"}'))
    gateway.upstream.script(Turn(tool_calls=calls), Turn(words=("Sunny.",)))
    asked = request(model)
    asked.tools = [WEATHER]

    said, finish = await _said(gateway, asked)
    assert said is not None
    asked.messages.append(Message("assistant", tool_calls=said["tool_calls"]))
    for call in said["tool_calls"]:
        asked.messages.append(Message("tool", '{"sky":"blue"}', tool_call_id=call["id"]))
    answer, _ = await _said(gateway, asked)

    assert finish == ["tool_calls"]
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in said["tool_calls"]] == [
        ("weather", '{"city":"Paris"}'),
        ("weather", '{"city":"Rome"}'),
    ]
    assert len({call["id"] for call in said["tool_calls"]}) == 2
    assert answer is not None and answer["content"] == "Sunny."
    sent = gateway.upstream.last.raw.decode()
    assert all(word in sent for word in ("Paris", "Rome", "weather", "blue"))


@pytest.mark.parametrize("model", [model for model, dialect in DIALECTS.items() if dialect.images])
async def test_an_image_is_sent_along(gateway: Gateway, model: str) -> None:
    asked = request(model)
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    asked.messages = [Message("user", [{"type": "text", "text": "What is it?"}, image])]

    async for _ in call_model(gateway.work, asked):
        pass

    assert PIXEL in gateway.upstream.last.raw.decode()


@pytest.mark.parametrize(("model", "dialect"), DIALECTS.items())
async def test_cached_and_reasoning_tokens_are_counted_inside_the_totals(
    gateway: Gateway, model: str, dialect: Dialect
) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, cached_tokens=600, output_tokens=100, reasoning_tokens=30))

    pieces = [piece async for piece in call_model(gateway.work, request(model))]

    told = cast(UsagePiece, pieces[-1]).usage
    assert told == Usage(1000, 100, cache_read_tokens=600, reasoning_tokens=30 if dialect.reasoning else 0)


@pytest.mark.parametrize("model", REMOTE)
async def test_an_answer_that_was_cut_short_or_held_back_says_so(gateway: Gateway, model: str) -> None:
    claude = model.startswith("anthropic/") or "/claude" in model
    words = ("max_tokens", "refusal") if claude else ("length", "content_filter")
    gateway.upstream.script(*[Turn(finish=word) for word in words])

    reasons = [(await _said(gateway, request(model)))[1] for _ in words]

    assert reasons == [["length"], ["content_filter"]]


@pytest.mark.parametrize(("model", "dialect"), DIALECTS.items())
async def test_a_refused_credential_is_no_fault_of_the_client(gateway: Gateway, model: str, dialect: Dialect) -> None:
    status, body = dialect.bad_key
    gateway.upstream.script(Turn(status=status, error=body))

    with pytest.raises(CredentialRefused, match="Renew it under Settings"):
        await _said(gateway, request(model))


@pytest.mark.parametrize(("model", "dialect"), DIALECTS.items())
async def test_a_rate_limit_is_told_with_its_remedy(gateway: Gateway, model: str, dialect: Dialect) -> None:
    gateway.upstream.script(Turn(status=429, error=dialect.rate_limit, headers=(("retry-after", "7"),)))

    with pytest.raises(ProviderRefused) as caught:
        await _said(gateway, request(model))

    error = caught.value
    assert (error.status, error.kind, error.code) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert error.retry_after_s == 7


@pytest.mark.parametrize("model", REMOTE)
async def test_a_stream_that_ends_without_its_end_is_broken(gateway: Gateway, model: str) -> None:
    gateway.upstream.script(Turn(ends_after=2, done=False))

    with pytest.raises(QuarterdeckError, match="broke off"):
        await _said(gateway, request(model))


async def _said(gateway: Gateway, asked: ChatRequest) -> tuple[Json | None, list[str]]:
    """The message of an answer in OpenAI's shape, and why it ended."""
    tally = PiecesTally()
    async for piece in call_model(gateway.work, asked):
        tally.hear(piece)
    outcome = tally.outcome()
    return (outcome.output if isinstance(outcome.output, dict) else None), outcome.finish_reasons
