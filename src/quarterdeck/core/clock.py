"""The one place that reads the time, so that tests can hold it still and formats never differ."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, in UTC."""
    return datetime.now(UTC)


def now_ns() -> int:
    """Nanoseconds since 1970-01-01 UTC, the time unit of spans."""
    return time.time_ns()


def monotonic_ns() -> int:
    """Nanoseconds of a clock that never jumps: for durations only."""
    return time.perf_counter_ns()


def iso(moment: datetime) -> str:
    """A moment as the API writes it: `2026-11-02T08:30:00.123456Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def iso_from_ns(nanoseconds: int) -> str:
    """Epoch nanoseconds as the API writes a moment."""
    return iso(datetime.fromtimestamp(nanoseconds / 1e9, UTC))
