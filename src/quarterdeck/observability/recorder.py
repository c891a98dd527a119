"""Takes finished spans from those who must not wait, and sees to it that each is stored, exactly once.

`accept` writes to the spool and returns; the carrier brings batches from the spool to the span store, which keeps the
spans and the position it has come to in one transaction. Nothing is queued in memory.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from quarterdeck.core.errors import Unavailable
from quarterdeck.observability import soundness
from quarterdeck.observability.carrier import Carrier
from quarterdeck.observability.meters import Meters
from quarterdeck.observability.records import Ledger, LedgerCheck
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import Spool

log = logging.getLogger(__name__)

T = TypeVar("T")

FRAME_BYTES = 4 * 1024 * 1024
CHECK_TRIES = 100


class Recorder:
    """The way of a span from the one who made it to the one who reads it."""

    def __init__(self, spool: Spool, store: SpanStore) -> None:
        self._spool = spool
        self._store = store
        self.meters = Meters()
        """What the spans that were stored tell, counted."""
        self._carrier = Carrier(spool, store, self.meters)
        self._encode = msgspec.msgpack.Encoder().encode
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="span-reader")
        self._lock = threading.Lock()
        self._rejected = 0

    @property
    def problem(self) -> str | None:
        """Why storing is held up; None when all is well."""
        return self._carrier.problem

    @property
    def healthy(self) -> bool:
        """Whether spans are being stored. Accepting goes on even when not, as long as there is disk."""
        return self._carrier.is_alive and self.problem is None

    async def open(self) -> None:
        """Open store and spool, and go on with what a crash has left in between."""
        await asyncio.to_thread(self._open)

    def accept(self, spans: Sequence[Span]) -> list[str]:
        """Keep finished spans. When this returns, even `kill -9` loses none; it says why some were rejected, if any.

        When it raises, nothing is promised: send them all again, and those that were kept are kept once.
        """
        sound, refusals = soundness.check(spans)
        for refusal in refusals:
            log.warning("recorder: rejected a span: %s", refusal)
        if refusals:
            self.count_rejected(len(refusals))
        if sound:
            for payload, count in self._payloads(sound):
                self._append(payload, count)
            self._carrier.wake()
        return refusals

    def count_rejected(self, count: int) -> None:
        """Note that spans were refused before they came here."""
        with self._lock:
            self._rejected += count

    async def flush(self, *, within_s: float | None = None) -> bool:
        """Wait until everything accepted so far can be queried; False when that took longer than `within_s`."""
        arrival = self._carrier.arrival(self._spool.end)
        if arrival is not None:
            try:
                await asyncio.wait_for(asyncio.wrap_future(arrival), within_s)
            except TimeoutError:
                return False
        return True

    async def ask(self, question: Callable[[SpanStore], T]) -> T:
        """Put a question to the store, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, question, self._store)

    def ledger(self) -> Ledger:
        """The books, from memory."""
        accepted = self._spool.items
        stored, pending = self._carrier.books()
        return Ledger(
            accepted=accepted,
            stored=stored.received,
            pending=pending,
            rejected=self._rejected,
            duplicates=stored.duplicates,
            lost=accepted - stored.received - pending,
        )

    async def check(self) -> LedgerCheck:
        """The books, counted again on the disk, span by span. For `doctor` and tests."""
        return await asyncio.to_thread(self._check)

    async def close(self) -> None:
        """Store what is left, if that is quick, and let go of the files. What remains, the next `open` stores."""
        await asyncio.to_thread(self._close)

    def _open(self) -> None:
        self._store.open()
        stored = self._store.stored()
        self._spool.open(after=stored.until, items=stored.received)
        self._carrier.start()

    def _close(self) -> None:
        self._carrier.stop()
        self._readers.shutdown()
        self._store.close()
        self._spool.close()

    def _append(self, payload: bytes, count: int) -> None:
        self._carrier.expect(count)
        try:
            self._spool.append(payload, count=count)
        except Unavailable:
            self._carrier.expect(-count)
            raise

    def _payloads(self, spans: Sequence[Span]) -> list[tuple[bytes, int]]:
        """Spans as frames of the spool: mostly one, more when they are large."""
        try:
            payload = self._encode(spans)
        except soundness.UNWRITABLE:
            spans = [soundness.mended(span) for span in spans]
            payload = self._encode(spans)
        if len(payload) <= FRAME_BYTES or len(spans) == 1:
            return [(payload, len(spans))]
        middle = len(spans) // 2
        return self._payloads(spans[:middle]) + self._payloads(spans[middle:])

    def _check(self) -> LedgerCheck:
        for _ in range(CHECK_TRIES):
            before, accepted = self._store.stored(), self._spool.items
            try:
                pending, rows = self._spool.count_after(before.until), self._store.spans_stored()
            except FileNotFoundError:  # stored and deleted while we were counting
                continue
            if self._store.stored() == before and self._spool.items == accepted:
                break
        else:
            raise Unavailable("Spans come in too fast to be counted. Try again when there is less to do.")
        lost = accepted - before.received - pending
        ledger = Ledger(accepted, before.received, pending, self._rejected, before.duplicates, lost)
        problem = None
        if lost:
            problem = f"{accepted} spans were accepted, but {before.received} stored and {pending} are in the spool. "
            problem += f"The log may say why; files named `unread-…` in `{self._spool.folder}` are spans set aside."
        elif rows != before.received - before.duplicates:
            problem = f"{before.received - before.duplicates} spans were stored, but {rows} are in the span store."
        return LedgerCheck(ledger, balanced=problem is None, problem=problem)
