"""What every place of counters promises: all or nothing, exactly once, and nothing reserved for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis.asyncio

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import CountersServer, SocketCounters
from quarterdeck.access.limits.counter_stores.redis import RedisCounters
from quarterdeck.access.limits.counters import Claim, Counters, Standing
from quarterdeck.access.limits.remote import StoreAway
from quarterdeck.access.limits.windows import FOR_EVER_S
from quarterdeck.core.money import PICO


def claim(project: str, name: str, amount: int, most: int | None, *, spent: bool = True) -> Claim:
    return Claim(f"{project}:lim_{name}:0:", amount, most, FOR_EVER_S, spent)


async def standing(counters: Counters, project: str, name: str) -> Standing:
    key = f"{project}:lim_{name}:0:"
    return (await counters.look(key)).get(key, Standing())


async def test_what_is_reserved_counts_until_it_is_settled(counters: Counters, project: str) -> None:
    wanted = [claim(project, "budget", 70, 100)]

    first = await counters.reserve(f"{project}:a", wanted)
    second = await counters.reserve(f"{project}:b", wanted)
    counters.settle(f"{project}:a", wanted, [20])
    third = await counters.reserve(f"{project}:c", wanted)

    assert first.granted
    assert second.refused == 0
    assert second.standings == [Standing(0, 70)]
    assert third.standings == [Standing(20, 70)]


async def test_all_claims_are_granted_or_none(counters: Counters, project: str) -> None:
    wide, narrow = claim(project, "wide", 5, 100), claim(project, "narrow", 5, 4)

    answer = await counters.reserve(f"{project}:a", [wide, narrow])

    assert answer.refused == 1
    assert await standing(counters, project, "wide") == Standing()
    assert await standing(counters, project, "narrow") == Standing()


async def test_a_soft_claim_counts_and_never_refuses(counters: Counters, project: str) -> None:
    wanted = [claim(project, "soft", 70, None)]

    answers = [await counters.reserve(f"{project}:{n}", wanted) for n in range(3)]

    assert all(answer.granted for answer in answers)
    assert answers[-1].standings == [Standing(0, 210)]


async def test_what_costs_nothing_is_never_refused(counters: Counters, project: str) -> None:
    full = [claim(project, "budget", 100, 100)]
    await counters.reserve(f"{project}:a", full)
    counters.settle(f"{project}:a", full, [130])

    answer = await counters.reserve(f"{project}:b", [claim(project, "budget", 0, 100)])

    assert answer.granted


async def test_concurrency_is_given_back_and_never_used(counters: Counters, project: str) -> None:
    wanted = [claim(project, "places", 1, 1, spent=False)]

    granted = []
    for n in range(3):
        granted.append((await counters.reserve(f"{project}:{n}", wanted)).granted)
        counters.settle(f"{project}:{n}", wanted, [0])

    assert granted == [True, True, True]
    assert await standing(counters, project, "places") == Standing()


async def test_a_settlement_counts_once_however_often_it_comes(counters: Counters, project: str) -> None:
    if isinstance(counters, InProcessCounters):
        pytest.skip("nothing is sent twice within a process")
    wanted = [claim(project, "budget", 70, 100)]
    await counters.reserve(f"{project}:a", wanted)

    for _ in range(3):
        counters.settle(f"{project}:a", wanted, [20])

    assert await standing(counters, project, "budget") == Standing(20, 0)


async def test_what_was_used_without_a_lease_is_used_all_the_same(counters: Counters, project: str) -> None:
    counters.settle(f"{project}:nobody", [claim(project, "budget", 70, 100)], [20])

    assert await standing(counters, project, "budget") == Standing(20, 0)


async def test_the_largest_budget_is_counted_to_the_last_pico_dollar(counters: Counters, project: str) -> None:
    most = 5_000_000 * PICO
    large, small = [claim(project, "budget", most - 1, most)], [claim(project, "budget", 1, most)]

    await counters.reserve(f"{project}:a", large)
    counters.settle(f"{project}:a", large, [most - 1])
    await counters.reserve(f"{project}:b", small)
    counters.settle(f"{project}:b", small, [1])

    assert await standing(counters, project, "budget") == Standing(most, 0)


async def test_many_at_once_get_no_more_than_there_is(counters: Counters, project: str) -> None:
    wanted = [claim(project, "budget", 7, 100)]

    answers = await asyncio.gather(*(counters.reserve(f"{project}:{n}", wanted) for n in range(60)))

    assert sum(answer.granted for answer in answers) == 14
    assert await standing(counters, project, "budget") == Standing(0, 98)


async def test_each_value_has_a_counter_of_its_own(counters: Counters, project: str) -> None:
    for user in ("ann", "b*[ob]", "ann-marie"):
        key = f"{project}:lim_users:0:{user}"
        counters.settle(f"{project}:{user}", [Claim(key, 0, 10, FOR_EVER_S)], [len(user)])

    found = await counters.look(f"{project}:lim_users:0:")
    of_bob = await counters.look(f"{project}:lim_users:0:b*[ob]")

    assert {key.rpartition(":")[2]: one.used for key, one in found.items()} == {"ann": 3, "b*[ob]": 6, "ann-marie": 9}
    assert list(of_bob.values()) == [Standing(6, 0)]


async def test_a_lease_that_nobody_ends_is_charged_and_a_late_word_puts_it_right(project: str) -> None:
    counters = InProcessCounters(lease_s=0.01)
    wanted = [claim(project, "budget", 70, 100), claim(project, "places", 1, 5, spent=False)]
    await counters.reserve(f"{project}:a", wanted)
    await asyncio.sleep(0.02)

    counters.sweep()
    charged = [await standing(counters, project, name) for name in ("budget", "places")]
    counters.settle(f"{project}:a", wanted, [20, 0])

    assert charged == [Standing(70, 0), Standing()]
    assert await standing(counters, project, "budget") == Standing(20, 0)


async def test_the_same_in_valkey_where_any_later_request_sweeps(valkey: str, project: str) -> None:
    killed, other = RedisCounters(valkey, lease_s=0.05), RedisCounters(valkey)
    await killed.open()
    await other.open()
    wanted = [claim(project, "budget", 70, 100), claim(project, "places", 1, 1, spent=False)]
    await killed.reserve(f"{project}:a", wanted)
    await asyncio.sleep(0.1)

    answer = await other.reserve(f"{project}:b", [claim(project, "places", 1, 1, spent=False)])
    charged = await standing(other, project, "budget")
    killed.settle(f"{project}:a", wanted, [20, 0])
    settled = await standing(killed, project, "budget")

    assert answer.granted
    assert charged == Standing(70, 0)
    assert settled == Standing(20, 0)
    await killed.close()
    await other.close()


async def test_a_lease_that_is_renewed_lives_on(valkey: str, project: str) -> None:
    counters = RedisCounters(valkey, lease_s=0.2)
    await counters.open()
    wanted = [claim(project, "budget", 70, 100)]
    await counters.reserve(f"{project}:a", wanted)

    for _ in range(4):
        await asyncio.sleep(0.1)
        counters.renew([f"{project}:a"])
        held = await standing(counters, project, "budget")  # a look sweeps, too

    assert held == Standing(0, 70)
    await counters.close()


async def test_a_worker_that_dies_gives_its_places_back_at_once(socket_path: Path, project: str) -> None:
    here = InProcessCounters()
    server = CountersServer(here, socket_path)
    await server.open()
    worker = SocketCounters(socket_path)
    await worker.open()
    await worker.reserve(f"{project}:a", [claim(project, "places", 1, 1, spent=False), claim(project, "budget", 7, 9)])

    await worker.hang_up()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if here.status().charged_leases:
            break

    assert await standing(here, project, "places") == Standing()
    assert await standing(here, project, "budget") == Standing(7, 0)
    await worker.close()
    await server.close()


@pytest.mark.parametrize("policy", ["open", "closed", "share"])
async def test_what_happens_while_the_store_is_away_is_as_declared(
    policy: str, socket_path: Path, project: str
) -> None:
    heard: list[str | None] = []

    async def hear(reason: str | None) -> None:
        heard.append(reason)

    here = InProcessCounters()
    server = CountersServer(here, socket_path)
    await server.open()
    worker = SocketCounters(socket_path, on_failure=policy, sharers=2, told=hear)  # type: ignore[arg-type]
    await worker.open()
    wanted = [claim(project, "budget", 10, 100)]
    await worker.reserve(f"{project}:before", wanted)
    worker.settle(f"{project}:before", wanted, [20])
    await worker.reserve(f"{project}:during", wanted)
    await server.close()
    await worker.hang_up()

    granted = 0
    for n in range(20):
        try:
            lease = f"{project}:{n}"
            granted += (await worker.reserve(lease, wanted)).granted
            worker.settle(lease, wanted, [10])
        except StoreAway:
            assert policy == "closed"

    # 20 are used and 10 were held when it was last heard: one of two sharers has 35 of the 70 that are left.
    assert granted == {"open": 20, "closed": 0, "share": 3}[policy]
    assert not worker.status().reachable
    assert worker.status().away_since is not None
    assert len(heard) == 1
    await worker.close()


async def test_what_was_used_while_the_store_was_away_arrives_when_it_is_back(socket_path: Path, project: str) -> None:
    here = InProcessCounters()
    server = CountersServer(here, socket_path)
    worker = SocketCounters(socket_path, on_failure="open")
    await worker.open()
    wanted = [claim(project, "budget", 10, 100)]
    for n in range(5):
        await worker.reserve(f"{project}:{n}", wanted)
        worker.settle(f"{project}:{n}", wanted, [7])

    await server.open()
    for _ in range(300):
        await asyncio.sleep(0.01)
        if worker.status().reachable:
            break

    assert await standing(worker, project, "budget") == Standing(35, 0)
    assert (await worker.reserve(f"{project}:after", wanted)).standings == [Standing(35, 10)]
    await worker.close()
    await server.close()


async def test_a_valkey_that_has_forgotten_the_scripts_is_told_them_again(valkey: str, project: str) -> None:
    counters = RedisCounters(valkey)
    await counters.open()
    wanted = [claim(project, "budget", 10, 100)]
    await counters.reserve(f"{project}:a", wanted)

    async with redis.asyncio.from_url(valkey) as client:
        await client.script_flush()
    counters.settle(f"{project}:a", wanted, [7])
    answer = await counters.reserve(f"{project}:b", wanted)

    assert answer.standings == [Standing(7, 10)]
    assert counters.status().reachable
    await counters.close()
