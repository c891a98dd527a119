"""The live objects of limits, for the wiring to install."""

from __future__ import annotations

from quarterdeck.access.limits.counters import Counters
from quarterdeck.access.limits.limiter import Limiter
from quarterdeck.access.limits.records import LimitsChanged, LimitStoreFound, LimitStoreLost
from quarterdeck.access.limits.remote import Told
from quarterdeck.core.events import Events
from quarterdeck.runtime.runtime import Runtime


async def install_limits(runtime: Runtime, counters: Counters) -> Limiter:
    """Install and open the `Limiter`; whoever installs it closes it."""
    status = runtime.settings.budget_status
    limiter = runtime.install(Limiter, Limiter(runtime.database, counters, runtime.events, budget_status=status))
    await limiter.open()
    runtime.events.subscribe(LimitsChanged, limiter.reload)
    return limiter


def store_teller(events: Events) -> Told:
    """Makes an event of it when the shared store is lost, and when it is found again."""

    async def tell(reason: str | None) -> None:
        await events.publish(LimitStoreFound() if reason is None else LimitStoreLost(reason))

    return tell
