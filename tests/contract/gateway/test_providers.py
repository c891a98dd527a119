"""What every provider plug-in must do, whatever it speaks: found by being there, pieces in order, calls that can be cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.calls import call_model
from quarterdeck.gateway.catalogue import Catalogue, provider_kinds
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Message,
    Piece,
    SourceDocument,
    TextPiece,
    UsagePiece,
)
from quarterdeck.gateway.provider import Provider, ProviderKind
from quarterdeck.runtime.work import Work
from tests.fakes.upstream import FakeUpstream, Turn, fake_upstream
from tests.unit.gateway.conftest import Gateway, running_gateway

REMOTE = ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "vllm/some-model"]
ALL = [*REMOTE, "local/extractive"]


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as fake:
        yield fake


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": upstream.openai_url,
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_BASE_URL": upstream.url,
        "VLLM_BASE_URL": upstream.url,
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

    assert kinds == {"openai", "openai-compatible", "anthropic", "local"}


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
