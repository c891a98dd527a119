"""Makes counters outlive their process: each reservation and each settlement is appended before anything else happens.

An append is one write, which `kill -9` does not take back. Every few seconds the sums are kept in the database together
with the place in the journal until which they hold, and the journal behind it is dropped. At the next start the sums are
read and the rest of the journal is added. A lease that was opened and never closed is charged as it was reserved.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from quarterdeck.access.limits import store
from quarterdeck.access.limits.counters import Claim
from quarterdeck.core.errors import Unavailable
from quarterdeck.storage.database import Database
from quarterdeck.storage.spool import Spool, SpoolPosition

log = logging.getLogger(__name__)


class Opened(msgspec.Struct, frozen=True, array_like=True, tag="o"):
    """A lease was granted."""

    lease: str
    claims: Sequence[Claim]


class Closed(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A lease was ended; how much each counter has grown by it."""

    lease: str
    grown: Sequence[tuple[str, int, int]]
    """Key, difference, end of the window."""


_ENTRY = msgspec.msgpack.Decoder(Opened | Closed)
_ENCODER = msgspec.msgpack.Encoder()


class Journal:
    """The log of the counters of one process."""

    def __init__(self, spool: Spool, database: Database) -> None:
        self._spool = spool
        self._database = database

    @property
    def end(self) -> SpoolPosition:
        """The place until which everything has been said."""
        return self._spool.end

    async def open(self) -> tuple[dict[str, tuple[int, int]], dict[str, Sequence[Claim]]]:
        """The sums of all that was ever said, and the leases that nobody has closed."""
        kept = await store.balance(self._database)
        self._spool.open(after=kept.until)
        counters, leases = dict(kept.counters), dict(kept.leases)
        position, entries = kept.until, 0
        while True:
            batch = self._spool.read(position)
            for payload in batch.payloads:
                _add(_ENTRY.decode(payload), counters, leases)
            entries += len(batch.payloads)
            if batch.until == position or not batch.payloads:
                break
            position = batch.until
        if entries:
            log.info("limits: %d entries of the journal were added to what was known", entries)
        return counters, leases

    def opened(self, lease: str, claims: Sequence[Claim]) -> None:
        """Note a lease. Raises when it cannot be noted: then it must not be granted."""
        self._spool.append(_ENCODER.encode(Opened(lease, claims)))

    def closed(self, lease: str, grown: Sequence[tuple[str, int, int]]) -> None:
        """Note its end. A full disk does not undo what was used: the sums carry it to the next checkpoint."""
        try:
            self._spool.append(_ENCODER.encode(Closed(lease, grown)))
        except Unavailable as error:
            log.error("limits: the end of a lease could not be noted: %s", error.message)

    async def keep(
        self,
        counters: Mapping[str, tuple[int, int]],
        leases: Mapping[str, Sequence[Claim]],
        until: SpoolPosition,
        forgotten: Iterable[str],
    ) -> None:
        """Keep the sums as of a place, and drop the journal before it."""
        await store.keep_balance(self._database, store.Balance(counters, leases, until), forgotten)
        self._spool.forget(until)

    def close(self) -> None:
        """Let go of the files."""
        self._spool.close()


def _add(entry: Opened | Closed, counters: dict[str, tuple[int, int]], leases: dict[str, Sequence[Claim]]) -> None:
    if isinstance(entry, Opened):
        leases[entry.lease] = entry.claims
        return
    leases.pop(entry.lease, None)
    for key, grown, ends_at_s in entry.grown:
        used, _ = counters.get(key, (0, 0))
        counters[key] = (used + grown, ends_at_s)
