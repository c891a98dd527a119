"""The path of one embedding request."""

from __future__ import annotations

import base64
from array import array
from dataclasses import dataclass, replace

import msgspec

from quarterdeck.core.errors import InvalidInput, QuarterdeckError
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import llm_span, refusals
from quarterdeck.gateway.admitting import Demand, admitted
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.envelope import Envelope, read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.guarding.guard import Guarding, RequestGuard
from quarterdeck.gateway.parsing import EmbeddingRequest, parse_embedding, with_fields, without_fields
from quarterdeck.gateway.patience import waiting
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.recording import accept, cost_of, headers_of_answer
from quarterdeck.gateway.routing.course import Attempt, Wishes, set_out
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.strategy import Question
from quarterdeck.gateway.routing.trying import answered
from quarterdeck.gateway.routing.wishing import wished_route
from quarterdeck.gateway.wire_usage import WireUsage
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work

PATH = "/embeddings"


class _Reply(msgspec.Struct):
    usage: WireUsage | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What was answered, how long we waited for it, and by whom."""

    reply: bytes
    waited_ns: int
    route: Route
    attempts: int = 1


async def answer_embedding(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Answer one embedding request: forwarded as it is, or computed here."""
    body = await exchange.body(plane.max_body_bytes)
    request = parse_embedding(body)
    ours = [*request.wishes(), *(["metadata"] if request.metadata is not None else [])]
    body = without_fields(body, ours) if ours else body
    envelope = read_envelope(exchange, request.user, request.metadata, request)
    route = wished_route(
        plane.catalogue, work, plane.catalogue.route(work.project_id, envelope.model_for(request.model)), envelope
    )
    guarding = Guarding(plane, work, envelope, route)
    async with admitted(plane, work, envelope, Demand(route, len(body), 0, request.model)) as hold, guarding as guard:
        if guard is not None:
            work, body = guard.work, await _guarded(guard, request, body)
        exchange.watch()
        try:
            if isinstance(route, Selection):
                found = await _tried(work, route, request, body, envelope)
            else:
                found = await _called(work, route, request, body)
        except BaseException:
            accept(plane.recorder, work)
            raise
        if guard is not None:
            guard.finish()
        spans = accept(plane.recorder, work)
        hold.settle(spans)
    headers = headers_of_answer(exchange, work, found.waited_ns, cost_of(spans)) + hold.headers()
    headers.append((b"x-quarterdeck-model", found.route.id.encode()))
    if isinstance(route, Selection):
        headers += [(b"x-quarterdeck-route", route.name.encode()), (b"x-quarterdeck-attempts", b"%d" % found.attempts)]
    if guard is not None:
        headers.append((b"x-quarterdeck-guardrails", guard.header()))
    await exchange.answer(200, [refusals.JSON, *headers], found.reply)


async def _tried(
    work: Work, selection: Selection, request: EmbeddingRequest, body: bytes, envelope: Envelope
) -> _Found:
    course = await set_out(
        selection, Question(work, None, envelope, len(body) // 4), Wishes(envelope.retries, envelope.timeout_s)
    )

    async def call(attempt: Attempt) -> _Found:
        with waiting(attempt.timeouts()):
            found = await _called(attempt.work, attempt.route, request, body, attempt)
        return replace(found, attempts=attempt.number)

    async def leave(_attempt: Attempt, _error: QuarterdeckError) -> None:
        return None

    ended: BaseException | None = None
    try:
        return await answered(course, call, leave)
    except QuarterdeckError as error:
        ended = error
        raise
    finally:
        course.end(ended)


async def _called(
    work: Work, route: Route, request: EmbeddingRequest, body: bytes, attempt: Attempt | None = None
) -> _Found:
    span = llm_span.start_embedding(work, route, request)
    usage: Usage | None = None
    ended: BaseException | None = None
    route.provider.enter()
    try:
        reply, usage, waited_ns = await _vectors(work, route, request, body, span)
    except BaseException as error:
        ended = error
        raise
    finally:
        route.provider.leave()
        if attempt is not None:
            attempt.mark(span, ended)
        llm_span.settle_embedding(work, span, route, usage, error=ended)
    return _Found(reply, waited_ns, route)


async def _guarded(guard: RequestGuard, request: EmbeddingRequest, body: bytes) -> bytes:
    """The body with what guardrails leave of its texts; token numbers say nothing to them, and the audit says so."""
    given = [request.input] if isinstance(request.input, str) else request.input
    texts = [text for text in given if isinstance(text, str)]
    written = await guard.admit_texts(texts)
    if written == texts:
        return body
    request.input = written[0] if isinstance(request.input, str) else list(written)
    return with_fields(body, input=request.input)


async def _vectors(
    work: Work, route: Route, request: EmbeddingRequest, body: bytes, span: ActiveSpan
) -> tuple[bytes, Usage, int]:
    if isinstance(route.provider, WireProvider) and "openai-chat" in route.provider.dialects:
        changed = body if route.model == request.model else with_fields(body, model=route.model)
        reply = await route.provider.post(PATH, changed)
        answer = await reply.read()
        return answer, _usage(request, answer), reply.waited_ns
    texts = _texts(request)
    began_ns = span.now_ns()
    found = await route.provider.embed(work.under(span), route.model, texts)
    told = {"prompt_tokens": found.input_tokens, "total_tokens": found.input_tokens}
    data = [
        {"object": "embedding", "index": index, "embedding": _written(vector, request.encoding_format)}
        for index, vector in enumerate(found.vectors)
    ]
    answer = msgspec.json.encode({"object": "list", "data": data, "model": route.id, "usage": told})
    return answer, Usage(found.input_tokens, 0, estimated=found.estimated), span.now_ns() - began_ns


def _texts(request: EmbeddingRequest) -> list[str]:
    texts = [request.input] if isinstance(request.input, str) else request.input
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInput("This model takes texts, not token numbers, as `input`.", param="input")
    return [str(text) for text in texts]


def _usage(request: EmbeddingRequest, answer: bytes) -> Usage:
    try:
        told = msgspec.json.decode(answer, type=_Reply).usage
    except UNREADABLE:
        told = None
    if told is not None:
        return told.buckets()
    size = sum(len(item) if isinstance(item, str | list) else 1 for item in request.input)
    return Usage(input_tokens=-(-size // 4), output_tokens=0, estimated=True)


def _written(vector: list[float], encoding: str | None) -> list[float] | str:
    return base64.b64encode(array("f", vector).tobytes()).decode() if encoding == "base64" else vector
