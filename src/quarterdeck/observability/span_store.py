"""The contract of a span store: where finished spans are kept and asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.observability.records import Histogram, Overview, TraceFilter, TraceSummary
from quarterdeck.observability.spending.records import (
    CorrectedBill,
    Correction,
    Dimension,
    SavingsRow,
    SpendFilter,
    SpendRow,
    UnpricedModel,
)
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import SpoolPosition

__all__ = ["CallKey", "SpanStore", "SpoolPosition", "Stored", "TraceKey"]

TraceKey = tuple[int, str]
"""Where a trace stands in the list: its start, then its id."""

CallKey = tuple[int, str, str]
"""Where a call stands among all: its start, its trace, its span."""


@dataclass(frozen=True)
class Stored:
    """How far a store has come with the spool. `received` spans are kept, or were `duplicates` of kept ones."""

    until: SpoolPosition
    received: int
    duplicates: int


class SpanStore(ABC):
    """Keeps spans. All methods block: call them through `Recorder`, which owns the threads.

    One thread adds, and perhaps another one corrects bills; any number may ask at the same time, and sees whole batches only.
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
    def spend(
        self, where: SpendFilter, *, by: Dimension | None, step_ns: int, apart: Sequence[str] | None = None
    ) -> list[SpendRow]:
        """What calls took and cost, by group and by stretch of time, in order of time.

        Groups that are not among those to be told `apart`, if any are named, are summed up as `REST`.
        """

    @abstractmethod
    def savings(self, where: SpendFilter) -> SavingsRow:
        """What answers from caches have saved."""

    @abstractmethod
    def unpriced_models(self, project_id: str, *, from_ns: int) -> list[UnpricedModel]:
        """Models that were called and had no price, the most called first."""

    @abstractmethod
    def paid_calls(self, project_id: str, *, from_ns: int, after: CallKey | None, limit: int) -> list[Span]:
        """Calls that used something, in order of `CallKey`, from behind a key: with what a bill needs, without payloads."""

    @abstractmethod
    def correct_bills(self, project_id: str, run_id: str, corrections: Sequence[Correction]) -> None:
        """Put right bills in place of old ones, keep those, and correct all sums: in one transaction."""

    @abstractmethod
    def corrections_of(self, project_id: str, run_id: str) -> tuple[int, int]:
        """How many bills a run has corrected, and by how many pico-dollars in all."""

    @abstractmethod
    def corrected_bills(self, project_id: str, trace_id: str) -> list[CorrectedBill]:
        """The bills of a trace that were corrected: what they were, and what they became."""

    @abstractmethod
    def spans_stored(self) -> int:
        """How many spans are kept in all, counted: `stored().received - stored().duplicates`, or something is wrong."""
