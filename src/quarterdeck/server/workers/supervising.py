"""Starts the worker processes, starts those again that die, and ends them with the main process."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import CountersServer
from quarterdeck.access.limits.limiter import Limiter
from quarterdeck.config.settings import Settings
from quarterdeck.gateway.traffic import Counted, Traffic
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server.workers.handoff import Handoff
from quarterdeck.server.workers.relaying import SpanRelay
from quarterdeck.server.workers.tidings import Tidings

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LIVED_LONG_S = 60.0
_READY_WITHIN_S = 60.0


class Workers:
    """All workers of one server."""

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket], folder: Path, local_key: str) -> None:
        self._settings = settings
        self._sockets = sockets
        self._folder = folder
        self._local_key = local_key
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def count(self) -> int:
        """How many there should be."""
        return len(self._sockets)

    @property
    def stopping(self) -> bool:
        """Whether they are being ended."""
        return self._stopping

    @property
    def missing(self) -> int:
        """How many should be there and are not."""
        return len(self._sockets) - sum(process.returncode is None for process in self._running.values())

    def traffic(self) -> list[Counted]:
        """What workers have counted, a second ago at most; of one that has died, since it was started last."""
        found = []
        for number in range(len(self._sockets)):
            with suppress(OSError, msgspec.DecodeError):
                found.append(msgspec.json.decode((self._folder / f"traffic-{number}").read_bytes(), type=Counted))
        return found

    async def begin(self) -> None:
        """Start all of them."""
        for number in range(len(self._sockets)):
            self._running[number] = await self._start(number)
            self._keeping.append(asyncio.create_task(self._keep(number)))
        async with asyncio.timeout(_READY_WITHIN_S):
            while not all((self._folder / f"ready-{number}").exists() for number in self._running):  # noqa: ASYNC110  # files
                await asyncio.sleep(0.02)

    async def end(self) -> None:
        """Let them finish what they have begun, as long as the settings allow."""
        self._stopping = True
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(self._settings.drain_timeout_s + 10):
                await asyncio.gather(*self._keeping)
        except TimeoutError:
            for process in self._running.values():
                with suppress(ProcessLookupError):
                    process.kill()

    async def _keep(self, number: int) -> None:
        """Have a worker at this place, whatever happens to it. Its socket stays open: connections wait for the next one."""
        pause_s = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await self._running[number].wait()
            if self.stopping:
                return
            log.error("workers: worker %d has ended (%s); another one takes its place", number, code)
            pause_s = _FIRST_PAUSE_S if loop.time() - began > _LIVED_LONG_S else min(pause_s * 2, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)
            if await self._was_stopped():
                return
            self._running[number] = await self._start(number)

    async def _was_stopped(self) -> bool:
        return self._stopping

    async def _start(self, number: int) -> asyncio.subprocess.Process:
        listening = self._sockets[number].fileno()
        said = dataclasses.asdict(self._settings) | {"home": str(self._settings.home)}
        handoff = Handoff(number, listening, str(self._folder), self._local_key, said, len(self._sockets))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "quarterdeck.server.workers.worker",
            stdin=asyncio.subprocess.PIPE,
            pass_fds=[listening],
        )
        assert process.stdin is not None  # it was asked for  # noqa: S101
        process.stdin.write(msgspec.json.encode(handoff, enc_hook=str) + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        return process


@asynccontextmanager
async def workers(
    runtime: Runtime, sockets: Sequence[socket.socket], local_key: str
) -> AsyncIterator[tuple[Workers, Path]]:
    """Everything that workers need from this process; they themselves are begun by the caller. Also: where to listen for them."""
    # Short, because the paths of sockets may have a hundred characters; for this user only, as `mkdtemp` makes it.
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-"))
    tidings = Tidings(runtime.events, folder / "control")
    relay = SpanRelay(runtime.part(Recorder), folder / "spans")
    counters = runtime.part(Limiter).counters
    shared = CountersServer(counters, folder / "counters") if isinstance(counters, InProcessCounters) else None
    try:
        await tidings.open()
        await relay.open()
        if shared is not None:
            await shared.open()
        crew = runtime.install(Workers, Workers(runtime.settings, sockets, folder, local_key))
        runtime.part(Traffic).others = crew.traffic
        yield crew, folder / "http"
    finally:
        await tidings.close()
        await relay.close()
        if shared is not None:
            await shared.close()
        shutil.rmtree(folder, ignore_errors=True)
