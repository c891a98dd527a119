"""Runs the server in this process: binds, opens the house, serves, and on SIGTERM finishes what was begun."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import uvicorn
import uvloop

from quarterdeck import __version__
from quarterdeck.access import admin
from quarterdeck.access.browsers import is_loopback
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.login_links import LoginLinks
from quarterdeck.config.settings import Settings
from quarterdeck.core.errors import SetupError
from quarterdeck.declared.watching import Watch
from quarterdeck.demo.seeding import seed
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server.app import Application
from quarterdeck.server.connection import ClientConnection
from quarterdeck.server.logs import set_up_logging
from quarterdeck.server.session_file import write_session
from quarterdeck.server.wiring import running

log = logging.getLogger(__name__)

_KEEP_ALIVE_S = 75


def serve(settings: Settings, *, demo: bool = False) -> None:
    """Serve until SIGTERM or Ctrl+C. A `SetupError` says why it could not begin."""
    set_up_logging(settings.log_level)
    os.umask(0o077)  # whatever is written into the data folder is for this user alone
    with _bound_socket(settings.host, settings.port) as listening, asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(settings, listening, demo=demo))
        gc.unfreeze()  # or the interpreter would leave behind what it should put away, and libraries complain of leaks


async def _serve(settings: Settings, listening: socket.socket, *, demo: bool) -> None:
    async with running(settings) as runtime:
        made_key = await admin.ensure_key(runtime.database, settings.admin_key)
        keyring = runtime.part(Keyring)
        await keyring.reload()
        url = _url(settings.host, listening.getsockname()[1])
        session = write_session(runtime.home, url=url, key=keyring.add_local_key())

        ready = asyncio.Event()

        def announce() -> None:
            ready.set()
            with suppress(BrokenPipeError):  # nobody reads what we say: no reason to end
                sys.stdout.write(_welcome(runtime, url, made_key))
                sys.stdout.flush()

        loading = asyncio.create_task(_load_demo(runtime, ready)) if demo else None
        try:
            await _Server(runtime, announce).serve([listening])
        finally:
            session.unlink(missing_ok=True)
            if loading is not None:
                loading.cancel()
                await asyncio.wait([loading])


async def _load_demo(runtime: Runtime, ready: asyncio.Event) -> None:
    """Load the demo while requests are answered already. When it fails, the server goes on without it."""
    await ready.wait()
    try:
        await seed(runtime)
    except Exception:
        log.exception("the demo could not be loaded")


class _Server(uvicorn.Server):
    """Uvicorn with our manners: it says when it is ready, and a stop that went well ends the process with 0."""

    def __init__(self, runtime: Runtime, announce: Callable[[], None]) -> None:
        settings = runtime.settings
        super().__init__(
            uvicorn.Config(
                Application(runtime),
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
        self._watch = runtime.part(Watch)
        self._reading: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _spare_the_collector()
        self._announce()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Uvicorn would raise the signal once more at the end, and the process would seem to have been killed.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reread)
        yield

    def _reread(self) -> None:
        self._reading = asyncio.create_task(self._watch.apply())

    def _stop(self) -> None:
        self.force_exit = self.should_exit  # the second signal waits for nobody
        self.should_exit = True


def _spare_the_collector() -> None:
    # What exists now lives as long as the process. Looking through it again and again for garbage would cost a fifth of
    # a request's CPU, and now and then a pause of a tenth of a second in the middle of somebody's answer.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _bound_socket(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it: a streamed token must not wait for the next one.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(address)
    except OSError as error:
        raise SetupError(_why_not_bound(host, port, error)) from error
    return listening


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program. "
            "Stop that one, or choose another port with `--port` or `QUARTERDECK_PORT`."
        )
    if error.errno == errno.EACCES:
        return f"This user may not open port {port}. Choose one above 1023 with `--port` or `QUARTERDECK_PORT`."
    return f"Cannot listen on `{host}` port {port}: {error.strerror or error}. Check `--host` and `--port`."


def _url(host: str, port: int) -> str:
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  # compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _welcome(runtime: Runtime, url: str, made_key: str | None) -> str:
    link = f"{url}/login?token={runtime.part(LoginLinks).issue().token}"
    lines = [
        f"Quarterdeck {__version__} is ready at {url}",
        f"  Log in       {link}",
        "               (works once, on this machine, for 15 minutes)",
    ]
    if made_key is not None:
        lines.append(f"  Admin key    {made_key}")
        lines.append("               (shown only now: keep it somewhere safe)")
    if not is_loopback(runtime.settings.host):
        lines.append("  Open to the network without TLS: put a proxy with TLS in front, or bind to 127.0.0.1.")
    lines.append(f"  Data folder  {runtime.home}")
    return "\n".join(lines) + "\n"


def _new_loop() -> asyncio.AbstractEventLoop:
    return uvloop.new_event_loop()
