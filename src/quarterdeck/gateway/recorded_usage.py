"""How usage is kept on a span: the common counts in columns, rare ones as an attribute; and read from it to price it anew."""

from __future__ import annotations

import msgspec

from quarterdeck.gateway.conversation import Usage
from quarterdeck.runtime.tracing import Attribute, Span

MORE_USAGE = "quarterdeck.usage"
"""The attribute with the counts that have no column."""
SERVICE_TIER = "quarterdeck.service_tier"
"""The attribute with the tier, where it is not the standard one."""
STANDARD_TIERS = {"default", "standard", "auto", "on_demand"}
_COLUMNS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_ELSEWHERE = {*_COLUMNS, "estimated", "provided_pico"}
_RARE = tuple(name for name in Usage.__struct_fields__ if name not in _ELSEWHERE)


def beyond_columns(usage: Usage) -> dict[str, Attribute]:
    """The counts of a call that have no column: nearly always none."""
    found: dict[str, Attribute] = {name: count for name in _RARE if (count := getattr(usage, name))}
    if usage.units:
        found["units"] = [[unit, count] for unit, count in usage.units]
    return found


def usage_of(span: Span) -> Usage | None:
    """The usage that a span tells; None when it tells none."""
    if span.input_tokens is None and span.output_tokens is None:
        return None
    columns = {name: getattr(span, name) or 0 for name in _COLUMNS}
    more = span.attributes.get(MORE_USAGE)
    told = {name: value for name, value in more.items() if name in _RARE} if isinstance(more, dict) else {}
    try:
        usage = msgspec.convert({**columns, **told}, Usage)
    except msgspec.ValidationError:
        usage = msgspec.convert(columns, Usage)
    return msgspec.structs.replace(usage, provided_pico=span.provided_cost_pico, estimated=span.usage_estimated)


def service_tier_of(span: Span) -> str | None:
    """The tier in which a call was served."""
    tier = span.attributes.get(SERVICE_TIER) or span.attributes.get("openai.response.service_tier")
    return tier if isinstance(tier, str) else None
