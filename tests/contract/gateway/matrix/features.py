"""The features of the matrix: what is tried with a client before a provider, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import httpx

from quarterdeck.runtime.tracing import Span
from tests.contract.gateway.matrix.providers import Seller
from tests.contract.gateway.matrix.speakers import PIXEL, Heard, Question, Speaker
from tests.fakes.turn import ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

Verdict = Literal["yes", "refused", "left out", "lost", "-"]
"""`-`: there is nothing to carry, because the client's dialect or the provider's has no words for it."""

PARIS = ToolCall("call_1", "weather", '{"city":"Paris"}')
ROME = ToolCall("call_2", "weather", '{"city":"Rome"}')
_THINK_WORDS = ("reasoning_effort", "reasoning", "thinking", "thinkingConfig", "effort")


class Refused(Exception):
    """The gateway has said that this cannot be translated."""


@dataclass(frozen=True)
class Trial:
    """One client before one provider."""

    gateway: Gateway
    speaker: Speaker
    seller: Seller
    http: httpx.AsyncClient
    """One for all trials: making one takes longer than a trial."""

    async def ask(self, question: Question, *turns: Turn) -> Heard:
        """Ask, and hear the whole answer; a refusal is told in the client's own shape."""
        if turns:
            self.gateway.upstream.script(*turns)
        model = self.seller.model
        body = self.speaker.body(model, question)
        reply = await self.http.post(self.speaker.path(model, question), json=body)
        heard = self.speaker.hear(reply.status_code, dict(reply.headers), reply.content)
        if reply.status_code == 400:
            kind, words = self.speaker.error(heard.events[0])
            assert kind and len(words) > 20, reply.text
            raise Refused(words)
        assert reply.status_code in (200, 429), f"{reply.status_code}: {reply.text}"
        assert heard.ended, reply.text
        return heard

    async def span(self, heard: Heard) -> Span:
        """The span of the call to the model."""
        spans = await self.gateway.spans(heard.headers["x-quarterdeck-trace-id"])
        (found,) = [span for span in spans if span.kind == "llm"]
        return found

    @property
    def sent(self) -> str:
        """What the provider has received."""
        return self.gateway.upstream.last.raw.decode()

    @property
    def by_responses(self) -> bool:
        """Whether the provider was asked by OpenAI's Responses."""
        return self.gateway.upstream.last.path.endswith("/responses")

    @property
    def signature(self) -> str | None:
        """What the provider has signed its thoughts with."""
        return "gAAAAAB-opaque" if self.by_responses else self.seller.signature


async def plain(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(), Turn())
    assert heard.text == "Paris is the capital."
    return "yes"


async def streamed(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(stream=True), Turn())
    assert heard.text == "Paris is the capital."
    assert heard.chunks > 1
    return "yes"


async def tools(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(tools=True), Turn(tool_calls=(PARIS,)))
    _require_called(trial, heard, "Paris")
    return "yes"


async def streamed_call(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(tools=True, stream=True), Turn(tool_calls=(PARIS,)))
    _require_called(trial, heard, "Paris")
    return "yes"


async def parallel_calls(trial: Trial) -> Verdict:
    for stream in (False, True):
        heard = await trial.ask(Question(tools=True, stream=stream), Turn(tool_calls=(PARIS, ROME)))
        _require_called(trial, heard, "Paris", "Rome")
    return "yes"


async def tool_results(trial: Trial) -> Verdict:
    first = await trial.ask(Question(tools=True), Turn(tool_calls=(PARIS, ROME)), Turn())
    second = await trial.ask(Question(tools=True, before=first))
    assert second.text == "Paris is the capital."
    assert all(words in trial.sent for words in ("blue over Paris", "blue over Rome", "weather"))
    return "yes"


async def schema(trial: Trial) -> Verdict:
    await trial.ask(Question(schema=True), Turn(words=('{"capital":', ' "Paris"}')))
    return _carried(trial, "additionalProperties" in trial.sent and "capital" in trial.sent, None)


async def image(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(image=True), Turn())
    return _carried(trial, PIXEL in trial.sent, heard)


async def thinking(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(thinking=True), Turn())
    return _carried(trial, any(f'"{word}"' in trial.sent for word in _THINK_WORDS), heard)


async def thoughts(trial: Trial) -> Verdict:
    heard = await trial.ask(Question(thinking=True, stream=True), Turn(thinking=("Hm.", " France!")))
    if not trial.seller.thinks_aloud and not trial.by_responses:
        return "-"
    assert heard.text == "Paris is the capital."
    return _carried(trial, heard.thoughts == "Hm. France!", heard)


async def signature(trial: Trial) -> Verdict:
    thought = Turn(thinking=("Hm.", " France!"), tool_calls=(PARIS,))
    carried = []
    for stream in (False, True):
        first = await trial.ask(Question(thinking=True, tools=True, stream=stream), thought, Turn())
        if trial.signature is None:
            return "-"
        second = await trial.ask(Question(thinking=True, tools=True, before=first))
        carried.append(f'"{trial.signature}"' in trial.sent)
    assert carried[0] == carried[1]
    return _carried(trial, carried[0], second)


