"""The thread that carries spans from the spool to the span store, in batches, and starts over where a crash has cut it off."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future

import msgspec

from quarterdeck.core import clock
from quarterdeck.core.errors import Unavailable
from quarterdeck.core.hashing import sha256
from quarterdeck.observability.meters import Meters
from quarterdeck.observability.span_store import SpanStore, SpoolPosition, Stored
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import Spool

log = logging.getLogger(__name__)

BATCH_EVERY_S = 2.0
BATCH_BYTES = 4 * 1024 * 1024
RETRY_AFTER_S = (0.5, 1.0, 2.0, 5.0)
STOP_WITHIN_S = 5.0


class Carrier:
    """Stores what the spool holds. All it keeps in memory is the batch in its hands."""

    def __init__(self, spool: Spool, store: SpanStore, meters: Meters) -> None:
        self._spool = spool
        self._store = store
        self._meters = meters
        self._decode = msgspec.msgpack.Decoder(list[Span]).decode
        self._lock = threading.Lock()
        self._stored = Stored(SpoolPosition(), received=0, duplicates=0)
        self._pending = 0
        self._waiting: list[tuple[SpoolPosition, Future[None]]] = []
        self._accepted = threading.Event()
        self._hurry = threading.Event()
        self._stopping = threading.Event()
        self._stop_by_ns = 0
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        """Why storing is held up, in the words of the store; None when all is well."""

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def books(self) -> tuple[Stored, int]:
        """What is stored, and how many spans are pending."""
        with self._lock:
            return self._stored, self._pending

    def start(self) -> None:
        """Begin with what the last run has left in the spool. Store and spool are open."""
        self._stored = self._store.stored()
        self._pending = self._spool.count_after(self._stored.until)
        if self._pending:
            log.info("carrier: %d spans of the last run are still to be stored", self._pending)
            self._accepted.set()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._carry, name="span-carrier", daemon=True)
        self._thread.start()

    def expect(self, count: int) -> None:
        """Spans are about to be appended to the spool; a negative count takes that back."""
        with self._lock:
            self._pending += count

    def wake(self) -> None:
        """Spans have been appended: store them within moments."""
        if not self._accepted.is_set():
            self._accepted.set()

    def arrival(self, target: SpoolPosition) -> Future[None] | None:
        """What is done when everything before a position is stored, which hurries now; None when it is stored already."""
        with self._lock:
            if self._stored.until >= target or self._pending == 0:
                return None
            if self.problem is not None:
                raise Unavailable(self.problem)
            arrival: Future[None] = Future()
            self._waiting.append((target, arrival))
        self._hurry.set()
        self._accepted.set()
        return arrival

    def stop(self) -> None:
        """End after storing what is left, or what can be in a few seconds. The spool keeps the rest."""
        self._stop_by_ns = clock.monotonic_ns() + int(STOP_WITHIN_S * 1e9)
        self._stopping.set()
        self._hurry.set()
        self._accepted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _carry(self) -> None:
        """Sleep until there is something, gather for a moment, store it, tell who waits."""
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
            if self._stopping.is_set():
                return

    def _store_all(self) -> None:
        """Store what is there now. What comes meanwhile waits for the next time: many small batches cost far more."""
        end = self._spool.end
        while self._stored.until < end and (not self._stopping.is_set() or clock.monotonic_ns() < self._stop_by_ns):
            batch = self._spool.read(self._stored.until, max_bytes=BATCH_BYTES)
            if batch.until == self._stored.until:
                break
            if batch.damaged:
                log.error("carrier: %d damaged frames of the spool were left out", batch.damaged)
            spans = [span for payload in batch.payloads for span in self._read(payload)]
            self._store.add(spans, batch.until)
            self._note(self._store.stored(), batch.items)
            self._meters.hear(spans)
            self._spool.forget(batch.until)
            if not self._waiting:
                self._store.tidy()

    def _read(self, payload: bytes) -> list[Span]:
        """The spans of a payload. One that another version wrote and we cannot read is set aside, not in the way."""
        try:
            return self._decode(payload)
        except msgspec.MsgspecError as error:
            path = self._spool.folder / f"unread-{sha256(payload)[:16]}.msgpack"
            path.write_bytes(payload)
            log.error("carrier: cannot read spans of the spool (%s); they are set aside in `%s`", error, path)
            return []

    def _note(self, stored: Stored, count: int) -> None:
        with self._lock:
            self._stored = stored
            self._pending -= count
            arrived = [arrival for target, arrival in self._waiting if target <= stored.until]
            self._waiting = [each for each in self._waiting if each[0] > stored.until]
        for arrival in arrived:
            if arrival.set_running_or_notify_cancel():
                arrival.set_result(None)

    def _hold_up(self, error: Exception, failures: int) -> None:
        problem = (
            f"Spans are accepted but cannot be stored: {error}. They are safe in `{self._spool.folder}` and will be "
            "stored when this is mended; check that the disk is not full."
        )
        log.error("carrier: %s", problem, exc_info=failures == 1)
        with self._lock:
            self.problem = problem
            waiting, self._waiting = self._waiting, []
        for _, arrival in waiting:
            if arrival.set_running_or_notify_cancel():
                arrival.set_exception(Unavailable(problem))
        self._stopping.wait(RETRY_AFTER_S[min(failures, len(RETRY_AFTER_S)) - 1])
        self._accepted.set()
