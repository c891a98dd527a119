"""What all tests share: the real live objects in a fresh data folder, and the real server in its own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """The live objects of a server, wired as in production, on an empty data folder."""
    async with running(Settings(home=tmp_path / "home")) as runtime:
        yield runtime


@pytest.fixture
def work(runtime: Runtime) -> Work:
    """A piece of work of the administrator, in the project `default`."""
    return Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))
