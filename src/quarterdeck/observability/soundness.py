"""What every span must be before it is accepted, so that no span can ever hold up the ones behind it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import msgspec

from quarterdeck.observability.rollup import MOST
from quarterdeck.runtime.tracing import Attribute, Span

_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}")
_NUMBERS = (
    "start_ns",
    "end_ns",
    "first_token_ns",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_pico",
    "provided_cost_pico",
    "saved_pico",
)
_DEEPEST = 64


UNWRITABLE = (ValueError, OverflowError, RecursionError, TypeError)
"""What an encoder raises at a span that must be `mended` first."""


def check(spans: Sequence[Span]) -> tuple[list[Span], list[str]]:
    """The spans that can be kept, and why the others cannot."""
    sound: list[Span] = []
    refusals: list[str] = []
    for span in spans:
        if _is_plain(span) or (refusal := _refusal(span)) is None:
            sound.append(span)
        else:
            refusals.append(refusal)
    return sound, refusals


def mended(span: Span) -> Span:
    """The span with everything that no encoding can carry (half characters, endless nesting, giant numbers) as text."""
    fields = {name: _clean(getattr(span, name), 0) for name in Span.__struct_fields__ if name != "cost_lines"}
    return msgspec.convert({**fields, "cost_lines": span.cost_lines}, Span)


def _is_plain(span: Span) -> bool:
    """Whether a span is sound at a glance, as nearly all are. The others are looked at with care."""
    return (
        0 < span.start_ns <= MOST
        and 0 <= span.end_ns <= MOST
        and 0 <= (span.first_token_ns or 0) <= MOST
        and 0 <= (span.input_tokens or 0) <= MOST
        and 0 <= (span.output_tokens or 0) <= MOST
        and 0 <= (span.cache_read_tokens or 0) <= MOST
        and 0 <= (span.cache_write_tokens or 0) <= MOST
        and 0 <= (span.reasoning_tokens or 0) <= MOST
        and 0 <= (span.cost_pico or 0) <= MOST
        and 0 <= (span.saved_pico or 0) <= MOST
        and _TRACE_ID.fullmatch(span.trace_id) is not None
        and _SPAN_ID.fullmatch(span.span_id) is not None
        and (span.parent_id is None or _SPAN_ID.fullmatch(span.parent_id) is not None)
    )


def _refusal(span: Span) -> str | None:
    if not span.trace_id and not span.span_id:
        return f"`{span.name}` has no ids. Is it a log record? Those have another path."
    if not _TRACE_ID.fullmatch(span.trace_id):
        return f"`{span.name}` has the trace id `{span.trace_id}`; 32 hexadecimal digits, not all zero, are needed."
    if not _SPAN_ID.fullmatch(span.span_id):
        return f"`{span.name}` has the span id `{span.span_id}`; 16 hexadecimal digits, not all zero, are needed."
    if span.parent_id is not None and not _SPAN_ID.fullmatch(span.parent_id):
        return f"`{span.name}` has the parent id `{span.parent_id}`; 16 hexadecimal digits, or none, are needed."
    if span.start_ns == 0:
        return f"`{span.name}` does not say when it started."
    for name in _NUMBERS:
        value = getattr(span, name)
        if value is not None and not 0 <= value <= MOST:
            return f"`{span.name}` has {name} = {value}; a whole number from 0 to 2⁶³ - 1 is needed."
    return None


def _clean(value: Attribute, depth: int) -> Attribute:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= MOST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _DEEPEST:
        return "(nested too deeply)"
    if isinstance(value, list | tuple):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(_clean(str(key), 0)): _clean(item, depth + 1) for key, item in value.items()}
    return str(value)  # type: ignore[unreachable]  # `put` takes any object, whatever the annotation says
