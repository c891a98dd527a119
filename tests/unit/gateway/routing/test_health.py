"""Who fails is left alone, and let in again by one probe."""

from __future__ import annotations

import pytest

from quarterdeck.core import clock
from quarterdeck.gateway.routing.health import BreakerRules, Health
from tests.fakes.turn import Turn
from tests.fakes.upstream import OPENAI_BROKEN, OPENAI_RATE_LIMIT
from tests.unit.gateway.routing.conftest import FIRST, SECOND, Crossroads

BROKEN = Turn(status=500, error=OPENAI_BROKEN)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> int:
        return int(self.now_s * 1e9)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(clock, "monotonic_ns", found)
    return found


def failing(health: Health, times: int = 1) -> None:
    for _ in range(times):
        health.begin()
        health.fail("error", "broken")


def test_a_breaker_opens_probes_once_and_closes(time: Clock) -> None:
    health = Health(BreakerRules(error_share=0.5, least_calls=4, open_s=10))

    failing(health, 3)
    assert health.available()
    failing(health)
    assert (health.state, health.available(), health.available_in_s()) == ("open", False, 10.0)

    time.now_s += 10
    assert (health.state, health.available()) == ("half_open", True)
    health.begin()
    assert not health.available(), "one probe is enough"
    health.succeed(5.0)
    assert (health.state, health.available()) == ("closed", True)


def test_a_probe_that_fails_doubles_the_time(time: Clock) -> None:
    health = Health(BreakerRules(error_share=0.5, least_calls=2, open_s=10))
    failing(health, 2)
    time.now_s += 10

    failing(health)

    assert health.available_in_s() == 20.0


def test_a_probe_that_tells_nothing_lets_the_next_one_try(time: Clock) -> None:
    health = Health(BreakerRules(least_calls=1, open_s=10))
    failing(health)
    time.now_s += 10

    health.begin()
    health.abandon()

    assert health.available()


def test_old_failures_are_forgotten_and_good_calls_outweigh_bad_ones(time: Clock) -> None:
    health = Health(BreakerRules(error_share=0.5, least_calls=4))
    failing(health, 3)
    time.now_s += 61
    failing(health)
    assert health.state == "closed"

    for _ in range(10):
        health.begin()
        health.succeed(1.0)
    failing(health, 5)
    assert health.state == "closed"
    assert health.calls_and_failures() == (16, 6)


def test_a_rate_limit_cools_down_longer_each_time_and_says_nothing_of_errors(time: Clock) -> None:
    health = Health(BreakerRules(least_calls=1))

    for expected_s in (1.0, 2.0, 4.0):
        health.begin()
        health.fail("rate_limit", "slow down")
        assert health.available_in_s() == expected_s
        time.now_s += expected_s
        assert health.available()
    health.begin()
    health.fail("rate_limit", "slow down", retry_after_s=42.0)

    assert health.available_in_s() == 42.0
    assert health.state == "closed"
    assert health.calls_and_failures() == (0, 0)


def test_a_latency_follows_and_grows_old(time: Clock) -> None:
    health = Health(BreakerRules())
    for ms in (100.0, 100.0, 400.0):
        health.begin()
        health.succeed(ms, ms / 10)
    worst = health.latency_ms(stream=False)
    assert worst is not None
    assert 200 < worst < 400
    time.now_s += 20
    health.begin()
    health.succeed(100.0)
    better = health.latency_ms(stream=False)
    assert better is not None
    assert better < 150

    time.now_s += 31
    assert health.latency_ms(stream=False) is None


async def test_a_target_that_keeps_failing_is_left_alone(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(BROKEN)

    replies = [await crossroads.ask() for _ in range(8)]

    assert {reply.status_code for reply in replies} == {200}
    assert len(crossroads.first.received) == 5
    assert crossroads.health().state == "open"
    assert replies[-1].headers["x-quarterdeck-attempts"] == "1"


async def test_when_nobody_is_left_the_client_is_told_when_to_come_back(crossroads: Crossroads) -> None:
    await crossroads.alias("alone", FIRST)
    crossroads.first.script(BROKEN)
    for _ in range(5):
        await crossroads.ask("alone")

    reply = await crossroads.ask("alone")

    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) <= 15
    assert "left alone" in reply.json()["error"]["message"]
    assert len(crossroads.first.received) == 5


async def test_a_rate_limited_target_stands_back_while_it_cools_down(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(Turn(status=429, error=OPENAI_RATE_LIMIT, headers=(("retry-after", "60"),)), Turn())

    replies = [await crossroads.ask() for _ in range(3)]

    assert [reply.headers["x-quarterdeck-model"] for reply in replies] == [SECOND] * 3
    assert len(crossroads.first.received) == 1


async def test_one_much_slower_than_another_with_the_same_model_stands_back(crossroads: Crossroads) -> None:
    await crossroads.alias("twins", "first/same", "second/same")
    crossroads.health("twins", 0).begin()
    crossroads.health("twins", 0).succeed(5000.0)
    crossroads.health("twins", 1).begin()
    crossroads.health("twins", 1).succeed(100.0)

    reply = await crossroads.ask("twins")

    assert reply.headers["x-quarterdeck-model"] == "second/same"


async def test_more_than_a_provider_takes_at_once_goes_to_the_next(crossroads: Crossroads) -> None:
    await crossroads.alias()
    provider = crossroads.gateway.plane.catalogue.providers(crossroads.gateway.work.project_id)["first"]
    provider._most_in_flight = 1
    provider.enter()

    reply = await crossroads.ask()
    direct = await crossroads.ask(FIRST)
    provider.leave()
    after = await crossroads.ask(FIRST)

    assert reply.headers["x-quarterdeck-model"] == SECOND
    assert direct.status_code == 429
    assert "QUARTERDECK_MAX_IN_FLIGHT_PER_PROVIDER" in direct.json()["error"]["message"]
    assert after.status_code == 200
    assert provider.in_flight == 0
