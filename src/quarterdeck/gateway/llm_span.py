"""The span of one model call: OpenTelemetry GenAI names, tokens in our columns, and the bill."""

from __future__ import annotations

import msgspec

from quarterdeck.core import clock
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import ChatRequest, Usage
from quarterdeck.gateway.outcome import Outcome, estimated_usage
from quarterdeck.gateway.parsing import EmbeddingRequest
from quarterdeck.gateway.prices import Bill, Prices
from quarterdeck.gateway.recorded import recorded
from quarterdeck.gateway.recorded_usage import MORE_USAGE, SERVICE_TIER, STANDARD_TIERS, beyond_columns
from quarterdeck.runtime.tracing import ActiveSpan, Attribute
from quarterdeck.runtime.work import Work

_SAMPLING = ("temperature", "top_p", "seed", "max_tokens")


def start_chat(work: Work, route: Route, request: ChatRequest) -> ActiveSpan:
    """The span of a chat call, with what is known before it."""
    span = work.start(f"chat {route.model}", "llm")
    span.put(model=route.model, provider=route.provider.account.name, input=recorded(request.messages))
    asked = span.attributes
    asked["gen_ai.operation.name"] = "chat"
    asked["gen_ai.provider.name"] = route.provider.account.name
    asked["gen_ai.request.model"] = request.model
    asked["gen_ai.request.stream"] = bool(request.stream)
    for name in _SAMPLING:
        value = getattr(request, name)
        if value is not None:
            asked[f"gen_ai.request.{name}"] = value
    if request.max_completion_tokens is not None:
        asked["gen_ai.request.max_tokens"] = request.max_completion_tokens
    if request.stop is not None:
        asked["gen_ai.request.stop_sequences"] = [request.stop] if isinstance(request.stop, str) else list(request.stop)
    if request.n is not None and request.n != 1:
        asked["gen_ai.request.choice.count"] = request.n
    if request.tools:
        asked["gen_ai.tool.definitions"] = list(request.tools)
    if request.response_format is not None:
        asked["gen_ai.output.type"] = "json" if "json" in str(request.response_format.get("type")) else "text"
    return span


def start_embedding(work: Work, route: Route, request: EmbeddingRequest) -> ActiveSpan:
    """The span of an embedding call."""
    span = work.start(f"embeddings {route.model}", "embedding")
    texts: Attribute = msgspec.to_builtins(request.input)
    span.put(model=route.model, provider=route.provider.account.name, input=texts)
    span.attributes["gen_ai.operation.name"] = "embeddings"
    span.attributes["gen_ai.provider.name"] = route.provider.account.name
    span.attributes["gen_ai.request.model"] = request.model
    return span


def start_operation(work: Work, route: Route, operation: str, asked: Attribute) -> ActiveSpan:
    """The span of a call that is neither: a ranking, an image, a sound, whatever is passed through."""
    span = work.start(f"{operation} {route.model}", "llm")
    span.put(model=route.model, provider=route.provider.account.name, input=asked)
    span.attributes["gen_ai.operation.name"] = operation
    span.attributes["gen_ai.provider.name"] = route.provider.account.name
    span.attributes["gen_ai.request.model"] = route.id
    return span


def settle_chat(
    work: Work,
    span: ActiveSpan,
    route: Route,
    request: ChatRequest,
    outcome: Outcome,
    *,
    error: BaseException | None,
    complete: bool,
) -> Bill | None:
    """Note how a chat call ended, what it took and what it costs; end the span. An answer that broke off is estimated."""
    span.put(output=outcome.output)
    told = span.attributes
    if outcome.response_id is not None:
        told["gen_ai.response.id"] = outcome.response_id
    if outcome.model is not None:
        told["gen_ai.response.model"] = outcome.model
    if outcome.finish_reasons:
        told["gen_ai.response.finish_reasons"] = list(outcome.finish_reasons)
    usage = outcome.usage
    if usage is None or not complete:
        began = outcome.is_completion and (outcome.output is not None or "first_token_ns" in span.fields)
        # Before its first token, a call that failed has cost nothing that we know of.
        usage = estimated_usage(request.messages, outcome.output, usage) if complete or began else None
    return _end(work, span, route, usage, outcome.model, outcome.service_tier, error)


def settle_embedding(
    work: Work, span: ActiveSpan, route: Route, usage: Usage | None, *, error: BaseException | None = None
) -> Bill | None:
    """Note how an embedding call ended; end the span."""
    return _end(work, span, route, usage, None, None, error)


def settle_operation(
    work: Work,
    span: ActiveSpan,
    route: Route,
    usage: Usage | None,
    *,
    model: str | None = None,
    service_tier: str | None = None,
    error: BaseException | None = None,
) -> Bill | None:
    """Note how such a call ended; end the span."""
    if model is not None:
        span.attributes["gen_ai.response.model"] = model
    return _end(work, span, route, usage, model, service_tier, error)


def _end(
    work: Work,
    span: ActiveSpan,
    route: Route,
    usage: Usage | None,
    reported_model: str | None,
    service_tier: str | None,
    error: BaseException | None,
) -> Bill | None:
    bill = None
    if usage is not None:
        names = (reported_model, route.model)
        prices, now = work.part(Prices), clock.now()
        bill = prices.bill(route.provider.account, names, usage, now, service_tier, project_id=work.project_id)
        if service_tier is not None and service_tier not in STANDARD_TIERS:
            span.attributes[SERVICE_TIER] = service_tier
        if more := beyond_columns(usage):
            span.attributes[MORE_USAGE] = more
        span.put(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            usage_estimated=usage.estimated,
            cost_pico=bill.cost_pico,
            cost_lines=bill.lines,
            price_id=bill.price_id,
            unpriced=bill.unpriced,
            provided_cost_pico=usage.provided_pico,
        )
    if error is not None:
        span.fail(error)
    span.end()
    return bill
