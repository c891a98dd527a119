"""Apps called as models: their pieces in OpenAI's shape, their span as the root, their model calls below it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import openai
import pytest

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.calls import call_model
from quarterdeck.gateway.conversation import (
    ChatRequest,
    Citation,
    FinishPiece,
    Message,
    PassagesPiece,
    Piece,
    TextPiece,
)
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work
from tests.fakes.upstream import Turn
from tests.unit.gateway.conftest import FixedApp, Gateway

ASK = [{"role": "user", "content": "How many days of leave?"}]
CITED = Citation(
    n=1,
    chunk_id="chk_1",
    document_id="doc_1",
    knowledge="handbook",
    path="leave.md",
    title="Leave",
    heading_path=["Leave", "Days"],
    line_start=3,
    line_end=5,
    page=None,
    quote="25 days",
)


class AskingApp(Application):
    """Calls a model, as real apps do, and cites."""

    name = "bot"
    release_id = "rel_7"

    def __init__(self, model: str = "openai/gpt-4o-mini") -> None:
        self.model = model

    async def answer(self, work: Work, request: ChatRequest, span: ActiveSpan) -> AsyncGenerator[Piece, None]:
        yield PassagesPiece([CITED])
        inner = ChatRequest(model=self.model, messages=[Message("system", "Cite."), *request.messages])
        async with aclosing(call_model(work, inner)) as pieces:
            async for piece in pieces:
                yield (
                    FinishPiece("stop", citations=[CITED], declined=False) if isinstance(piece, FinishPiece) else piece
                )


class BrokenApp(FixedApp):
    """Says something, then fails."""

    async def answer(self, work: Work, request: ChatRequest, span: ActiveSpan) -> AsyncGenerator[Piece, None]:
        async for piece in super().answer(work, request, span):
            yield piece
        raise UpstreamFailed("The model is gone.")


async def test_a_plain_answer_carries_its_citations(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = AskingApp()

    raw = await gateway.openai().chat.completions.with_raw_response.create(model="bot", messages=ASK)

    completion = raw.parse()
    assert completion.choices[0].message.content == "Paris is the capital."
    assert completion.model == "bot"
    assert (completion.citations[0]["path"], completion.declined) == ("leave.md", False)
    assert completion.usage.total_tokens == 30
    assert raw.headers["x-quarterdeck-release"] == "rel_7"


async def test_a_stream_shows_passages_first_and_citations_last(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = AskingApp()

    stream = await gateway.openai().chat.completions.create(model="bot", messages=ASK, stream=True)
    chunks = [chunk async for chunk in stream]

    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[0].passages[0]["chunk_id"] == "chk_1"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Paris is the capital."
    assert (chunks[-1].choices[0].finish_reason, chunks[-1].declined) == ("stop", False)
    assert chunks[-1].citations[0]["quote"] == "25 days"
    assert chunks[-1].choices[0].delta.content is None


async def test_the_app_is_the_root_span_and_its_model_call_hangs_below(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = AskingApp()

    raw = await gateway.openai().chat.completions.with_raw_response.create(model="bot", messages=ASK, user="ada")

    root, call = await gateway.spans(raw.headers["x-quarterdeck-trace-id"])
    assert (root.kind, root.name, root.app, root.release_id, root.parent_id) == ("app", "app bot", "bot", "rel_7", None)
    assert (call.kind, call.parent_id, call.provider) == ("llm", root.span_id, "openai")
    assert root.input == ASK
    assert isinstance(root.output, dict) and root.output["content"] == "Paris is the capital."
    assert (root.declined, root.cost_pico, call.cost_pico) == (False, None, 20 * 150_000 + 10 * 600_000)
    assert {span.user_id for span in (root, call)} == {"ada"}
    assert {span.release_id for span in (root, call)} == {"rel_7"}
    assert root.first_token_ns is not None and call.first_token_ns is not None
    assert raw.headers["x-quarterdeck-cost-usd"] == "0.000009"


async def test_an_app_that_fails_before_it_speaks_gives_a_real_status(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = BrokenApp("bot", "rel_1", [])

    with pytest.raises(openai.InternalServerError, match="The model is gone"):
        await gateway.openai().chat.completions.create(model="bot", messages=ASK, stream=True)


async def test_an_app_that_fails_while_it_speaks_says_so_in_band(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = BrokenApp("bot", "rel_1", [TextPiece("Twenty")])

    reply = await gateway.http().post("/v1/chat/completions", json={"model": "bot", "messages": ASK, "stream": True})

    assert "Twenty" in reply.text and "The model is gone" in reply.text and "[DONE]" not in reply.text
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.status == "error"
    assert isinstance(span.output, dict) and span.output["content"] == "Twenty"


async def test_the_providers_refusal_reaches_the_apps_client(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = AskingApp("openai/gpt-4o-mini")
    gateway.upstream.script(Turn(status=500, body=b"oops"))

    reply = await gateway.http().post("/v1/chat/completions", json={"model": "bot", "messages": ASK})

    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_failed")


async def test_a_client_that_hangs_up_on_an_app_stops_its_provider(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = AskingApp()
    gateway.upstream.script(Turn(silent_after=2))
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    body = {"model": "bot", "messages": ASK, "stream": True}

    call = asyncio.create_task(gateway.http().post("/v1/chat/completions", json=body, headers=headers))
    await gateway.upstream.arrived.wait()
    await asyncio.sleep(0.05)
    call.cancel()

    await asyncio.wait_for(gateway.upstream.last.cut_off.wait(), 5)
    while gateway.plane.admission.in_flight:
        await asyncio.sleep(0.01)
    spans = await gateway.spans(trace_id)
    assert sorted(span.kind for span in spans) == ["app", "llm"]
    assert next(span for span in spans if span.kind == "llm").usage_estimated
