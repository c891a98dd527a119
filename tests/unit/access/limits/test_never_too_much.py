"""The promise of budgets: never more than was allowed, and nothing held for ever; whoever fails, hangs up or is killed."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import CountersServer
from quarterdeck.access.limits.counter_stores.redis import RedisCounters
from quarterdeck.access.limits.counters import Claim, Counters, Standing
from quarterdeck.access.limits.journal import Journal
from quarterdeck.access.limits.windows import FOR_EVER_S
from quarterdeck.storage.database import Database, sqlite_url
from quarterdeck.storage.migrations import migrate
from quarterdeck.storage.spool import Spool
from tests.unit.access.limits.spender import AT_ONCE, BUDGET, MOST_OF_A_CALL, budget, places

ROOT = Path(__file__).parents[4]
UNDER_WAY = AT_ONCE * MOST_OF_A_CALL
"""What a killed process may have been holding."""

calls = st.lists(
    st.tuples(
        st.integers(0, 60),  # what is reserved
        st.integers(0, 90),  # what it really costs
        st.sampled_from(["answered", "failed", "hung up", "killed"]),
        st.integers(0, 5),  # how long it takes
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(calls, st.integers(1, 200), st.integers(1, 12))
def test_no_more_is_spent_than_the_budget_and_the_errors_of_estimates_under_way(
    plan: list[tuple[int, int, str, int]], most: int, at_once: int
) -> None:
    asyncio.run(_keep_the_promise(plan, most, at_once))


async def _keep_the_promise(plan: list[tuple[int, int, str, int]], most: int, at_once: int) -> None:
    counters, queue = InProcessCounters(), list(enumerate(plan))
    spent, killed, errors_under_way, worst = 0, 0, 0, 0

    async def caller() -> None:
        nonlocal spent, killed, errors_under_way, worst
        while queue:
            number, (estimate, cost, ending, steps) = queue.pop()
            claims = [Claim("prj:lim:0:", estimate, most, FOR_EVER_S)]
            cost = cost if estimate else 0  # what is known to cost nothing costs nothing
            if not (await counters.reserve(f"prj:{number}", claims)).granted:
                continue
            error = max(0, cost - estimate)
            errors_under_way += error
            worst = max(worst, errors_under_way)
            for _ in range(steps):
                await asyncio.sleep(0)
            if ending == "killed":
                spent += min(cost, estimate)
                killed += 1
                errors_under_way -= error
                continue
            used = cost if ending == "answered" else cost // 2 if ending == "hung up" else 0
            spent += used
            counters.settle(f"prj:{number}", claims, [used])
            if used <= estimate:
                errors_under_way -= error

    await asyncio.gather(*(caller() for _ in range(at_once)))
    counters.expire([f"prj:{number}" for number in range(len(plan))])
    standing = (await counters.look("prj:lim:0:")).get("prj:lim:0:", Standing())

    assert spent <= most + worst
    assert spent <= standing.used
    assert standing.reserved == 0
    left = most - standing.used
    assert left <= 0 or (await counters.reserve("prj:rest", [Claim("prj:lim:0:", left, most, FOR_EVER_S)])).granted


@pytest.mark.parametrize("place", ["socket", "valkey"])
async def test_processes_that_share_a_budget_and_are_killed_keep_to_it(
    place: str, tmp_path: Path, socket_path: Path, project: str, request: pytest.FixtureRequest
) -> None:
    address = f"socket={socket_path}"
    if place == "valkey":
        address = f"valkey={request.getfixturevalue('valkey')}"
        shared: Counters = RedisCounters(address.partition("=")[2], lease_s=1.0)
        await shared.open()
    else:
        shared = InProcessCounters()
        server = CountersServer(shared, socket_path)
        await server.open()
    bill = tmp_path / "bill"

    await asyncio.to_thread(_spend_and_kill, address, project, bill, processes=4, kills=2)

    standing, places_held = Standing(), Standing()
    for _ in range(100):  # until the leases of the killed have run out
        standing = (await shared.look(budget(project, 0).key)).get(budget(project, 0).key, Standing())
        places_held = (await shared.look(places(project).key)).get(places(project).key, Standing())
        if not standing.reserved:
            break
        await asyncio.sleep(0.05)
    billed = sum(map(int, bill.read_text().split()))

    assert standing.reserved == 0
    assert places_held == Standing()
    assert billed <= standing.used <= BUDGET
    assert standing.used - billed <= 2 * UNDER_WAY, "only what was under way is charged as it was reserved"
    assert billed > BUDGET * 0.8, "nearly all of it could be spent"
    await shared.close()
    if place == "socket":
        await server.close()


async def test_what_was_used_survives_kill_9_again_and_again(tmp_path: Path, project: str) -> None:
    await asyncio.to_thread(migrate, sqlite_url(tmp_path))
    bill = tmp_path / "bill"
    chance = random.Random(7)

    for seed in range(4):
        child = _spender(f"journal={tmp_path}", project, bill, seed)
        await asyncio.to_thread(_kill_after, child, 0.1 + chance.random() * 0.2)
    database = Database(sqlite_url(tmp_path))
    for _ in range(2):  # read from the journal, then from what was added up of it
        counters = InProcessCounters(Journal(Spool(tmp_path / "limits"), database))
        await counters.open()
        standing = (await counters.look(budget(project, 0).key)).get(budget(project, 0).key, Standing())
        await counters.close()
        billed = sum(map(int, bill.read_text().split()))

        assert standing.reserved == 0
        assert 0 < billed <= standing.used <= BUDGET
        assert standing.used - billed <= 4 * UNDER_WAY, "only what was under way is charged as it was reserved"
    await database.close()


async def test_nothing_is_charged_twice_by_a_quiet_restart(tmp_path: Path, project: str) -> None:
    await asyncio.to_thread(migrate, sqlite_url(tmp_path))
    database = Database(sqlite_url(tmp_path))

    for number in range(3):
        counters = InProcessCounters(Journal(Spool(tmp_path / "limits"), database))
        await counters.open()
        for call in range(5):
            claims = [budget(project, 10)]
            await counters.reserve(f"{project}:{number}-{call}", claims)
            counters.settle(f"{project}:{number}-{call}", claims, [7])
        standing = (await counters.look(budget(project, 0).key))[budget(project, 0).key]
        await counters.close()

        assert standing == Standing(35 * (number + 1), 0)
    await database.close()


def _spend_and_kill(place: str, project: str, bill: Path, *, processes: int, kills: int) -> None:
    children = [_spender(place, project, bill, seed * 100) for seed in range(processes)]
    for child in children[:kills]:
        _kill_after(child, 0.15)
    children += [_spender(place, project, bill, 1000)]
    for child in children[kills:]:
        assert child.wait(60) == 0
        assert child.stdout is not None
        child.stdout.close()


def _spender(place: str, project: str, bill: Path, seed: int) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.access.limits.spender", place, project, str(bill), str(seed)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    return child


def _kill_after(child: subprocess.Popen[bytes], seconds: float) -> None:
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    assert child.stdout is not None
    child.stdout.close()
