"""Uvicorn with our manners: it says when it is ready, looks after its signals, and a stop that went well ends with 0."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from quarterdeck.config.settings import Settings
from quarterdeck.server.connection import ClientConnection

_KEEP_ALIVE_S = 75


class Server(uvicorn.Server):
    """One application on some sockets, until SIGTERM or Ctrl+C. SIGHUP asks for its configuration to be read again."""

    def __init__(
        self,
        application: ASGIApp,
        settings: Settings,
        announce: Callable[[], None],
        *,
        reread: Callable[[], Awaitable[None]] | None = None,
        before_stop: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=ClientConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=max(1, round(settings.drain_timeout_s)),
            )
        )
        self._announce = announce
        self._reread = reread
        self._before_stop = before_stop
        self._tasks: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _spare_the_collector()
        self._announce()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Uvicorn would raise the signal once more at the end, and the process would seem to have been killed.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._read_again)
        yield

    def stop(self) -> None:
        """Take no new requests and finish those that were begun; a second call waits for nobody."""
        if self._before_stop is not None and not self._tasks:
            self._tasks.append(asyncio.create_task(self._stop_after(self._before_stop)))
            return
        self.force_exit = self.should_exit
        self.should_exit = True

    async def _stop_after(self, others: Callable[[], Awaitable[None]]) -> None:
        try:
            await others()
        finally:
            self.should_exit = True

    def _read_again(self) -> None:
        if self._reread is not None:
            self._reading = asyncio.ensure_future(self._reread())


def _spare_the_collector() -> None:
    # What exists now lives as long as the process. Looking through it again and again for garbage would cost a fifth of
    # a request's CPU, and now and then a pause of a tenth of a second in the middle of somebody's answer.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
