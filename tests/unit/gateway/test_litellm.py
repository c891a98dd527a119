"""The long tail by the library `litellm`: an optional extra, so that most of these tests run only where it is installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway import accounts
from quarterdeck.gateway.calls import PiecesTally, call_model
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.providers import litellm
from quarterdeck.gateway.upstream_errors import CredentialRefused, ProviderRefused
from tests.fakes import upstream as fakes
from tests.fakes.upstream import ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

INSTALLED = importlib.util.find_spec("litellm") is not None
needs_the_library = pytest.mark.skipif(not INSTALLED, reason="the extra `litellm` is not installed")
MODEL = "tail/openai/gpt-4o-mini"
WEATHER: dict[str, Any] = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


@pytest.fixture
async def tail(gateway: Gateway) -> Gateway:
    """A gateway with a provider that goes through the library to the fake."""
    await accounts.add(
        gateway.work, "tail", kind="litellm", base_url=gateway.upstream.openai_url, api_key="sk-tail-key"
    )
    return gateway


async def said(gateway: Gateway, **more: Any) -> PiecesTally:
    heard = PiecesTally()
    async for piece in call_model(gateway.work, ChatRequest(model=MODEL, messages=[Message("user", "?")], **more)):
        heard.hear(piece)
    return heard


async def test_an_account_needs_no_address_and_no_key(gateway: Gateway) -> None:
    added = await accounts.add(gateway.work, "tail", kind="litellm", models=["replicate/meta/llama-3"])

    assert (added.base_url, added.models) == ("", ["replicate/meta/llama-3"])


async def test_where_the_library_is_missing_a_call_says_how_to_install_it(
    tail: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "litellm", None)

    with pytest.raises(litellm.LiteLLMMissing, match=r"pip install 'quarterdeck\[litellm\]'"):
        await said(tail)


@needs_the_library
async def test_an_answer_comes_in_pieces_with_its_usage_and_its_price(tail: Gateway) -> None:
    tail.upstream.script(Turn(words=("Paris", " it is."), input_tokens=30, output_tokens=7))

    outcome = (await said(tail)).outcome()

    assert isinstance(outcome.output, dict)
    assert (outcome.output["content"], outcome.finish_reasons) == ("Paris it is.", ["stop"])
    assert outcome.usage is not None
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (30, 7)
    assert tail.upstream.last.headers["authorization"] == "Bearer sk-tail-key"


@needs_the_library
async def test_tools_go_there_and_back(tail: Gateway) -> None:
    tail.upstream.script(Turn(tool_calls=(ToolCall("c1", "weather", '{"city":"Rome"}'),)))

    outcome = (await said(tail, tools=[WEATHER])).outcome()

    assert isinstance(outcome.output, dict)
    assert outcome.finish_reasons == ["tool_calls"]
    assert "Rome" in str(outcome.output["tool_calls"])


@needs_the_library
async def test_errors_mean_what_they_mean_elsewhere(tail: Gateway) -> None:
    tail.upstream.script(
        Turn(status=401, error=fakes.OPENAI_BAD_KEY),
        Turn(status=429, error=fakes.OPENAI_RATE_LIMIT, headers=(("retry-after", "7"),)),
    )

    with pytest.raises(CredentialRefused):
        await said(tail)
    with pytest.raises(ProviderRefused) as caught:
        await said(tail)

    assert (caught.value.status, caught.value.retry_after_s) == (429, 7)


@needs_the_library
@pytest.mark.parametrize("turn", [Turn(reset_after=1), Turn(error_after=2)])
async def test_a_broken_stream_is_an_error(tail: Gateway, turn: Turn) -> None:
    # One that just ends is none: the library invents the end that is missing.
    tail.upstream.script(turn)

    with pytest.raises(QuarterdeckError, match="tail"):
        await said(tail)


@needs_the_library
async def test_texts_are_embedded(tail: Gateway) -> None:
    wish = {"model": "tail/openai/text-embedding-3-small", "input": ["a", "bc"]}

    reply = await tail.http().post("/v1/embeddings", json=wish)

    assert [entry["embedding"][0] for entry in reply.json()["data"]] == [1.0, 2.0]
