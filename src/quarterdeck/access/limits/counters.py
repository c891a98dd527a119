"""The contract of counters: all that a request may use is reserved in one step, and what it used is settled afterwards.

A reservation is a lease. Whoever took it renews it while the request goes on, and ends it exactly once. A lease that
nobody ends was held by a process that was killed: when it runs out it is charged as it was reserved, because the money
may well be spent; a settlement that comes late after all puts that right. So nothing stays reserved for ever, and what
was spent is never forgotten. Plug-ins lie in `counter_stores/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from quarterdeck.access.limits.records import StoreStatus

LEASE_S = 60.0
RENEW_EVERY_S = 20.0


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What one request wants of one counter."""

    key: str
    """`PROJECT:LIMIT:WINDOW:VALUE`. All the claims of a lease are of one project."""
    amount: int
    most: int | None
    """No more than this may be used and reserved together; None refuses nothing."""
    ends_at_s: int
    """When the window of the counter is over, and the counter may be forgotten some time later."""
    spent: bool = True
    """False for concurrency: whatever is reserved is given back, and nothing of it is ever used."""
    lasting: bool = True
    """Whether a restart must not forget it."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """How far a counter has come."""

    used: int = 0
    reserved: int = 0


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What came of the claims of a lease: all of them were granted, or none."""

    standings: list[Standing]
    """Of each claim, this lease included where it was granted."""
    refused: int | None = None
    """Which claim was too much."""

    @property
    def granted(self) -> bool:
        return self.refused is None


class Counters(ABC):
    """Counts what is used, for all processes that share it."""

    @abstractmethod
    async def open(self) -> None:
        """Make ready to count."""

    @abstractmethod
    async def close(self) -> None:
        """Bring what is known to where it lasts."""

    @abstractmethod
    async def reserve(self, lease: str, claims: Sequence[Claim]) -> Answer:
        """Take all of the claims, or none. A lease is named `PROJECT:…`, and lives for `LEASE_S` unless it is renewed."""

    @abstractmethod
    def settle(self, lease: str, claims: Sequence[Claim], used: Sequence[int]) -> None:
        """End a lease: what of each claim was really used. Once; a second time changes nothing.

        For later calls of this process it holds at once; to a shared store it goes before any later `reserve`, and again
        until it arrives. A lease that was never granted is charged all the same: what was used is used.
        """

    @abstractmethod
    def renew(self, leases: Iterable[str]) -> None:
        """These requests are still going on."""

    @abstractmethod
    async def look(self, prefix: str) -> Mapping[str, Standing]:
        """The counters whose key begins like this."""

    @abstractmethod
    def status(self) -> StoreStatus:
        """How it is kept, and whether it can be reached."""


def project_of(name: str) -> str:
    """The project of a lease or a counter."""
    return name.partition(":")[0]
