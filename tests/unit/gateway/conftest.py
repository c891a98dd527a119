"""A data plane that runs for real: uvicorn on loopback before it, a fake provider behind it, spans kept in DuckDB."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from quarterdeck.access import keys
from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.gateway import accounts, price_book
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.asgi import DataPlane
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import ActiveSpan, Span
from quarterdeck.runtime.work import Scope, Work
from quarterdeck.server.wiring import running
from tests.fakes.upstream import FakeUpstream, fake_upstream


class SomeApplications(Applications):
    """A directory that a test fills."""

    def __init__(self) -> None:
        self.apps: dict[str, Application] = {}

    def find(self, project_id: str, name: str) -> Application | None:
        return self.apps.get(name)

    def names(self, project_id: str) -> list[str]:
        return sorted(self.apps)


class FixedApp(Application):
    """An app that always says the same."""

    def __init__(self, name: str, release_id: str, pieces: Sequence[Piece]) -> None:
        self.name = name
        self.release_id = release_id
        self._pieces = pieces

    async def answer(self, work: Work, request: ChatRequest, span: ActiveSpan) -> AsyncGenerator[Piece, None]:
        for piece in self._pieces:
            yield piece


@dataclass
class Gateway:
    """A running data plane, with the keys to it and a look at what it has recorded."""

    url: str
    key: str
    runtime: Runtime
    plane: DataPlane
    apps: SomeApplications
    upstream: FakeUpstream
    _clients: list[AsyncOpenAI | AsyncAnthropic | httpx.AsyncClient] = field(default_factory=list)

    @property
    def work(self) -> Work:
        return Work(runtime=self.runtime, actor=self.runtime.part(Keyring).administrator("admin"))

    def openai(self, **options: Any) -> Any:  # Any: tests hand the SDK what its types would not let through
        """The official SDK, pointed here."""
        client = AsyncOpenAI(base_url=f"{self.url}/v1", **{"api_key": self.key, "max_retries": 0, **options})
        self._clients.append(client)
        return client

    def anthropic(self, **options: Any) -> Any:  # Any: as above
        """Anthropic's official SDK, pointed here."""
        client = AsyncAnthropic(base_url=self.url, **{"api_key": self.key, "max_retries": 0, **options})
        self._clients.append(client)
        return client

    def http(self) -> httpx.AsyncClient:
        """A bare client with the key."""
        client = httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)
        self._clients.append(client)
        return client

    async def another_key(self, name: str, scopes: list[Scope] | None = None) -> str:
        """The secret of a fresh key."""
        return (await keys.create(self.work, name, scopes=scopes)).secret

    async def provider_at(self, base_url: str, name: str = "dead") -> str:
        """The name of a provider that is stored for the default project."""
        await accounts.add(self.work, name, kind="openai-compatible", base_url=base_url)
        return name

    async def spans(self, trace_id: str) -> list[Span]:
        """The spans of a trace, as the span store has them."""
        recorder = self.runtime.part(Recorder)
        await recorder.flush()
        return await recorder.ask(lambda store: store.trace(self.work.project_id, trace_id))

    async def only_span(self, trace_id: str) -> Span:
        """The span of a trace that has just one."""
        (span,) = await self.spans(trace_id)
        return span

    async def close(self) -> None:
        for client in self._clients:
            await (client.aclose() if isinstance(client, httpx.AsyncClient) else client.close())


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:  # Any: an ASGI application
    """uvicorn on a free port, as in production."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", http="httptools")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def running_gateway(
    home: Path, upstream: FakeUpstream, providers: dict[str, str] | None = None, **options: Any
) -> AsyncIterator[Gateway]:
    """A gateway whose `openai` and `anthropic` are the fake. `options` are settings."""
    found = {
        "OPENAI_API_KEY": "sk-upstream-secret",
        "OPENAI_BASE_URL": upstream.openai_url,
        "ANTHROPIC_API_KEY": "sk-ant-upstream-secret",
        "ANTHROPIC_BASE_URL": upstream.url,
    }
    settings = Settings(home=home, providers=found if providers is None else providers, **options)
    shutil.copytree(compiled_prices(), home, dirs_exist_ok=True)
    async with running(settings) as runtime:
        apps = SomeApplications()
        runtime.install(Applications, apps)
        plane = DataPlane(runtime)
        async with serving(plane) as url:
            gateway = Gateway(url, "", runtime, plane, apps, upstream)
            gateway.key = await gateway.another_key("tests")
            try:
                yield gateway
            finally:
                await gateway.close()


@functools.cache
def compiled_prices() -> Path:
    """A folder with the price table, compiled once for all tests of this run."""
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-prices-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    price_book.main(price_book.path_in(folder))
    return folder


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """The fake provider."""
    async with fake_upstream() as fake:
        yield fake


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    """A gateway with default settings, without the cache: tests of calls want calls."""
    async with running_gateway(tmp_path / "home", upstream, cache=False) as gateway:
        yield gateway
