"""The path of one embedding request."""

from __future__ import annotations

import base64
from array import array

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway import llm_span, refusals
from quarterdeck.gateway.admitting import Demand, admitted
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.guarding.guard import Guarding, RequestGuard
from quarterdeck.gateway.parsing import EmbeddingRequest, parse_embedding, with_fields, without_fields
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.recording import accept, cost_of, headers_of_answer
from quarterdeck.gateway.wire_usage import WireUsage
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work

PATH = "/embeddings"


class _Reply(msgspec.Struct):
    usage: WireUsage | None = None


async def answer_embedding(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Answer one embedding request: forwarded as it is, or computed here."""
    body = await exchange.body(plane.max_body_bytes)
    request = parse_embedding(body)
    ours = [*request.wishes(), *(["metadata"] if request.metadata is not None else [])]
    body = without_fields(body, ours) if ours else body
    envelope = read_envelope(exchange, request.user, request.metadata, request)
    route = plane.catalogue.route(work.project_id, envelope.model_for(request.model))
    guarding = Guarding(plane, work, envelope, route)
    async with admitted(plane, work, envelope, Demand(route, len(body), 0, request.model)) as hold, guarding as guard:
        if guard is not None:
            work, body = guard.work, await _guarded(guard, request, body)
        exchange.watch()
        span = llm_span.start_embedding(work, route, request)
        try:
            reply, usage, waited_ns = await _vectors(work, route, request, body, span)
        except BaseException as error:
            llm_span.settle_embedding(work, span, route, None, error=error)
            accept(plane.recorder, work)
            raise
        llm_span.settle_embedding(work, span, route, usage)
        if guard is not None:
            guard.finish()
        spans = accept(plane.recorder, work)
        hold.settle(spans)
    headers = headers_of_answer(exchange, work, waited_ns, cost_of(spans)) + hold.headers()
    if guard is not None:
        headers.append((b"x-quarterdeck-guardrails", guard.header()))
    await exchange.answer(200, [refusals.JSON, *headers, (b"x-quarterdeck-model", route.id.encode())], reply)


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
    except msgspec.DecodeError:
        told = None
    if told is not None:
        return told.buckets()
    size = sum(len(item) if isinstance(item, str | list) else 1 for item in request.input)
    return Usage(input_tokens=-(-size // 4), output_tokens=0, estimated=True)


def _written(vector: list[float], encoding: str | None) -> list[float] | str:
    return base64.b64encode(array("f", vector).tobytes()).decode() if encoding == "base64" else vector
