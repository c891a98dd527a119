"""Counts what the data plane does itself: requests by path and status, its own share of their time, and where it goes.

Plain numbers that the event loop adds to; a request pays about a microsecond. Read by whoever exposes metrics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

STAGES = ("read", "admit", "cache", "answer")
"""read: body, parsing, finding the target. admit: limits, guardrails. cache: looking it up. answer: the rest, waiting left out."""
BOUNDS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
_MOST = 1_000


class Counted(msgspec.Struct):
    """The numbers of a process at one moment, as it tells them to another."""

    requests: list[tuple[str, int, int]] = []
    """Path, status, count."""
    overhead_counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    overhead_ns: int = 0
    stage_ns: list[int] = msgspec.field(default_factory=lambda: [0] * len(STAGES))
    staged: int = 0
    in_flight: int = 0
    shed: int = 0


class Traffic:
    """The numbers of one process."""

    others: Callable[[], Iterable[Counted]] = staticmethod(tuple)
    """What other processes of this server have counted."""

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

    def counted(self, *, in_flight: int = 0, shed: int = 0) -> Counted:
        """The numbers now."""
        return Counted(
            [(path, status, count) for (path, status), count in list(self.requests.items())],
            list(self.overhead_counts),
            self.overhead_ns,
            list(self.stage_ns),
            self.staged,
            in_flight,
            shed,
        )


def summed(parts: Iterable[Counted]) -> Counted:
    """Several processes as one."""
    requests: dict[tuple[str, int], int] = defaultdict(int)
    total = Counted()
    for part in parts:
        for path, status, count in part.requests:
            requests[path, status] += count
        total.overhead_counts = [a + b for a, b in zip(total.overhead_counts, part.overhead_counts, strict=True)]
        total.stage_ns = [a + b for a, b in zip(total.stage_ns, part.stage_ns, strict=True)]
        total.overhead_ns += part.overhead_ns
        total.staged += part.staged
        total.in_flight += part.in_flight
        total.shed += part.shed
    total.requests = [(path, status, count) for (path, status), count in requests.items()]
    return total
