"""The numbers of the first page: how much, how fast, how dear, and whether all of it was recorded."""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.core.clock import now_ns
from quarterdeck.observability.filters import within
from quarterdeck.observability.records import Overview
from quarterdeck.observability.traces import caught_up
from quarterdeck.runtime.work import Work

BUCKETS = 48
_LONGEST_HOURS = 24 * 366
_HOUR_NS = 3600 * 10**9


async def last_hours(work: Work, hours: int = 24) -> Overview:
    """The last hours up to now, in 48 steps."""
    within(hours, 1, _LONGEST_HOURS, "hours")
    recorder = await caught_up(work)
    to_ns = now_ns()
    overview = await recorder.ask(
        lambda store: store.overview(
            work.project_id, from_ns=to_ns - hours * _HOUR_NS, to_ns=to_ns + 1, buckets=BUCKETS
        )
    )
    return replace(overview, ledger=recorder.ledger())
