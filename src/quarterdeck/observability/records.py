"""The nouns of observability: what a list, a page and the overview show of traces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from quarterdeck.runtime.tracing import SpanKind


@dataclass(frozen=True)
class TraceFilter:
    """Which traces. Unset means any; times are epoch nanoseconds."""

    project_id: str
    q: str | None = None
    """Text that occurs in the name, the input or the output."""
    status: str | None = None
    model: str | None = None
    app: str | None = None
    release_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    service: str | None = None
    team: str | None = None
    environment: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    api_key_id: str | None = None
    tags: tuple[str, ...] = ()
    """All of them."""
    metadata: tuple[tuple[str, str], ...] = ()
    """Labels with their values, all of them."""
    min_latency_ms: float | None = None
    min_cost_usd: float | None = None
    cached: bool | None = None
    from_ns: int | None = None
    to_ns: int | None = None


@dataclass(frozen=True)
class TraceSummary:
    """One row of the trace list: the root span, with the sums of the spans below it."""

    trace_id: str
    name: str
    started_at: str
    latency_ms: float
    ttft_ms: float | None
    status: str
    app: str | None
    model: str | None
    provider: str | None
    release_id: str | None
    service: str | None
    user_id: str | None
    session_id: str | None
    spans: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    unpriced: bool
    cached: bool
    input_preview: str
    output_preview: str
    declined: bool | None
    team: str | None = None
    environment: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    api_key_id: str | None = None


@dataclass(frozen=True)
class TracePage:
    """A page of the trace list."""

    items: list[TraceSummary]
    next_cursor: str | None
    matched: int
    """How many traces match the filter, on all pages."""
    total: int
    """How many traces the project has."""


@dataclass(frozen=True)
class CostLineDetail:
    """One line of a bill."""

    unit: str
    quantity: int
    price_usd_per_million: float
    usd: float


@dataclass(frozen=True)
class SpanDetail:
    """A span of an opened trace, with all that is known of it."""

    span_id: str
    parent_id: str | None
    name: str
    kind: SpanKind
    started_at: str
    offset_ms: float
    """From the start of the trace's first span."""
    latency_ms: float
    ttft_ms: float | None
    status: str
    status_message: str | None
    service: str | None
    app: str | None
    model: str | None
    provider: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    cost_usd: float | None
    cost_lines: list[CostLineDetail]
    price_id: str | None
    """The row of prices that the bill was made by."""
    provided_cost_usd: float | None
    """What the provider itself says that the call costs."""
    unpriced: bool
    cached: bool
    release_id: str | None
    user_id: str | None
    session_id: str | None
    team: str | None
    environment: str | None
    prompt: str | None
    prompt_version: str | None
    tags: list[str]
    metadata: dict[str, str]
    attributes: dict[str, Any]  # Any: OpenTelemetry attributes, as they came
    input: Any  # Any: messages, a text, arguments: whatever was asked
    output: Any


@dataclass(frozen=True)
class TraceDetail:
    """A trace, opened."""

    trace: TraceSummary
    spans: list[SpanDetail]


@dataclass(frozen=True)
class HistogramBucket:
    at: str
    ok: int
    error: int


@dataclass(frozen=True)
class Histogram:
    """Traces by time."""

    bucket_s: float
    buckets: list[HistogramBucket]


@dataclass(frozen=True)
class Percentiles:
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True)
class TokenSums:
    input: int = 0
    output: int = 0


@dataclass(frozen=True)
class CacheSavings:
    hits: int = 0
    saved_usd: float = 0.0
    saved_ms: float = 0.0
    hit_rate: float | None = None


@dataclass(frozen=True)
class SeriesPoint:
    at: str
    requests: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    cost_usd: float


@dataclass(frozen=True)
class ModelRow:
    model: str
    requests: int
    cost_usd: float | None
    p95_ms: float | None


@dataclass(frozen=True)
class AppRow:
    app: str
    requests: int
    declined: int
    p95_ms: float | None


@dataclass(frozen=True)
class Ledger:
    """Spans accepted must equal spans stored plus spans pending, across restarts and crashes.

    `stored` counts a span that was sent twice twice, and keeps it once: `duplicates` says how often. A `rejected` span
    was never accepted; it is counted since the start, and the log says why. `lost` is what the sum lacks: 0, or a fault.
    """

    accepted: int = 0
    stored: int = 0
    pending: int = 0
    rejected: int = 0
    duplicates: int = 0
    lost: int = 0


@dataclass(frozen=True)
class LedgerCheck:
    """The ledger, counted again on the disk: every frame in the spool, every row in the store."""

    ledger: Ledger
    balanced: bool
    problem: str | None = None
    """What does not add up, and what to do about it."""


@dataclass(frozen=True)
class Overview:
    """The numbers of the first page, over a stretch of time."""

    from_: Annotated[str, Field(serialization_alias="from")]  # `from` is a word of Python
    to: str
    bucket_s: float
    requests: int
    errors: int
    latency_ms: Percentiles
    ttft_ms: Percentiles
    cost_usd: float
    unpriced_requests: int
    tokens: TokenSums
    cache: CacheSavings
    series: list[SeriesPoint] = field(default_factory=list)
    by_model: list[ModelRow] = field(default_factory=list)
    by_app: list[AppRow] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
