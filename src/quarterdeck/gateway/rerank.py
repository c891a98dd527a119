"""The path of one rerank request: asked in the shape of Cohere and Jina, answered by whoever ranks."""

from __future__ import annotations

import msgspec

from quarterdeck.gateway import llm_span, refusals
from quarterdeck.gateway.admitting import Demand, admitted
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.guarding.guard import Guarding, RequestGuard
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.ranking import Ranking, RerankRequest, parse_rerank
from quarterdeck.gateway.recording import accept, cost_of, headers_of_answer
from quarterdeck.runtime.work import Work


async def answer_rerank(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Answer one rerank request."""
    body = await exchange.body(plane.max_body_bytes)
    request = parse_rerank(body)
    envelope = read_envelope(exchange, request.user, request.metadata, request)
    named = envelope.model_for(request.model)
    route = plane.catalogue.route(work.project_id, named).first
    guarding = Guarding(plane, work, envelope, route)
    async with admitted(plane, work, envelope, Demand(route, len(body), 0, named)) as hold, guarding as guard:
        if guard is not None:
            work = guard.work
            await _guard(guard, request)
        exchange.watch()
        provider = route.provider
        span = llm_span.start_operation(
            work, route, "rerank", {"query": request.query, "documents": list(request.texts())}
        )
        began_ns = span.now_ns()
        provider.enter()
        try:
            ranking = await provider.rerank(work.under(span), route.model, request)
        except BaseException as error:
            llm_span.settle_operation(work, span, route, None, error=error)
            accept(plane.recorder, work)
            raise
        finally:
            provider.leave()
        waited_ns = span.now_ns() - began_ns
        span.put(output=[{"index": one.index, "relevance_score": one.score} for one in ranking.results])
        llm_span.settle_operation(work, span, route, ranking.usage, model=ranking.model)
        if guard is not None:
            guard.finish()
        spans = accept(plane.recorder, work)
        hold.settle(spans)
    headers = headers_of_answer(exchange, work, waited_ns, cost_of(spans)) + hold.headers()
    if guard is not None:
        headers.append((b"x-quarterdeck-guardrails", guard.header()))
    headers = [refusals.JSON, *headers, (b"x-quarterdeck-model", route.id.encode())]
    await exchange.answer(200, headers, _written(exchange, route, request, ranking))


async def _guard(guard: RequestGuard, request: RerankRequest) -> None:
    """Let guardrails look at the query and the texts, and take what they leave of them."""
    query, *texts = await guard.admit_texts([request.query, *request.texts()])
    request.query = query
    for number, (document, text) in enumerate(zip(request.documents, texts, strict=True)):
        request.documents[number] = text if isinstance(document, str) else {**document, "text": text}


def _written(exchange: Exchange, route: Route, request: RerankRequest, ranking: Ranking) -> bytes:
    """One answer that the clients of Cohere and those of Jina both understand."""
    units = dict(ranking.usage.units)
    searches = units.get("search")
    tokens = ranking.usage.input_tokens
    results = [
        {"index": one.index, "relevance_score": one.score} | _document(request, one.index) for one in ranking.results
    ]
    billed = {"search_units": searches} if searches else {"input_tokens": tokens}
    return msgspec.json.encode(
        {
            "id": ranking.id or exchange.request_id,
            "object": "list",
            "model": route.id,
            "results": results,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "meta": {"api_version": {"version": "2"}, "billed_units": billed},
        }
    )


def _document(request: RerankRequest, index: int) -> dict[str, object]:
    if not request.return_documents:
        return {}
    document = request.documents[index]
    return {"document": {"text": document} if isinstance(document, str) else document}
