"""Active health checks: asks the models behind an alias now and then whether they are there, where its plan wants that."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable
from contextlib import aclosing

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.admitting import Demand, held
from quarterdeck.gateway.calls import call_route
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.recording import accept
from quarterdeck.gateway.records import ProvidersChanged
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.records import HealthCheck, RoutesChanged
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Actor, Work

log = logging.getLogger(__name__)

TAG = "health-check"
_LONGEST_S = 30.0


class HealthChecks:
    """One task for each alias that wants checks; none where nobody does."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: dict[tuple[str, str, str], asyncio.Task[None]] = {}

    async def reload(self, _event: RoutesChanged | ProvidersChanged | None = None) -> None:
        """Begin the checks that are new, end those that nobody wants any more, and leave the others alone."""
        wanted = {
            (project_id, name, f"{selection.plan.health_check} {selection.digest}"): selection
            for (project_id, name), selection in self._runtime.part(Catalogue).selections().items()
            if isinstance(selection, Selection) and selection.plan.health_check is not None
        }
        await self._end(key for key in self._tasks if key not in wanted)
        for key, selection in wanted.items():
            if key not in self._tasks and selection.plan.health_check is not None:
                looking = _look_for_ever(self._runtime, key[0], selection, selection.plan.health_check)
                self._tasks[key] = asyncio.create_task(looking)

    async def close(self) -> None:
        """Check no more."""
        await self._end(self._tasks)

    async def _end(self, keys: Iterable[tuple[str, str, str]]) -> None:
        ended = [self._tasks.pop(key) for key in list(keys)]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def _look_for_ever(runtime: Runtime, project_id: str, selection: Selection, check: HealthCheck) -> None:
    # Aliases that were loaded together are not checked together.
    await asyncio.sleep(random.uniform(0, min(1.0, check.every_s)))  # noqa: S311
    while True:
        try:
            await look(runtime, project_id, selection, check)
        except Exception:
            log.exception("The check of `%s` failed", selection.name)
        await asyncio.sleep(check.every_s * random.uniform(0.9, 1.1))  # noqa: S311


async def look(runtime: Runtime, project_id: str, selection: Selection, check: HealthCheck) -> None:
    """Check everybody behind an alias, once."""
    asked: dict[str, str | None] = {}
    for one in selection.everybody():
        # The list of models is asked of each provider once, whichever of its models are meant.
        place = one.route.provider.account.name if check.by == "models" else one.route.id
        if place not in asked:
            asked[place] = await _what_is_wrong(runtime, project_id, one.route, check)
        one.health.checked(asked[place] is None, asked[place])


async def _what_is_wrong(runtime: Runtime, project_id: str, route: Route, check: HealthCheck) -> str | None:
    try:
        async with asyncio.timeout(_LONGEST_S):
            if check.by == "models":
                await route.provider.check()
            else:
                await _ask(runtime, project_id, route)
    except QuarterdeckError as error:
        return error.message
    except TimeoutError:
        return f"`{route.id}` did not answer a check within {_LONGEST_S:g} s."
    return None


async def _ask(runtime: Runtime, project_id: str, route: Route) -> None:
    actor = Actor("system", "health checks", "system", project_id, project_id, frozenset({"gateway"}))
    work = Work(runtime=runtime, actor=actor)
    work.trace.shared["tags"] = (TAG,)
    async with held(work, Demand(route, 4, 1)) as hold:
        try:
            async with aclosing(
                call_route(work, route, ChatRequest(route.id, [Message("user", "Hi")], max_tokens=1))
            ) as pieces:
                async for _ in pieces:
                    pass
        finally:
            spans = accept(runtime.part(Recorder), work)
            if spans:
                hold.settle(spans)
