"""The path of one chat request, from body to last byte, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway import refusals, sse
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.cache import CachePlace
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.exchange import Exchange, Header
from quarterdeck.gateway.forwarding import Forwarding
from quarterdeck.gateway.parsing import parse_chat
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.recording import cost_of, headers_of_answer, note_who_asks, record
from quarterdeck.gateway.speaking import answer_of_app, answer_of_route
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work


@dataclass(frozen=True, slots=True)
class ChatCall:
    """What is settled about a chat request before anything is done for it."""

    work: Work
    exchange: Exchange
    request: ChatRequest
    target: Application | Route
    place: CachePlace


async def answer_chat(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Answer one chat request: everything that can refuse does so before the first byte."""
    body = await exchange.body(plane.max_body_bytes)
    request = parse_chat(body)
    target = plane.catalogue.find(work.project_id, request.model)
    plane.admission.require_disk()
    note_who_asks(exchange, work, request.user, request.metadata)
    place = plane.cache.place(work, target, request, body, exchange.header(b"cache-control"))
    call = ChatCall(work, exchange, request, target, place)
    exchange.watch()
    answer = place.stored_answer(work, request) or _new_answer(call, body)
    try:
        if request.stream:
            await _stream(plane, call, answer)
        else:
            await _reply(plane, call, answer)
    except BaseException as error:
        await answer.close()
        record(plane.recorder, work, answer, error)
        raise
    await answer.close()


def _new_answer(call: ChatCall, body: bytes) -> Answer:
    target = call.target
    if isinstance(target, Application):
        return answer_of_app(call.work, target, call.request)
    if isinstance(target.provider, WireProvider):
        return Forwarding(call.work, target, target.provider, call.request, body)
    return answer_of_route(call.work, target, call.request)


async def _reply(plane: Plane, call: ChatCall, answer: Answer) -> None:
    body = await answer.body()
    spans = record(plane.recorder, call.work, answer)
    call.place.keep(answer, [body], spans)
    await call.exchange.answer(200, [refusals.JSON, *_headers(call, answer, spans)], body)


async def _stream(plane: Plane, call: ChatCall, answer: Answer) -> None:
    exchange, kept = call.exchange, call.place.basket()
    async with aclosing(answer.events()) as blocks:
        first = await anext(blocks, b"")  # an error until here has a real status
        await exchange.begin_stream(_headers(call, answer, []))
        try:
            kept.append(first)
            await exchange.send(first)
            async for block in blocks:
                kept.append(block)
                await exchange.send(block)
            spans = record(plane.recorder, call.work, answer)
        except QuarterdeckError as error:
            record(plane.recorder, call.work, answer, error)
            await exchange.end_stream(refusals.event_of(error, exchange.request_id))
        else:
            call.place.keep(answer, kept, spans)
            await exchange.end_stream(sse.DONE)


def _headers(call: ChatCall, answer: Answer, spans: Sequence[Span]) -> list[Header]:
    headers = headers_of_answer(call.exchange, call.work, answer.waited_ns, cost_of(spans))
    headers.append((b"x-quarterdeck-cache", call.place.status.encode()))
    if isinstance(call.target, Application):
        headers.append((b"x-quarterdeck-release", call.target.release_id.encode()))
    else:
        headers.append((b"x-quarterdeck-model", call.target.id.encode()))
    headers += answer.headers()
    return headers
