"""Takes finished spans from those who must not wait, and sees to it that each is stored, exactly once.

`accept` writes to the spool and returns; one thread carries batches from the spool to the span store, which keeps the
spans and the position it has come to in one transaction. Nothing is queued in memory.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import msgspec

from quarterdeck.core import clock
from quarterdeck.core.errors import Unavailable
from quarterdeck.observability import soundness
from quarterdeck.observability.records import Ledger, LedgerCheck
from quarterdeck.observability.span_store import SpanStore, SpoolPosition, Stored
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import Spool

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_EVERY_S = 0.2
RETRY_AFTER_S = (0.5, 1.0, 2.0, 5.0)
FRAME_BYTES = 4 * 1024 * 1024
CLOSE_WITHIN_S = 5.0
CHECK_TRIES = 100


class Recorder:
    """The way of a span from the one who made it to the one who reads it."""

    def __init__(self, spool: Spool, store: SpanStore) -> None:
        self._spool = spool
        self._store = store
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Span]).decode
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="span-reader")
        self._carrier: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stored = Stored(SpoolPosition(), received=0, duplicates=0)
        self._pending = 0
        self._rejected = 0
        self._waiting: list[tuple[SpoolPosition, Future[None]]] = []
        self._accepted = threading.Event()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._close_by_ns = 0
        self.problem: str | None = None
        """Why storing is held up, in the words of the store; None when all is well."""

    @property
    def healthy(self) -> bool:
        """Whether spans are being stored. Accepting goes on even when not, as long as there is disk."""
        return self.problem is None and self._carrier is not None and self._carrier.is_alive()

    async def open(self) -> None:
        """Open store and spool, and go on with what a crash has left in between."""
        await asyncio.to_thread(self._open)
        self._closing.clear()
        self._carrier = threading.Thread(target=self._carry, name="span-carrier", daemon=True)
        self._carrier.start()

    def accept(self, spans: Sequence[Span]) -> list[str]:
        """Keep finished spans. When this returns, even `kill -9` loses none; it says why some were rejected, if any.

        When it raises, nothing is promised: send them all again, and those that were kept are kept once.
        """
        sound, refusals = soundness.check(spans)
        for refusal in refusals:
            log.warning("recorder: rejected a span: %s", refusal)
        self.count_rejected(len(refusals))
        if sound:
            for payload, count in self._payloads(sound):
                self._append(payload, count)
            self._accepted.set()
        return refusals

    def count_rejected(self, count: int) -> None:
        """Note that spans were refused before they came here."""
        with self._lock:
            self._rejected += count

    async def flush(self, *, within_s: float | None = None) -> bool:
        """Wait until everything accepted so far can be queried; False when that took longer than `within_s`."""
        target = self._spool.end
        with self._lock:
            if self._stored.until >= target or self._pending == 0:
                return True
            if self.problem is not None:
                raise Unavailable(self.problem)
            stored: Future[None] = Future()
            self._waiting.append((target, stored))
        self._hurry.set()
        self._accepted.set()
        try:
            await asyncio.wait_for(asyncio.wrap_future(stored), within_s)
        except TimeoutError:
            return False
        return True

    async def ask(self, question: Callable[[SpanStore], T]) -> T:
        """Put a question to the store, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, question, self._store)

    def ledger(self) -> Ledger:
        """The books, from memory."""
        with self._lock:
            accepted, stored, pending = self._spool.items, self._stored, self._pending
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
        self._close_by_ns = clock.monotonic_ns() + int(CLOSE_WITHIN_S * 1e9)
        self._closing.set()
        self._hurry.set()
        self._accepted.set()
        if self._carrier is not None:
            await asyncio.to_thread(self._carrier.join)
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._store.close)
        self._spool.close()

    def _open(self) -> None:
        self._store.open()
        self._stored = self._store.stored()
        self._spool.open(after=self._stored.until, items=self._stored.received)
        self._pending = self._spool.count_after(self._stored.until)
        if self._pending:
            log.info("recorder: %d spans of the last run are still to be stored", self._pending)
            self._accepted.set()

    def _append(self, payload: bytes, count: int) -> None:
        with self._lock:
            self._pending += count
        try:
            self._spool.append(payload, count=count)
        except Unavailable:
            with self._lock:
                self._pending -= count
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

    def _carry(self) -> None:
        """The carrier's life: sleep until there is something, gather for a moment, store it, tell who waits."""
        failures = 0
        while True:
            self._accepted.wait()
            self._hurry.wait(BATCH_EVERY_S)
            self._hurry.clear()
            self._accepted.clear()
            try:
                if failures:
                    self._store.open()
                self._store_all()
                self.problem, failures = None, 0
            except Exception as error:  # noqa: BLE001  # whatever it is, the spans are safe in the spool: say so, try again
                failures += 1
                self._hold_up(error, failures)
            if self._closing.is_set():
                return

    def _store_all(self) -> None:
        while not self._closing.is_set() or clock.monotonic_ns() < self._close_by_ns:
            batch = self._spool.read(self._stored.until, max_bytes=FRAME_BYTES)
            if batch.until == self._stored.until:
                break
            spans = [span for payload in batch.payloads for span in self._decode(payload)]
            self._store.add(spans, batch.until)
            with self._lock:
                self._stored = self._store.stored()
                self._pending -= len(spans)
                done = [each for each in self._waiting if each[0] <= batch.until]
                self._waiting = [each for each in self._waiting if each[0] > batch.until]
            for _, stored in done:
                _resolve(stored)
            if batch.damaged:
                log.error("recorder: %d damaged frames of the spool were left out", batch.damaged)
            self._spool.forget(batch.until)
            if not self._waiting:
                self._store.tidy()

    def _hold_up(self, error: Exception, failures: int) -> None:
        self.problem = (
            f"Spans are accepted but cannot be stored: {error}. They are safe in `{self._spool.folder}` and will be "
            "stored when this is mended; check that the disk is not full."
        )
        log.error("recorder: %s", self.problem, exc_info=failures == 1)
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for _, stored in waiting:
            _resolve(stored, Unavailable(self.problem))
        self._closing.wait(RETRY_AFTER_S[min(failures, len(RETRY_AFTER_S)) - 1])
        self._accepted.set()

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
            problem = f"{accepted} spans were accepted, but {before.received} stored and {pending} are in the spool."
        elif rows != before.received - before.duplicates:
            problem = f"{before.received - before.duplicates} spans were stored, but {rows} are in the span store."
        return LedgerCheck(ledger, balanced=problem is None, problem=problem)


def _resolve(waiting: Future[None], error: Exception | None = None) -> None:
    """Wake one who waits, unless they have gone."""
    if not waiting.set_running_or_notify_cancel():
        return
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(error)