async def usage(trial: Trial) -> Verdict:
    for stream in (False, True):
        heard = await trial.ask(Question(stream=stream), Turn(input_tokens=1000, output_tokens=100))
        assert (heard.input_tokens, heard.output_tokens) == (1000, 100)
        span = await trial.span(heard)
        assert (span.input_tokens, span.output_tokens, span.usage_estimated) == (1000, 100, False)
        assert span.cost_pico is not None or span.unpriced
    return "yes"


async def cached_tokens(trial: Trial) -> Verdict:
    told = []
    for stream in (False, True):
        turn = Turn(input_tokens=1000, output_tokens=100, cached_tokens=600)
        heard = await trial.ask(Question(stream=stream), turn)
        if trial.gateway.upstream.last.path.endswith("/completions") and "prompt" in trial.gateway.upstream.last.body:
            return "-"  # the old completions tell nothing of caches
        span = await trial.span(heard)
        assert span.cache_read_tokens == 600
        told.append(heard.cached_tokens == 600)
    return _carried(trial, all(told), heard)


async def stop_reason(trial: Trial) -> Verdict:
    finish = trial.seller.length
    for stream in (False, True):
        heard = await trial.ask(Question(stream=stream), Turn(finish=finish))
        assert heard.reason == trial.speaker.cut_short
    return "yes"


async def errors(trial: Trial) -> Verdict:
    for stream in (False, True):
        heard = await trial.ask(Question(stream=stream), Turn(status=429, error=trial.seller.rate_limit))
        assert heard.status == 429
        kind, words = trial.speaker.error(heard.events[0])
        assert kind and words
        assert (await trial.span(heard)).status == "error"
    return "yes"


async def partial_billing(trial: Trial) -> Verdict:
    # OpenAI's Responses have two events before the first word.
    words = ("Paris", " is", " the", " capital", ".", " It", " is.")
    trial.gateway.upstream.script(Turn(words=words, silent_after=5))
    question = Question(stream=True)
    body = trial.speaker.body(trial.seller.model, question)
    path = trial.speaker.path(trial.seller.model, question)
    async with trial.http.stream("POST", path, json=body) as reply:
        assert reply.status_code == 200
        received = b""
        async for chunk in reply.aiter_bytes():
            received += chunk
            if b" the" in received:
                break
        trace_id = reply.headers["x-quarterdeck-trace-id"]
    await asyncio.wait_for(trial.gateway.upstream.last.cut_off.wait(), 5)
    spans: list[Span] = []
    for _ in range(200):
        spans = [span for span in await trial.gateway.spans(trace_id) if span.kind == "llm"]
        if spans:
            break
        await asyncio.sleep(0.01)
    (span,) = spans
    assert span.input_tokens and span.output_tokens and span.usage_estimated
    assert span.cost_pico is not None or span.unpriced
    return "yes"


@dataclass(frozen=True)
class Feature:
    """A row of the table."""

    key: str
    title: str
    attempt: Callable[[Trial], Awaitable[Verdict]]


FEATURES: tuple[Feature, ...] = (
    Feature("plain", "a plain answer", plain),
    Feature("stream", "a stream", streamed),
    Feature("tools", "a tool call", tools),
    Feature("streamed call", "a tool call in a stream", streamed_call),
    Feature("parallel calls", "several calls at once", parallel_calls),
    Feature("tool results", "the results of tools", tool_results),
    Feature("schema", "an answer by a JSON schema", schema),
    Feature("image", "an image in the question", image),
    Feature("thinking", "how much to think", thinking),
    Feature("thoughts", "thoughts shown", thoughts),
    Feature("signature", "signed thoughts, sent back", signature),
    Feature("usage", "tokens", usage),
    Feature("cached tokens", "cached tokens", cached_tokens),
    Feature("stop reason", "why it ended", stop_reason),
    Feature("errors", "errors in the client's shape", errors),
    Feature("partial billing", "broken off, and billed in part", partial_billing),
)


async def attempt(trial: Trial, feature: Feature) -> Verdict:
    """What comes of a feature; raises where something is wrong and not just missing."""
    if feature.key in trial.speaker.lacks:
        return "-"
    try:
        return await feature.attempt(trial)
    except Refused:
        return "refused"


def _require_called(trial: Trial, heard: Heard, *cities: str) -> None:
    assert [(name, arguments) for _, name, arguments in heard.calls] == [("weather", {"city": one}) for one in cities]
    assert len({call_id for call_id, _, _ in heard.calls}) == len(cities)
    assert heard.reason == trial.speaker.calls_tools
    assert "weather" in trial.sent


def _carried(trial: Trial, carried: bool, heard: Heard | None) -> Verdict:
    if carried:
        return "yes"
    return "left out" if heard is not None and "x-quarterdeck-left-out" in heard.headers else "lost"
