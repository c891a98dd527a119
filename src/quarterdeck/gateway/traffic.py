"""Counts what the data plane does itself: requests by path and status, its own share of their time, and where it goes.

Plain numbers that the event loop adds to; a request pays about a microsecond. Read by whoever exposes metrics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

STAGES = ("read", "admit", "cache", "answer")
"""read: body, parsing, finding the target. admit: limits, guardrails. cache: looking it up. answer: the rest, waiting left out."""
BOUNDS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
_MOST = 1_000


class Traffic:
    """The numbers of one process."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = defaultdict(int)
        self.overhead_counts = [0] * (len(BOUNDS_S) + 1)
        self.overhead_ns = 0
        self.stage_ns = [0] * len(STAGES)
        self.staged = 0

    def answered(self, path: str, status: int) -> None:
        """A request was answered; 499 means that its client had gone."""
        key = (path, status)
        if key in self.requests or len(self.requests) < _MOST:
            self.requests[key] += 1

    def overhead(self, overhead_ns: int) -> None:
        """What an answer took of our time, up to its headers."""
        self.overhead_ns += overhead_ns
        self.overhead_counts[bisect_left(BOUNDS_S, overhead_ns / 1e9)] += 1

    def stages(self, understood_ns: int, let_in_ns: int, looked_up_ns: int, answered_ns: int) -> None:
        """How far a request had come when, since it came in; waiting for others left out."""
        self.staged += 1
        spent = self.stage_ns
        spent[0] += understood_ns
        spent[1] += let_in_ns - understood_ns
        spent[2] += looked_up_ns - let_in_ns
        spent[3] += answered_ns - looked_up_ns
