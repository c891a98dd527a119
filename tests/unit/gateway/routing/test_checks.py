"""Active checks: only where a plan wants them, and what they find decides who is asked."""

from __future__ import annotations

import asyncio

from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.checking import look
from quarterdeck.gateway.routing.records import HealthCheck, Plan, Target
from quarterdeck.gateway.routing.selection import Selection
from tests.fakes.turn import Turn
from tests.fakes.upstream import OPENAI_BROKEN
from tests.unit.gateway.routing.conftest import FIRST, SECOND, Crossroads

BROKEN = Turn(status=500, error=OPENAI_BROKEN)


async def check(crossroads: Crossroads, how: HealthCheck) -> None:
    found = crossroads.gateway.plane.catalogue.selections()[crossroads.gateway.work.project_id, "fast"]
    assert isinstance(found, Selection)
    await look(crossroads.gateway.runtime, crossroads.gateway.work.project_id, found, how)


async def test_a_check_that_fails_keeps_requests_away_until_one_succeeds(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(BROKEN)
    await check(crossroads, HealthCheck(by="models"))

    away = await crossroads.ask()
    crossroads.first.script(Turn())
    await check(crossroads, HealthCheck(by="models"))
    back = await crossroads.ask()

    assert [reply.headers["x-quarterdeck-model"] for reply in (away, back)] == [SECOND, FIRST]
    assert [one.path for one in crossroads.first.received[:2]] == ["/v1/models", "/v1/models"]
    seen = (await aliases.get(crossroads.gateway.work, "fast")).models[0]
    assert (seen.last_check_ok, seen.breaker) == (True, "closed")


async def test_a_check_by_chat_asks_for_one_token(crossroads: Crossroads) -> None:
    await crossroads.alias()

    await check(crossroads, HealthCheck(by="chat"))

    assert crossroads.first.last.body["max_tokens"] == 1
    assert crossroads.second.last.body["model"] == "model-b"


async def test_checks_run_while_a_plan_wants_them(crossroads: Crossroads) -> None:
    work = crossroads.gateway.work
    assert crossroads.first.received == []

    await aliases.put(work, "watched", Plan((Target(FIRST),), health_check=HealthCheck(every_s=1)))
    await asyncio.wait_for(crossroads.first.arrived.wait(), 10)
    await aliases.remove(work, "watched")

    assert crossroads.first.last.path == "/v1/models"
    assert crossroads.second.received == []
