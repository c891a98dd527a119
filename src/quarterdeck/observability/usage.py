"""Tokens and cost of a received span, from the one convention it follows: two conventions are never mixed."""

from __future__ import annotations

from quarterdeck.observability.naming import Named
from quarterdeck.observability.pricing import TokenUsage
from quarterdeck.runtime.tracing import Attribute

_CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.input_cached_tokens",
)
_CACHE_WRITE = (
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.details.cache_write_tokens",
)
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",
)
_CONVENTIONS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("gen_ai.usage.input_tokens",), ("gen_ai.usage.output_tokens",), _CACHE_READ, _CACHE_WRITE, _REASONING),
    (
        ("llm.token_count.prompt",),
        ("llm.token_count.completion",),
        ("llm.token_count.prompt_details.cache_read",),
        ("llm.token_count.prompt_details.cache_write",),
        ("llm.token_count.completion_details.reasoning",),
    ),
    (
        ("gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
        ("gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
        _CACHE_READ,
        _CACHE_WRITE,
        _REASONING,
    ),
    (
        ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
        ("ai.usage.outputTokens", "ai.usage.completionTokens"),
        ("ai.usage.cachedInputTokens",),
        (),
        ("ai.usage.reasoningTokens",),
    ),
)


def tokens_of(named: Named) -> TokenUsage | None:
    """What a span says it took, inclusive as we count; None when it does not say."""
    told = _langfuse(named) or _mlflow(named)
    if told is not None:
        return told
    for of_input, of_output, of_cache_read, of_cache_write, of_reasoning in _CONVENTIONS:
        if named.count(*of_input, *of_output) is not None:
            return _inclusive(
                TokenUsage(
                    input=named.count(*of_input) or 0,
                    output=named.count(*of_output) or 0,
                    cache_read=named.count(*of_cache_read) or 0,
                    cache_write=named.count(*of_cache_write) or 0,
                    reasoning=named.count(*of_reasoning) or 0,
                )
            )
    return None


def cost_usd(named: Named) -> float | None:
    """The cost that a span gives itself."""
    details = named.parsed("langfuse.observation.cost_details")
    if isinstance(details, dict) and (total := _total(details)) is not None:
        return total
    of_mlflow = named.parsed("mlflow.llm.cost")
    if isinstance(of_mlflow, dict) and (total := Named(of_mlflow).number("total_cost")) is not None:
        return total if total >= 0 else None
    cost = named.number("gen_ai.usage.cost", "operation.cost", "llm.cost.total")
    return cost if cost is not None and cost >= 0 else None


def _inclusive(told: TokenUsage) -> TokenUsage:
    """More cached than input means that the maker counts cached tokens apart (Bedrock, raw Anthropic): add them."""
    cached = told.cache_read + told.cache_write
    return told._replace(input=told.input + cached) if cached > told.input else told


def _langfuse(named: Named) -> TokenUsage | None:
    """Langfuse's buckets do not overlap: input and output are what is left beside the others."""
    details = named.parsed("langfuse.observation.usage_details")
    if not isinstance(details, dict):
        return None
    buckets = Named(details)
    if buckets.count("input", "output", "prompt_tokens", "completion_tokens") is None:
        return None
    counts = {name: buckets.count(name) or 0 for name in details}
    cache_write = sum(count for name, count in counts.items() if name.startswith("input_cache_creation"))
    cache_read = counts.get("input_cached_tokens", 0) + counts.get("input_cache_read", 0)
    reasoning = counts.get("output_reasoning_tokens", 0) + counts.get("output_reasoning", 0)
    return TokenUsage(
        input=sum(count for name, count in counts.items() if name.startswith(("input", "prompt_tokens"))),
        output=sum(count for name, count in counts.items() if name.startswith(("output", "completion_tokens"))),
        cache_read=cache_read,
        cache_write=cache_write,
        reasoning=reasoning,
    )


def _mlflow(named: Named) -> TokenUsage | None:
    told = named.parsed("mlflow.chat.tokenUsage")
    if not isinstance(told, dict):
        return None
    counts = Named(told)
    if counts.count("input_tokens", "output_tokens") is None:
        return None
    return _inclusive(
        TokenUsage(
            input=counts.count("input_tokens") or 0,
            output=counts.count("output_tokens") or 0,
            cache_read=counts.count("cache_read_input_tokens") or 0,
            cache_write=counts.count("cache_creation_input_tokens") or 0,
        )
    )


def _total(details: dict[str, Attribute]) -> float | None:
    costs = Named(details)
    total = costs.number("total")
    if total is None:
        parts = [part for name in details if (part := costs.number(name)) is not None]
        total = sum(parts) if parts else None
    return total if total is not None and total >= 0 else None
