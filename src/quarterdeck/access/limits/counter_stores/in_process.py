"""Counters in this process: one event loop, so nothing comes between looking and taking. With a journal they last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from quarterdeck.access.limits import windows
from quarterdeck.access.limits.counters import LEASE_S, Answer, Claim, Counters, Standing
from quarterdeck.access.limits.journal import Journal
from quarterdeck.access.limits.records import StoreStatus
from quarterdeck.core import clock

log = logging.getLogger(__name__)

_CHECKPOINT_EVERY_S = 10.0
_KEEP_ENDED_S = 3600
_MOST_CHARGED = 10_000


class _Meter:
    __slots__ = ("ends_at_s", "lasting", "reserved", "used")

    def __init__(self, ends_at_s: int, lasting: bool, used: int = 0) -> None:
        self.used = used
        self.reserved = 0
        self.ends_at_s = ends_at_s
        self.lasting = lasting


class _Lease:
    __slots__ = ("claims", "lasting", "until_ns")

    def __init__(self, claims: Sequence[Claim], lasting: Sequence[Claim], until_ns: int) -> None:
        self.claims = claims
        self.lasting = lasting
        self.until_ns = until_ns


class InProcessCounters(Counters):
    """Counts in memory."""

    def __init__(self, journal: Journal | None = None, *, lease_s: float = LEASE_S) -> None:
        self._journal = journal
        self._lease_ns = int(lease_s * 1e9)
        self._meters: dict[str, _Meter] = {}
        self._leases: dict[str, _Lease] = {}
        self._charged: dict[str, Sequence[Claim]] = {}
        self._charged_count = 0
        self._changed: set[str] = set()
        self._forgotten: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        if self._journal is not None:
            counters, leases = await self._journal.open()
            for key, (used, ends_at_s) in counters.items():
                self._meters[key] = _Meter(ends_at_s, True, used)
                self._changed.add(key)
            for lease, claims in leases.items():
                self._leases[lease] = _Lease(claims, claims, 0)
                for claim in claims:
                    self._meter(claim).reserved += claim.amount
            charged = self.sweep()
            if charged:
                log.warning(
                    "limits: %d calls were cut off by the end of the last process; they count as reserved", charged
                )
        self._task = asyncio.create_task(self._look_after())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._checkpoint()
        if self._journal is not None:
            self._journal.close()

    async def reserve(self, lease: str, claims: Sequence[Claim]) -> Answer:
        return self.reserve_now(lease, claims)

    def reserve_now(self, lease: str, claims: Sequence[Claim]) -> Answer:
        """The same, for whoever has no need to wait."""
        meters = [self._meter(claim) for claim in claims]
        for index, (claim, meter) in enumerate(zip(claims, meters, strict=True)):
            most = claim.most
            if most is not None and claim.amount and meter.used + meter.reserved + claim.amount > most:
                return Answer([Standing(meter.used, meter.reserved) for meter in meters], index)
        lasting: Sequence[Claim] = ()
        if self._journal is not None:
            lasting = [claim for claim in claims if claim.lasting and claim.spent]
            if lasting:
                self._journal.opened(lease, lasting)
        standings = []
        for claim, meter in zip(claims, meters, strict=True):
            meter.reserved += claim.amount
            standings.append(Standing(meter.used, meter.reserved))
        self._leases[lease] = _Lease(claims, lasting, clock.monotonic_ns() + self._lease_ns)
        return Answer(standings)

    def settle(self, lease: str, claims: Sequence[Claim], used: Sequence[int]) -> None:
        held = self._leases.pop(lease, None)
        charged = self._charged.pop(lease, None)
        amounts = {claim.key: claim.amount for claim in charged or () if claim.spent}
        grown: list[tuple[str, int, int]] = []
        for claim, real in zip(claims, used, strict=True):
            meter = self._meter(claim)
            if held is not None:
                meter.reserved -= claim.amount
            growth = real - amounts.get(claim.key, 0)
            if growth:
                meter.used += growth
            if meter.lasting and claim.spent:
                grown.append((claim.key, growth, claim.ends_at_s))
        self._note(lease, grown)

    def renew(self, leases: Iterable[str]) -> None:
        until_ns = clock.monotonic_ns() + self._lease_ns
        for name in leases:
            lease = self._leases.get(name)
            if lease is not None:
                lease.until_ns = until_ns

    async def look(self, prefix: str) -> Mapping[str, Standing]:
        return {
            key: Standing(meter.used, meter.reserved)
            for key, meter in self._meters.items()
            if key.startswith(prefix) and (meter.used or meter.reserved)
        }

    def status(self) -> StoreStatus:
        return StoreStatus("in process", False, True, leases=len(self._leases), charged_leases=self._charged_count)

    def holds(self, lease: str) -> bool:
        """Whether a lease is open here."""
        return lease in self._leases

    def expire(self, leases: Iterable[str]) -> None:
        """Nobody will end these any more: charge them now."""
        for name in leases:
            lease = self._leases.pop(name, None)
            if lease is not None:
                self._charge(name, lease)

    def sweep(self) -> int:
        """Charge the leases that have run out, and forget the counters whose window is long over."""
        now_ns = clock.monotonic_ns()
        ended = [name for name, lease in self._leases.items() if lease.until_ns <= now_ns]
        self.expire(ended)
        while len(self._charged) > _MOST_CHARGED:
            del self._charged[next(iter(self._charged))]
        now_s = windows.now_s()
        for key, meter in list(self._meters.items()):
            idle = not meter.used and meter.ends_at_s == windows.FOR_EVER_S
            if not meter.reserved and (idle or meter.ends_at_s + _KEEP_ENDED_S < now_s):
                del self._meters[key]
                self._changed.discard(key)
                if meter.lasting:
                    self._forgotten.add(key)
        return len(ended)

    def _charge(self, name: str, lease: _Lease) -> None:
        grown = []
        for claim in lease.claims:
            meter = self._meter(claim)
            meter.reserved -= claim.amount
            if claim.spent:
                meter.used += claim.amount
                if meter.lasting:
                    grown.append((claim.key, claim.amount, claim.ends_at_s))
        self._charged[name] = lease.claims
        self._charged_count += 1
        self._note(name, grown)

    def _note(self, lease: str, grown: list[tuple[str, int, int]]) -> None:
        if self._journal is not None and grown:
            self._changed.update(key for key, _, _ in grown)
            self._journal.closed(lease, grown)

    def _meter(self, claim: Claim) -> _Meter:
        meter = self._meters.get(claim.key)
        if meter is None:
            meter = self._meters[claim.key] = _Meter(claim.ends_at_s, claim.lasting)
            self._forgotten.discard(claim.key)
        return meter

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT_EVERY_S)
            try:
                self.sweep()
                await self._checkpoint()
            except Exception:
                # The journal has it all: the next checkpoint makes up for this one.
                log.exception("limits: what was used could not be kept in the database.")

    async def _checkpoint(self) -> None:
        if self._journal is None or not (self._changed or self._forgotten):
            return
        # One moment, without an `await` in it: sums, open leases and the place in the journal belong together.
        changed, self._changed = self._changed, set()
        forgotten, self._forgotten = self._forgotten, set()
        counters = {key: (meter.used, meter.ends_at_s) for key in changed if (meter := self._meters.get(key))}
        leases = {name: lease.lasting for name, lease in self._leases.items() if lease.lasting}
        try:
            await self._journal.keep(counters, leases, self._journal.end, forgotten)
        except BaseException:
            self._changed |= changed
            self._forgotten |= forgotten
            raise
