"""The contract of a span store: where finished spans are kept and asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.observability.records import Histogram, Overview, TraceFilter, TraceSummary
from quarterdeck.runtime.tracing import Span


@dataclass(frozen=True, order=True)
class SpoolPosition:
    """A place in the spool: everything before it is stored."""

    segment: int = 0
    offset: int = 0


class SpanStore(ABC):
    """Keeps spans. All methods block: call them through `recorder`, which owns the threads."""

    @abstractmethod
    def open(self) -> None:
        """Make ready, creating what is missing."""

    @abstractmethod
    def close(self) -> None:
        """Write what is pending and let go of the files."""

    @abstractmethod
    def stored_until(self) -> SpoolPosition:
        """How far the spool has been stored."""

    @abstractmethod
    def add(self, spans: Sequence[Span], until: SpoolPosition) -> int:
        """Store spans and the new position in one transaction; spans already there are skipped. Returns how many are new."""

    @abstractmethod
    def traces(self, where: TraceFilter, *, limit: int, after: tuple[int, str] | None) -> list[TraceSummary]:
        """Newest first, from below the key `(start_ns, trace_id)`."""

    @abstractmethod
    def count(self, where: TraceFilter) -> int:
        """How many traces match."""

    @abstractmethod
    def trace(self, project_id: str, trace_id: str) -> list[Span]:
        """All spans of a trace, in order of start; empty when unknown."""

    @abstractmethod
    def histogram(self, where: TraceFilter, *, buckets: int) -> Histogram:
        """Traces by time, errors apart."""

    @abstractmethod
    def overview(self, project_id: str, *, from_ns: int, to_ns: int, buckets: int) -> Overview:
        """The numbers of the first page."""

    @abstractmethod
    def spans_stored(self) -> int:
        """How many spans are kept in all: one side of the ledger."""
