"""The path of one chat request, from body to last byte, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway import prompt_caching, refusals
from quarterdeck.gateway.admitting import Demand, Hold, admitted
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.cache import CachePlace
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.direct import direct_answer
from quarterdeck.gateway.envelope import Envelope, read_envelope
from quarterdeck.gateway.estimating import text_bytes
from quarterdeck.gateway.exchange import Exchange, Header
from quarterdeck.gateway.guarding.guard import Guarding, RequestGuard
from quarterdeck.gateway.guarding.guarded_answer import GuardedAnswer
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.prompting import PREFIX, with_prompt
from quarterdeck.gateway.recording import cost_of, headers_of_answer, in_usd, record
from quarterdeck.gateway.routing.attempting import attempts_of
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.wishing import as_wished
from quarterdeck.gateway.speaking import answer_of_app
from quarterdeck.gateway.vendor import Told, echoes
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work


@dataclass(frozen=True, slots=True)
class ChatCall:
    """What is settled about a chat request before anything is done for it."""

    work: Work
    exchange: Exchange
    dialect: Dialect
    asked: Asked
    envelope: Envelope
    target: Application | Route
    hold: Hold
    place: CachePlace
    guard: RequestGuard | None
    laps: tuple[int, int, int]
    """How long after the request came it was understood, let in, and looked up in the cache: nanoseconds."""


async def answer_chat(plane: Plane, exchange: Exchange, work: Work, dialect: Dialect) -> None:
    """Answer one chat request: everything that can refuse does so before the first byte."""
    body = await exchange.body(plane.max_body_bytes)
    asked = dialect.without_wishes(dialect.read(exchange.path, body))
    if asked.previous is not None:
        asked = await dialect.recall(work, asked)
        body = asked.body
    request = asked.request
    envelope = read_envelope(exchange, request.user, request.metadata, request)
    if request.model.startswith(PREFIX):
        asked, envelope = with_prompt(work, dialect, exchange.path, asked, envelope)
        body, request = asked.body, asked.request
    target = as_wished(
        plane.catalogue, work, plane.catalogue.find(work.project_id, envelope.model_for(request.model)), envelope
    )
    if plane.input_budgets.may_concern(exchange.headers):
        asked = await plane.input_budgets.fitted(work, target, dialect, exchange.path, asked, exchange.headers)
        body, request = asked.body, asked.request
    understood_ns = exchange.elapsed_ns()
    demand = Demand(target, text_bytes(body), _most_output(request), request.model)
    guarding = Guarding(plane, work, envelope, target)
    async with admitted(plane, work, envelope, demand) as hold, guarding as guard:
        if guard is not None:
            asked = await guard.admit(dialect, exchange.path, asked)
            work, request = guard.work, asked.request
        let_in_ns = exchange.elapsed_ns()
        place = await plane.cache.place(work, target, dialect, asked, exchange.headers, envelope)
        if plane.semantic.may_concern(exchange.headers, envelope.cache):
            place = await plane.semantic.place(place, work, target, dialect, asked, exchange.headers, envelope.cache)
        laps = (understood_ns, let_in_ns, exchange.elapsed_ns())
        call = ChatCall(work, exchange, dialect, asked, envelope, target, hold, place, guard, laps)
        exchange.watch(dialect.keep_alive)
        answer = place.stored_answer(work, request) or _new_answer(call)
        if guard is not None:
            answer = GuardedAnswer(answer, guard, dialect.name)
        answer = dialect.keeping(work, asked, answer)
        try:
            if request.stream:
                await _stream(plane, call, answer)
            else:
                await _reply(plane, call, answer)
        except BaseException as error:
            await answer.close()
            _record(plane, call, answer, error)
            raise
        await answer.close()


def _most_output(request: ChatRequest) -> int | None:
    most = request.max_completion_tokens or request.max_tokens
    return None if most is None else most * (request.n or 1)


def _new_answer(call: ChatCall) -> Answer:
    target, dialect, asked = call.target, call.dialect, call.asked
    if isinstance(target, Application):
        asked.require_translatable(target.name)
        return answer_of_app(call.work, target, asked.request, dialect)
    if prompt_caching.is_wanted(call.exchange.headers):
        asked = prompt_caching.marked(asked, dialect.name)
    headers = _forwarded(dialect, call.exchange)
    if isinstance(target, Selection):
        selection = target.within_budget() if call.hold.thrifty else target
        return attempts_of(selection, call.work, call.envelope, asked, dialect, headers)
    return direct_answer(call.work, target, asked, dialect, headers)


def _forwarded(dialect: Dialect, exchange: Exchange) -> dict[str, str] | None:
    if not dialect.forwarded_headers:
        return None
    found = ((name.decode(), exchange.header(name)) for name in dialect.forwarded_headers)
    return {name: value for name, value in found if value is not None}


async def _reply(plane: Plane, call: ChatCall, answer: Answer) -> None:
    body = await answer.body()
    spans = _record(plane, call, answer)
    call.place.keep(answer, [body], _worth_keeping(call, spans))
    await call.exchange.answer(200, [refusals.JSON, *_headers(plane, call, answer, spans)], body)


async def _stream(plane: Plane, call: ChatCall, answer: Answer) -> None:
    exchange, kept = call.exchange, call.place.basket()
    async with aclosing(answer.events()) as blocks:
        first = await anext(blocks, b"")  # an error until here has a real status
        await exchange.begin_stream(_headers(plane, call, answer, []))
        try:
            kept.append(first)
            await exchange.send(first)
            async for block in blocks:
                kept.append(block)
                await exchange.send(block)
            spans = _record(plane, call, answer)
        except QuarterdeckError as error:
            _record(plane, call, answer, error)
            await exchange.end_stream(call.dialect.error_event(error, exchange.request_id))
        else:
            call.place.keep(answer, kept, _worth_keeping(call, spans))
            await exchange.end_stream(answer.ending)


def _record(plane: Plane, call: ChatCall, answer: Answer, error: BaseException | None = None) -> Sequence[Span]:
    spans = record(plane.recorder, call.work, answer, error)
    if spans:
        call.hold.settle(spans)
    return spans


def _worth_keeping(call: ChatCall, spans: Sequence[Span]) -> Sequence[Span]:
    """The spans of the answer alone: guardrails look at it again whenever it is given."""
    return spans if call.guard is None else spans[:-1]


def _headers(plane: Plane, call: ChatCall, answer: Answer, spans: Sequence[Span]) -> list[Header]:
    plane.traffic.stages(*call.laps, max(call.laps[-1], call.exchange.elapsed_ns() - answer.waited_ns))
    headers = headers_of_answer(call.exchange, call.work, answer.waited_ns, cost_of(spans))
    headers.append((b"x-quarterdeck-cache", call.place.status.encode()))
    if isinstance(call.target, Application):
        headers.append((b"x-quarterdeck-release", call.target.release_id.encode()))
    else:
        headers.append((b"x-quarterdeck-model", (answer.route or call.target).id.encode()))
        if isinstance(call.target, Selection):
            headers.append((b"x-quarterdeck-route", call.target.name.encode()))
            headers.append((b"x-quarterdeck-attempts", str(answer.attempts).encode()))
    left_out = call.envelope.left_out
    if call.asked.left_out and answer.translated:
        left_out = (*left_out, *call.asked.left_out)
    if left_out:
        headers.append((b"x-quarterdeck-left-out", ", ".join(left_out).encode()))
    if call.guard is not None:
        headers.append((b"x-quarterdeck-guardrails", call.guard.header()))
    if call.envelope.vendors:
        headers += echoes(call.envelope.vendors, _told(call, answer, spans))
    headers += call.dialect.headers(call.exchange.request_id)
    told = call.hold.headers()
    # Our limits are the ones a client can do something about: those of the provider are told where we have none.
    headers += told or answer.headers()
    headers += call.place.headers()
    return headers


def _told(call: ChatCall, answer: Answer, spans: Sequence[Span]) -> Told:
    elapsed_ns, cost, target = call.exchange.elapsed_ns(), cost_of(spans), call.target
    return Told(
        request_id=call.exchange.request_id,
        trace_id=call.work.trace.trace_id,
        provider=None if isinstance(target, Application) else (answer.route or target).provider.account.name,
        model=target.name if isinstance(target, Application) else (answer.route or target).id,
        cache=call.place.status,
        cost_usd=None if cost is None else in_usd(cost),
        elapsed_ms=elapsed_ns / 1e6,
        overhead_ms=max(0, elapsed_ns - answer.waited_ns) / 1e6,
        attempts=answer.attempts,
        session_id=call.envelope.session_id,
        guardrails=() if call.guard is None else tuple(name for name, _ in call.guard.said),
    )
