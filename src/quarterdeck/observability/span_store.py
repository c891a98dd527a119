"""The contract of a span store: where finished spans are kept and asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.observability.records import Histogram, Overview, TraceFilter, TraceSummary
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import SpoolPosition

__all__ = ["SpanStore", "SpoolPosition", "Stored", "TraceKey"]

TraceKey = tuple[int, str]
"""Where a trace stands in the list: its start, then its id."""


@dataclass(frozen=True)
class Stored:
    """How far a store has come with the spool. `received` spans are kept, or were `duplicates` of kept ones."""

    until: SpoolPosition
    received: int
    duplicates: int


class SpanStore(ABC):
    """Keeps spans. All methods block: call them through `Recorder`, which owns the threads.

    One thread adds; any number may ask at the same time, and sees whole batches only.
    """

    @abstractmethod
    def open(self) -> None:
        """Make ready, creating what is missing. May be called again after `close`, or after a failed `add`."""

    @abstractmethod
    def close(self) -> None:
        """Write what is pending and let go of the files."""

    @abstractmethod
    def stored(self) -> Stored:
        """How far the spool has been stored."""

    @abstractmethod
    def add(self, spans: Sequence[Span], until: SpoolPosition) -> int:
        """Store spans and the new position in one transaction; spans already there (same project, trace and span id)
        are skipped. Returns how many are new."""

    @abstractmethod
    def tidy(self) -> None:
        """Housekeeping that would make an `add` slow. Called when nobody waits."""

    @abstractmethod
    def traces(
        self, where: TraceFilter, *, limit: int, after: TraceKey | None
    ) -> tuple[list[TraceSummary], TraceKey | None]:
        """A page of the list, newest first, from below a key; and the key to go on from, None on the last page."""

    @abstractmethod
    def count(self, where: TraceFilter) -> int:
        """How many traces match."""

    @abstractmethod
    def summary(self, project_id: str, trace_id: str) -> TraceSummary | None:
        """One row of the trace list; None when unknown."""

    @abstractmethod
    def trace(self, project_id: str, trace_id: str) -> list[Span]:
        """All spans of a trace, in order of start; empty when unknown."""

    @abstractmethod
    def histogram(self, where: TraceFilter, *, buckets: int) -> Histogram:
        """Traces by time, errors apart. An open end of the time window is the first or last match."""

    @abstractmethod
    def overview(self, project_id: str, *, from_ns: int, to_ns: int, buckets: int) -> Overview:
        """The numbers of the first page."""

    @abstractmethod
    def spans_stored(self) -> int:
        """How many spans are kept in all, counted: `stored().received - stored().duplicates`, or something is wrong."""
