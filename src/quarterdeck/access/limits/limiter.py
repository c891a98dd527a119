"""Applies the limits: reserves before, settles after, and tells when much has been used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from quarterdeck.access.limits import refusing, store, windows
from quarterdeck.access.limits.counters import RENEW_EVERY_S, Claim, Counters, Standing, project_of
from quarterdeck.access.limits.records import LimitAlert, LimitAlertRaised, LimitsChanged, amount_of
from quarterdeck.access.limits.rulebook import Asking, Needs, ProjectRules, Rule, Rulebook
from quarterdeck.core import clock, ids
from quarterdeck.core.events import Events
from quarterdeck.storage.database import Database

log = logging.getLogger(__name__)

Header = tuple[bytes, bytes]
NO_NEEDS = Needs(requests=0)


class Grant:
    """What one request holds of the limits it falls under."""

    __slots__ = ("_claims", "_lease", "_limiter", "_open", "_rules", "_standings")

    def __init__(
        self,
        limiter: Limiter,
        lease: str,
        rules: Sequence[tuple[Rule, str]],
        claims: Sequence[Claim],
        standings: Sequence[Standing],
    ) -> None:
        self._limiter = limiter
        self._lease = lease
        self._rules = rules
        self._claims = claims
        self._standings = standings
        self._open = True

    def headers(self) -> list[Header]:
        """What the client is told about its limits."""
        return refusing.headers(self._rules, self._claims, self._standings)

    def settle(self, took: Needs) -> None:
        """Say what was used. What comes after the first time is added."""
        if self._open:
            self._open = False
            self._limiter.settle(self._lease, self._rules, self._claims, self._standings, took)
        elif took.of("tokens") or took.cost_pico:
            self._limiter.add(self._rules, self._claims, took)

    def release(self) -> None:
        """The request is over. One that was never settled has used nothing, but was a request."""
        if self._open:
            self.settle(Needs())


class Limiter:
    """The limits of all projects, and the counters that they share."""

    def __init__(self, database: Database, counters: Counters, events: Events, *, budget_status: int = 429) -> None:
        self.counters = counters
        self._database = database
        self._events = events
        self._budget_status = budget_status
        self._book = Rulebook()
        self._leases: set[str] = set()
        self._alerts: list[tuple[Rule, str, float, int]] = []
        self._alerted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Take the first snapshot of the limits, and begin to look after leases and alerts."""
        await self.reload()
        await self.counters.open()
        self._tasks = [asyncio.create_task(self._renew_for_ever()), asyncio.create_task(self._tell_for_ever())]

    async def close(self) -> None:
        """Bring what is known to where it lasts."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._tell()
        await self.counters.close()

    async def reload(self, _event: LimitsChanged | None = None) -> None:
        """Take a new snapshot. What is held stays held: counters know limits by their ids."""
        self._book = Rulebook(await store.every_limit(self._database))

    def rules_of(self, project_id: str) -> ProjectRules | None:
        """The limits of a project; None when there are none."""
        return self._book.projects.get(project_id)

    async def reserve(self, rules: ProjectRules, asking: Asking, needs: Callable[[], Needs]) -> Grant | None:
        """Hold what a request may need, or refuse it. None when no limit concerns it."""
        concerning = rules.concerning(asking)
        if not concerning:
            return None
        wanted = needs() if rules.needs_estimate else Needs()
        now_s = windows.now_s()
        claims = [rule.claim(value, wanted.of(rule.limit.metric), now_s) for rule, value in concerning]
        lease = f"{rules.name}:{ids.new_trace_id()}"
        answer = await self.counters.reserve(lease, claims)
        if answer.refused is not None:
            rule, claim, standing = (
                concerning[answer.refused][0], claims[answer.refused], answer.standings[answer.refused],
            )  # fmt: skip
            headers = refusing.headers(concerning, claims, answer.standings)
            raise refusing.refusal(rule, claim, standing, headers, status=self._budget_status)
        self._leases.add(lease)
        return Grant(self, lease, concerning, claims, answer.standings)

    def settle(
        self,
        lease: str,
        rules: Sequence[tuple[Rule, str]],
        claims: Sequence[Claim],
        standings: Sequence[Standing],
        took: Needs,
    ) -> None:
        """End a lease; called by its grant."""
        self._leases.discard(lease)
        used = [
            took.of(rule.limit.metric) if claim.spent else 0 for (rule, _), claim in zip(rules, claims, strict=True)
        ]
        self.counters.settle(lease, claims, used)
        for (rule, value), claim, standing, amount in zip(rules, claims, standings, used, strict=True):
            # Others have used more meanwhile, perhaps: then the next one who settles sees it.
            if claim.spent and standing.used + amount >= rule.first_alert:
                self._alert(rule, value, standing.used + amount)
            elif not claim.spent and standing.reserved >= rule.first_alert:
                self._alert(rule, value, standing.reserved)

    def add(self, rules: Sequence[tuple[Rule, str]], claims: Sequence[Claim], took: Needs) -> None:
        """Charge what came after a lease was settled; it is no further request."""
        more = Needs(took.input_tokens, took.output_tokens, took.cost_pico, requests=0)
        spent = [(rule, claim) for (rule, _), claim in zip(rules, claims, strict=True) if claim.spent]
        if spent:
            lease = f"{project_of(spent[0][1].key)}:{ids.new_trace_id()}"
            self.counters.settle(
                lease, [claim for _, claim in spent], [more.of(rule.limit.metric) for rule, _ in spent]
            )

    # --- alerts -----------------------------------------------------------------------------------------------

    def _alert(self, rule: Rule, value: str, used: int) -> None:
        of_whom = value if rule.limit.each else ""
        for share in rule.limit.alert_at:
            if used >= share * rule.units and (of_whom, share) not in rule.told:
                rule.told.add((of_whom, share))
                self._alerts.append((rule, of_whom, share, used))
                self._alerted.set()

    async def _tell_for_ever(self) -> None:
        while True:
            await self._alerted.wait()
            self._alerted.clear()
            try:
                await self._tell()
            except Exception:
                log.exception("limits: an alert could not be kept.")

    async def _tell(self) -> None:
        while self._alerts:
            rule, value, share, used = self._alerts.pop(0)
            limit = rule.limit
            alert = LimitAlert(
                id=ids.new_id("alert"),
                limit_id=limit.id,
                name=limit.name,
                value=value,
                metric=limit.metric,
                share=share,
                used=amount_of(limit.metric, used),
                amount=limit.amount,
                window_start=windows.iso_s(rule.start_s) or "",
                raised_at=clock.iso(clock.now()),
            )
            if await store.add_alert(self._database, rule.project_id, alert, used=used, amount=rule.units):
                log.warning("limits: `%s` of %s is used by %.0f %%", limit.name, refusing.whom(limit), share * 100)
                await self._events.publish(LimitAlertRaised(rule.project_id, alert))

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            self.counters.renew(list(self._leases))
