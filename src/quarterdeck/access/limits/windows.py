"""When a window begins and ends: calendar time in UTC, so that everyone knows when it starts anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from quarterdeck.access.limits.records import Window
from quarterdeck.core import clock

FOR_EVER_S = 253_402_300_799
"""The end of `total`: the last second of the year 9999."""
_LENGTH_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
LASTING: frozenset[Window] = frozenset({"hour", "day", "week", "month", "total"})
"""Windows so long that a restart must not forget what was used of them."""


def bounds_s(window: Window, now_s: int) -> tuple[int, int]:
    """The first second of the window that holds `now_s`, and the first one after it."""
    length_s = _LENGTH_S.get(window)
    if length_s is not None:
        start_s = now_s - now_s % length_s
        return start_s, start_s + length_s
    if window in ("total", "now"):
        return 0, FOR_EVER_S
    midnight = datetime.fromtimestamp(now_s, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "week":
        start = midnight - timedelta(days=midnight.weekday())
        return int(start.timestamp()), int((start + timedelta(days=7)).timestamp())
    start = midnight.replace(day=1)
    return int(start.timestamp()), int((start + timedelta(days=32)).replace(day=1).timestamp())


def now_s() -> int:
    """This second."""
    return clock.now_ns() // 1_000_000_000


def iso_s(second: int) -> str | None:
    """A bound as the API writes it; None for the bounds of `total`, which has none."""
    return None if second in (0, FOR_EVER_S) else clock.iso_from_ns(second * 1_000_000_000)
