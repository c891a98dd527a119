"""A process that spends from a shared budget until it is refused or killed, and bills every call as a provider would."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import SocketCounters
from quarterdeck.access.limits.counter_stores.redis import RedisCounters
from quarterdeck.access.limits.counters import Claim, Counters
from quarterdeck.access.limits.journal import Journal
from quarterdeck.access.limits.windows import FOR_EVER_S
from quarterdeck.core import ids
from quarterdeck.storage.database import Database, sqlite_url
from quarterdeck.storage.spool import Spool

BUDGET = 200_000
AT_ONCE = 8
MOST_OF_A_CALL = 200


def budget(project: str, amount: int) -> Claim:
    return Claim(f"{project}:lim_budget:0:", amount, BUDGET, FOR_EVER_S)


def places(project: str) -> Claim:
    return Claim(f"{project}:lim_places:0:", 1, 64, FOR_EVER_S, spent=False)


async def spend(counters: Counters, project: str, bill: int, random_: random.Random) -> None:
    """One caller: reserves what a call may cost at most, is billed something up to that, or fails, and settles."""
    refused = 0
    while refused < 20:
        most = random_.randrange(1, MOST_OF_A_CALL)
        lease, claims = f"{project}:{ids.new_trace_id()}", [budget(project, most), places(project)]
        if not (await counters.reserve(lease, claims)).granted:
            refused += 1
            await asyncio.sleep(0.002)
            continue
        refused, cost = 0, 0
        try:
            await asyncio.sleep(random_.random() * 0.004)
            if random_.random() < 0.15:
                raise ConnectionError("the provider refused")
            cost = random_.randrange(most + 1)
            os.write(bill, f"{cost}\n".encode())
            await asyncio.sleep(random_.random() * 0.004)
            if random_.random() < 0.1:
                raise asyncio.CancelledError
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            counters.settle(lease, claims, [cost, 0])


async def counters_at(place: str) -> Counters:
    """The counters that a command line names."""
    kind, _, rest = place.partition("=")
    if kind == "socket":
        return SocketCounters(Path(rest), on_failure="closed")
    if kind == "valkey":
        return RedisCounters(rest, on_failure="closed", lease_s=1.0)
    return InProcessCounters(
        Journal(Spool(Path(rest) / "limits", segment_bytes=20_000), Database(sqlite_url(Path(rest))))
    )


async def main(place: str, project: str, bill_path: str, seed: int) -> None:
    """Several callers at once. The first line of stdout says that they have begun."""
    counters = await counters_at(place)
    await counters.open()
    bill = os.open(bill_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(1, b"begun\n")
    await asyncio.gather(*(spend(counters, project, bill, random.Random(seed + n)) for n in range(AT_ONCE)))
    await counters.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
