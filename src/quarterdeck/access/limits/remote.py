"""Counters that live elsewhere: commands go out in order, many to a round trip, and declared is what happens without an answer.

One task sends. Whatever was asked since the last round trip goes with the next one: so a settlement always arrives before
any later reservation of this process, and a hundred requests at once cost one round trip. Settlements that could not be
sent are kept and sent again; the store takes each only once.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counters import Answer, Claim, Counters, Standing
from quarterdeck.access.limits.records import StoreFailure, StoreStatus
from quarterdeck.core import clock
from quarterdeck.core.errors import Unavailable

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S = 1.0
_TRY_AGAIN_AFTER_S = 0.5
_MOST_IN_A_BATCH = 512
_MOST_SEEN = 50_000


class Reserve(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """Take all of these claims, or none."""

    lease: str
    claims: list[Claim]


class Settle(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """End a lease."""

    lease: str
    claims: list[Claim]
    used: list[int]


class Renew(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    """These leases live on."""

    leases: list[str]


class Look(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """Read the counters whose key begins like this."""

    prefix: str


Command = Reserve | Settle | Renew | Look
Reply = Answer | dict[str, Standing] | None


class StoreAway(Unavailable):
    """The store of the limits does not answer, and this server was told to refuse requests then. Try again in a moment."""


Told = Callable[[str | None], Awaitable[None]]
"""Hears why the store is away, or None when it is back."""


class RemoteCounters(Counters):
    """The order of commands, and what happens while the store is away. How a batch travels is for subclasses to say."""

    kind = "remote"

    def __init__(self, *, on_failure: StoreFailure = "share", sharers: int = 1, told: Told | None = None) -> None:
        self._on_failure = on_failure
        self._sharers = max(1, sharers)
        self._told = told
        self._outbox: list[tuple[Command, asyncio.Future[Reply] | None]] = []
        self._wake = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._open: set[str] = set()
        self._away_since: str | None = None
        self._seen: dict[str, Standing] = {}
        self._local = InProcessCounters()
        self._failures = self._granted = self._refused = 0

    @abstractmethod
    async def exchange(self, batch: Sequence[Command]) -> list[Reply]:
        """Carry out some commands in their order. Raises `OSError`, `TimeoutError` or `Unavailable` when it cannot be done."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Let go of the connection."""

    async def open(self) -> None:
        self._task = asyncio.create_task(self._send_for_ever())

    async def close(self) -> None:
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * _ANSWER_WITHIN_S):
                await self._all_sent.wait()
        if self._outbox:
            log.error("limits: %d settlements did not reach the store; their leases will be charged", len(self._outbox))
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.hang_up()

    async def reserve(self, lease: str, claims: Sequence[Claim]) -> Answer:
        if self._away_since is None:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    answer = await self._ask(Reserve(lease, list(claims)))
            except (TimeoutError, OSError, Unavailable) as error:
                await self._lost(error)
            except asyncio.CancelledError:
                # The client hung up while we asked: the store may have granted it.
                self._put(Settle(lease, list(claims), [0] * len(claims)))
                raise
            else:
                assert isinstance(answer, Answer)  # noqa: S101  # for the type checker
                self._remember(claims, answer)
                if answer.granted:
                    self._open.add(lease)
                return answer
        return self._without_the_store(lease, claims)

    def settle(self, lease: str, claims: Sequence[Claim], used: Sequence[int]) -> None:
        self._open.discard(lease)
        if self._local.holds(lease):
            self._local.settle(lease, self._shares(claims), used)
        self._put(Settle(lease, list(claims), list(used)))

    def renew(self, leases: Iterable[str]) -> None:
        held = [lease for lease in leases if lease in self._open]
        self._local.renew(leases)
        if held and self._away_since is None:
            self._put(Renew(held))

    async def look(self, prefix: str) -> Mapping[str, Standing]:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                found = await self._ask(Look(prefix))
        except (TimeoutError, OSError) as error:
            raise Unavailable("The store of the limits does not answer. Look again in a moment.") from error
        return found if isinstance(found, dict) else {}

    def status(self) -> StoreStatus:
        return StoreStatus(
            self.kind,
            True,
            self._away_since is None,
            self._away_since,
            self._on_failure,
            self._failures,
            self._granted,
            self._refused,
            leases=len(self._open) + self._local.status().leases,
        )

    # --- while it is away -------------------------------------------------------------------------------------

    def _without_the_store(self, lease: str, claims: Sequence[Claim]) -> Answer:
        if self._on_failure != "closed":
            answer = self._local.reserve_now(lease, self._shares(claims))
            if answer.granted:
                self._granted += 1
                return answer
        self._refused += 1
        # The store may have granted it before its answer was lost.
        self._put(Settle(lease, list(claims), [0] * len(claims)))
        if self._on_failure == "closed":
            raise StoreAway()
        return answer

    def _shares(self, claims: Sequence[Claim]) -> list[Claim]:
        """The same claims, on this process' share of what was left when the store was last heard."""
        if self._on_failure == "open":
            return [msgspec.structs.replace(claim, most=None) for claim in claims]
        return [self._share(claim) for claim in claims]

    def _share(self, claim: Claim) -> Claim:
        if claim.most is None:
            return claim
        seen = self._seen.get(claim.key, Standing())
        return msgspec.structs.replace(claim, most=max(0, claim.most - seen.used - seen.reserved) // self._sharers)

    async def _lost(self, error: BaseException) -> None:
        self._failures += 1
        if self._away_since is None:
            self._away_since = clock.iso(clock.now())
            reason = str(error) or type(error).__name__
            log.error("limits: the store does not answer (%s); until it does: %s", reason, self._on_failure)
            if self._told is not None:
                await self._told(reason)

    async def _found(self) -> None:
        if self._away_since is not None:
            log.warning("limits: the store answers again; it was away since %s", self._away_since)
            self._away_since = None
            self._local = InProcessCounters()
            if self._told is not None:
                await self._told(None)

    def _remember(self, claims: Sequence[Claim], answer: Answer) -> None:
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        for claim, standing in zip(claims, answer.standings, strict=True):
            self._seen[claim.key] = standing

    # --- the way there ----------------------------------------------------------------------------------------

    def _put(self, command: Command, answer: asyncio.Future[Reply] | None = None) -> None:
        self._outbox.append((command, answer))
        self._all_sent.clear()
        self._wake.set()

    async def _ask(self, command: Command) -> Reply:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._put(command, answer)
        return await answer

    async def _send_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._outbox = [(command, asked) for command, asked in self._outbox if asked is None or not asked.done()]
            batch = self._outbox[:_MOST_IN_A_BATCH]
            if not batch:
                self._wake.clear()
                self._all_sent.set()
                continue
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    replies = await self.exchange([command for command, _ in batch])
            except (OSError, TimeoutError, Unavailable) as error:
                await self._lost(error)
                self._give_up(batch, error)
                await asyncio.sleep(_TRY_AGAIN_AFTER_S)
                self._put(Renew([]))  # a question that costs nothing, to hear whether it is back
                continue
            del self._outbox[: len(batch)]
            for (_, asked), reply in zip(batch, replies, strict=True):
                if asked is not None and not asked.done():
                    asked.set_result(reply)
            await self._found()

    def _give_up(self, batch: Sequence[tuple[Command, asyncio.Future[Reply] | None]], error: BaseException) -> None:
        """Whoever waits hears it now. Settlements stay; a reservation that may have been granted after all is taken back."""
        kept: list[tuple[Command, asyncio.Future[Reply] | None]] = []
        for command, asked in self._outbox:
            if asked is not None:
                if not asked.done():
                    asked.set_exception(Unavailable(str(error) or type(error).__name__))
            elif isinstance(command, Settle):
                kept.append((command, None))
        self._outbox = kept
