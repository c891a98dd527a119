"""Traces, listed, counted over time, and opened. What was accepted before the question is in the answer."""

from __future__ import annotations

import asyncio
import logging
import re

from quarterdeck.core.clock import iso_from_ns
from quarterdeck.core.errors import InvalidInput, NotFound, Unavailable
from quarterdeck.core.money import to_usd
from quarterdeck.core.paging import decode_cursor, encode_cursor
from quarterdeck.observability.filters import MOST_AT_ONCE, within
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import (
    CostLineDetail,
    Histogram,
    SpanDetail,
    TraceDetail,
    TraceFilter,
    TracePage,
)
from quarterdeck.observability.span_store import TraceKey
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 2.0
"""How long a question waits for spans that are still on their way to the store."""
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


async def find(work: Work, where: TraceFilter, *, limit: int = 50, cursor: str | None = None) -> TracePage:
    """A page of the trace list, newest first, with how many traces match and how many there are."""
    within(limit, 1, MOST_AT_ONCE, "limit")
    after = _key(cursor) if cursor else None
    recorder = await caught_up(work)
    everything = TraceFilter(where.project_id)
    (items, more), total = await asyncio.gather(
        recorder.ask(lambda store: store.traces(where, limit=limit, after=after)),
        recorder.ask(lambda store: store.count(everything)),
    )
    if where == everything:
        matched = total
    elif after is None and more is None:
        matched = len(items)
    else:
        matched = await recorder.ask(lambda store: store.count(where))
    return TracePage(items, encode_cursor(*more) if more else None, matched, total)


async def histogram(work: Work, where: TraceFilter, *, buckets: int = 60) -> Histogram:
    """The traces that match, by time."""
    within(buckets, 1, MOST_AT_ONCE, "buckets")
    recorder = await caught_up(work)
    return await recorder.ask(lambda store: store.histogram(where, buckets=buckets))


async def get(work: Work, trace_id: str) -> TraceDetail:
    """One trace with all its spans, in order of start."""
    trace_id = trace_id.lower()
    if not _TRACE_ID.fullmatch(trace_id):
        raise NotFound(f"No trace has the id `{trace_id}`: trace ids are 32 hexadecimal digits.")
    recorder = await caught_up(work)
    summary, spans = await asyncio.gather(
        recorder.ask(lambda store: store.summary(work.project_id, trace_id)),
        recorder.ask(lambda store: store.trace(work.project_id, trace_id)),
    )
    if summary is None or not spans:
        if recorder.ledger().pending:
            raise Unavailable(f"The trace `{trace_id}` is not here yet: spans are still being stored. Try again soon.")
        raise NotFound(f"No trace of this project has the id `{trace_id}`.")
    first_ns = spans[0].start_ns
    return TraceDetail(trace=summary, spans=[_detail(span, first_ns) for span in spans])


async def caught_up(work: Work) -> Recorder:
    """The recorder, once everything accepted so far can be found. When storing is held up, what there is must do."""
    recorder = work.part(Recorder)
    try:
        await recorder.flush(within_s=LONGEST_WAIT_S)
    except Unavailable as error:
        log.warning("traces: answering from what is stored. %s", error.message)
    return recorder


def _key(cursor: str) -> TraceKey:
    match decode_cursor(cursor):
        case [int(start_ns), str(trace_id)] if _TRACE_ID.fullmatch(trace_id):
            return start_ns, trace_id
    raise InvalidInput("`cursor` is not one of this list. Start again without it.", param="cursor")


def _detail(span: Span, first_ns: int) -> SpanDetail:
    return SpanDetail(
        span_id=span.span_id,
        parent_id=span.parent_id,
        name=span.name,
        kind=span.kind,
        started_at=iso_from_ns(span.start_ns),
        offset_ms=(span.start_ns - first_ns) / 1e6,
        latency_ms=(span.end_ns - span.start_ns) / 1e6,
        ttft_ms=None if span.first_token_ns is None else (span.first_token_ns - span.start_ns) / 1e6,
        status=span.status,
        status_message=span.status_message,
        service=span.service,
        app=span.app,
        model=span.model,
        provider=span.provider,
        input_tokens=span.input_tokens,
        output_tokens=span.output_tokens,
        cache_read_tokens=span.cache_read_tokens,
        cache_write_tokens=span.cache_write_tokens,
        reasoning_tokens=span.reasoning_tokens,
        usage_estimated=span.usage_estimated,
        cost_usd=to_usd(span.cost_pico),
        cost_lines=[
            CostLineDetail(
                unit=line.unit,
                quantity=line.quantity,
                # Pico-dollars a token are millionths of a dollar a million tokens.
                price_usd_per_million=line.price_pico / 1e6,
                usd=line.cost_pico / 1e12,
            )
            for line in span.cost_lines
        ],
        price_id=span.price_id,
        provided_cost_usd=to_usd(span.provided_cost_pico),
        unpriced=span.unpriced,
        cached=span.cached,
        release_id=span.release_id,
        user_id=span.user_id,
        session_id=span.session_id,
        team=span.team,
        environment=span.environment,
        prompt=span.prompt,
        prompt_version=span.prompt_version,
        tags=list(span.tags),
        metadata=span.metadata,
        attributes=span.attributes,
        input=span.input,
        output=span.output,
    )
