"""Makes our span of a received one, whatever convention its maker follows.

Known: OpenTelemetry GenAI (names of today and of before), OpenInference, OpenLLMetry (Traceloop), Langfuse, MLflow, Vercel AI.
What a vendor says explicitly goes before `gen_ai.*`, that before OpenInference, that before legacy names. All attributes
are kept as they came, beside our columns, so that spans can be read anew when names move.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from quarterdeck.core.money import PICO
from quarterdeck.observability import contents, conventions, usage
from quarterdeck.observability.naming import Named
from quarterdeck.observability.pricing import Pricing, TokenUsage
from quarterdeck.observability.received import ReceivedSpan
from quarterdeck.observability.rollup import CALL_KINDS
from quarterdeck.runtime.tracing import Attribute, Span, SpanKind


def translate(received: ReceivedSpan, project_id: str, pricing: Pricing) -> Span:
    """Our span. It may still be impossible (no ids, no start): that is for `soundness` to say."""
    named = Named(received.attributes)
    kind = kind_of(named)
    provider = _provider(named)
    asked, answered = named.text(*conventions.MODEL_ASKED), named.text(*conventions.MODEL_ANSWERED)
    tokens = usage.tokens_of(named)
    failed = received.failed or "error.type" in received.attributes
    span = Span(
        project_id=project_id,
        trace_id=received.trace_id,
        span_id=received.span_id,
        parent_id=received.parent_id or None,
        name=received.name or "(no name)",
        kind=kind,
        start_ns=received.start_ns,
        end_ns=max(received.start_ns, received.end_ns),
        first_token_ns=_first_token_ns(received, named),
        status="error" if failed else "ok",
        status_message=_failure(received, named) if failed else None,
        service=Named(received.resource).text("service.name"),
        app=named.text("quarterdeck.app"),
        release_id=named.text("quarterdeck.release_id"),
        model=asked or answered,
        provider=provider,
        user_id=named.text(*conventions.USER),
        session_id=named.text(*conventions.SESSION),
        input_tokens=tokens.input if tokens else None,
        output_tokens=tokens.output if tokens else None,
        cache_read_tokens=tokens.cache_read if tokens else None,
        cache_write_tokens=tokens.cache_write if tokens else None,
        reasoning_tokens=tokens.reasoning if tokens else None,
        input=contents.input_of(received, named),
        output=contents.output_of(received, named),
        attributes=_kept(received),
    )
    if kind not in CALL_KINDS:
        return span
    models = [model for model in (answered, asked) if model]
    return _priced(span, named, provider, models, tokens, pricing)


def kind_of(named: Named) -> SpanKind:
    """What a span did: by what it says of itself, then by what only such a span has."""
    for name, kinds in conventions.KINDS:
        said = named.text(name)
        if said is not None and (kind := kinds.get(said.strip('"').lower())) is not None:
            return kind
    operation = named.text("ai.operationId")
    if operation is not None:
        return _vercel_kind(operation)
    if named.has("gen_ai.tool.name", "gen_ai.tool.call.id", "tool.name"):
        return "tool"
    if named.has("embedding.model_name"):
        return "embedding"
    if named.has("gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "llm.request.model_name"):
        return "llm"
    return "other"


def _priced(
    span: Span, named: Named, provider: str | None, models: list[str], tokens: TokenUsage | None, pricing: Pricing
) -> Span:
    """The span with its cost: as its maker gives it, else by our price list, else flagged as unpriced."""
    given = usage.cost_usd(named)
    if given is not None:
        return replace(span, cost_pico=round(given * PICO), price_id="given")
    if tokens is None or not (tokens.input or tokens.output):
        return span
    at = datetime.fromtimestamp(min(max(span.start_ns, 0), _LATEST_NS) / 1e9, UTC)
    price = pricing.price(provider, models, tokens, at, span.project_id) if models else None
    if price is None:
        return replace(span, unpriced=True)
    return replace(span, cost_pico=price.cost_pico, cost_lines=price.lines, price_id=price.price_id)


def _provider(named: Named) -> str | None:
    provider = named.text(*conventions.PROVIDER)
    if provider is None:
        return None
    provider = provider.strip('"').lower()
    return conventions.PROVIDER_NAMES.get(provider, provider)


def _first_token_ns(received: ReceivedSpan, named: Named) -> int | None:
    seconds = named.number("gen_ai.response.time_to_first_chunk")
    if seconds is None and (ms := named.number("ai.response.msToFirstChunk")) is not None:
        seconds = ms / 1000
    if seconds is not None and 0 <= seconds < 86_400:
        return received.start_ns + int(seconds * 1e9)
    if (moment := named.text("langfuse.observation.completion_start_time")) is not None:
        try:
            return int(datetime.fromisoformat(moment.strip('"')).timestamp() * 1e9)
        except ValueError:
            return None
    return next((event.at_ns for event in received.events if event.name == "First Token Stream Event"), None)


def _failure(received: ReceivedSpan, named: Named) -> str | None:
    if received.status_message:
        return received.status_message
    for event in received.events:
        if event.name == "exception":
            thrown = Named(event.attributes)
            return ": ".join(filter(None, (thrown.text("exception.type"), thrown.text("exception.message")))) or None
    return named.text("error.type")


def _kept(received: ReceivedSpan) -> dict[str, Attribute]:
    """The attributes as they came, and what came around them."""
    around: dict[str, Attribute] = {
        "otel.kind": received.kind,
        "otel.resource": received.resource,
        "otel.scope": received.scope,
        "otel.events": [
            {"name": event.name, "at_ns": event.at_ns, "attributes": event.attributes} for event in received.events
        ],
        "otel.links": list(received.links),
        "otel.dropped_attributes": received.dropped_attributes,
    }
    return {**received.attributes, **{name: value for name, value in around.items() if value}}


def _vercel_kind(operation: str) -> SpanKind:
    if operation.endswith((".doGenerate", ".doStream")):
        return "llm"
    if operation.endswith(".doEmbed"):
        return "embedding"
    return "tool" if operation == "ai.toolCall" else "chain"


_LATEST_NS = 4_102_444_800 * 10**9  # the year 2100: later than any price list
