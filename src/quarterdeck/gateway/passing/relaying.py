"""Hands a provider's answer through to the client as it is, counts what it took, and records that before the last byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import msgspec

from quarterdeck.core.errors import QuarterdeckError, UpstreamFailed
from quarterdeck.gateway import llm_span, sse
from quarterdeck.gateway.admitting import Hold
from quarterdeck.gateway.aws_event_stream import AwsMessageScanner
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.exchange import Exchange, Header
from quarterdeck.gateway.guarding.guard import RequestGuard
from quarterdeck.gateway.passing.sending import Passed
from quarterdeck.gateway.passing.usage_told import Told
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import accept, cost_of, headers_of_answer
from quarterdeck.runtime.tracing import ActiveSpan, Attribute, Span
from quarterdeck.runtime.work import Work

_EVENTS = "text/event-stream"
_AWS_EVENTS = "application/vnd.amazon.eventstream"
_SUBTITLES = ("text/plain", "text/vtt", "application/x-subrip")
_COME_WHOLE = ("application/json", "", *_SUBTITLES)
_RECORDED = 64 * 1024


@dataclass(slots=True)
class Passage:
    """One call that is passed on, and everything that belongs to it."""

    plane: Plane
    exchange: Exchange
    work: Work
    route: Route
    hold: Hold
    guard: RequestGuard | None
    span: ActiveSpan
    measure: Callable[[Told], Usage | None]
    """What it took, from what was told: some answers tell nothing, and the request knows."""
    costs: bool = True
    """Whether an answer that tells no usage costs something that nobody can name; else it is free."""
    finished: bool = False

    def fail(self, error: BaseException) -> None:
        """Note that it ended badly."""
        self.finish(Told(self.route.provider.account.name), None, error)

    def finish(self, told: Told, output: Attribute, error: BaseException | None = None) -> Sequence[Span]:
        """Note how it ended and what it took, once; durable when this returns."""
        if self.finished:
            return ()
        self.finished = True
        usage = self.measure(told) if error is None else told.usage
        if usage is None and error is None and self.costs:
            self.span.put(unpriced=True)
        self.span.put(output=output)
        if told.response_id is not None:
            self.span.attributes["gen_ai.response.id"] = told.response_id
        # A client that went away is no failure of the call.
        failure = None if isinstance(error, asyncio.CancelledError) else error
        work, route = self.work, self.route
        llm_span.settle_operation(
            work, self.span, route, usage, model=told.model, service_tier=told.service_tier, error=failure
        )
        if self.guard is not None:
            self.guard.finish(failure)
        spans = accept(self.plane.recorder, work)
        self.hold.settle(spans)
        return spans

    def headers(self, waited_ns: int, spans: Sequence[Span]) -> list[Header]:
        """What every answer of ours tells, in headers."""
        said = headers_of_answer(self.exchange, self.work, waited_ns, cost_of(spans)) + self.hold.headers()
        return said if self.guard is None else [*said, (b"x-quarterdeck-guardrails", self.guard.header())]


async def relay(passage: Passage, passed: Passed, headers: Sequence[Header], body: bytes | None = None) -> None:
    """Send the answer on: words whole, with their cost in a header; all else as it comes. `body` if it has been read."""
    if body is None and passed.content_type not in _COME_WHOLE:
        await _stream(passage, passed, headers)
        return
    body = await passed.reply.read() if body is None else body
    told = Told(passage.route.provider.account.name)
    if passed.content_type in _SUBTITLES:
        told.hear_subtitles(body)
    else:
        told.hear(body)
    error = None if passed.status < 400 else UpstreamFailed(f"The provider answered {passed.status}.")
    spans = passage.finish(told, _recorded(body), error)
    said = passage.headers(passed.reply.waited_ns, spans)
    await passage.exchange.answer(passed.status, [*headers, *said], body)


async def _stream(passage: Passage, passed: Passed, headers: Sequence[Header]) -> None:
    """Pieces as they come. What breaks in the middle is told where there are events, and cut off where there are none."""
    exchange, reply = passage.exchange, passed.reply
    overhearing = _Overhearing(passage.route.provider.account.name, passed.content_type)
    chunk = await reply.receive()  # until here an error has a real status
    said = [*headers, *passage.headers(reply.waited_ns, ())]
    await exchange.begin(passed.status, said, events=passed.content_type == _EVENTS)
    size = 0
    try:
        while chunk:
            passage.span.first_token()
            size += len(chunk)
            overhearing.hear(chunk)
            await exchange.send(chunk)
            chunk = await reply.receive()
    except BaseException as error:
        passage.finish(overhearing.told, {"bytes": size}, error)
        raise
    await reply.finish()
    passage.finish(overhearing.told, {"bytes": size, "content_type": passed.content_type})
    await exchange.end_stream(b"")


class _Overhearing:
    """Listens to a stream for what it tells of usage, in bounded memory; a sound tells nothing and costs nothing to hear."""

    def __init__(self, provider: str, content_type: str) -> None:
        self.told = Told(provider)
        self._kind: Literal["events", "aws", "deaf"] = "deaf"
        if content_type == _EVENTS:
            self._kind = "events"
        elif content_type == _AWS_EVENTS:
            self._kind = "aws"
        self._events = sse.EventScanner()
        self._messages = AwsMessageScanner(provider)

    def hear(self, chunk: bytes) -> None:
        """Some more bytes. An event that cannot be understood ends the listening and nothing else."""
        try:
            if self._kind == "events":
                for event in sse.events(self._events.feed(chunk)):
                    self.told.hear(sse.payload(event))
            elif self._kind == "aws":
                for message in self._messages.feed(chunk):
                    self.told.hear(message.payload)
        except QuarterdeckError:
            self._kind = "deaf"


def _recorded(body: bytes) -> Attribute:
    if len(body) > _RECORDED:
        return {"bytes": len(body)}
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found: Attribute = msgspec.json.decode(body)
        return found
    return body.decode(errors="replace")
