"""What all tests share: the real live objects in a fresh data folder, and the real server in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.gateway.price_book import price_book
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running
from tests.server_process import ServerProcess

FreshHome = Callable[[Path], Path]


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> FreshHome:
    """Makes empty data folders that share what is costly to compute: the price table and the embedding graph."""
    shared = tmp_path_factory.mktemp("computed-once")
    asyncio.run(price_book(shared))
    (shared / "models").mkdir()

    def make(home: Path) -> Path:
        home.mkdir()
        for computed in shared.iterdir():
            (home / computed.name).symlink_to(computed)
        return home

    return make


@pytest.fixture
async def runtime(tmp_path: Path, fresh_home: FreshHome) -> AsyncIterator[Runtime]:
    """The live objects of a server, wired as in production, on an empty data folder."""
    async with running(Settings(home=fresh_home(tmp_path / "home"))) as runtime:
        yield runtime


@pytest.fixture
def work(runtime: Runtime) -> Work:
    """A piece of work of the administrator, in the project `default`."""
    return Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, fresh_home: FreshHome) -> Iterator[ServerProcess]:
    """A running server, shared by the tests of a module: `server.url`, `server.admin_key`, `server.client()`."""
    server = ServerProcess(fresh_home(tmp_path_factory.mktemp("server") / "home"))
    yield server.start()
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path, fresh_home: FreshHome) -> Iterator[ServerProcess]:
    """A server of one test alone, not started yet: for tests that kill it, restart it or spoil its folder."""
    server = ServerProcess(fresh_home(tmp_path / "home"))
    yield server
    server.kill()
