"""Runs the server in this process: binds, opens the house, serves, and on SIGTERM finishes what was begun."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress

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
from quarterdeck.server.logs import set_up_logging
from quarterdeck.server.serving import Server
from quarterdeck.server.session_file import write_session
from quarterdeck.server.wiring import running
from quarterdeck.server.workers.proxying import BehindWorkers
from quarterdeck.server.workers.supervising import workers

log = logging.getLogger(__name__)


def serve(settings: Settings, *, demo: bool = False) -> None:
    """Serve until SIGTERM or Ctrl+C. A `SetupError` says why it could not begin."""
    set_up_logging(settings.log_level)
    os.umask(0o077)  # whatever is written into the data folder is for this user alone
    with ExitStack() as open_sockets, asyncio.Runner(loop_factory=_new_loop) as runner:
        listening = [open_sockets.enter_context(one) for one in _bound_sockets(settings)]
        runner.run(_serve(settings, listening, demo=demo))
        gc.unfreeze()  # or the interpreter would leave behind what it should put away, and libraries complain of leaks


async def _serve(settings: Settings, listening: list[socket.socket], *, demo: bool) -> None:
    async with running(settings) as runtime:
        made_key = await admin.ensure_key(runtime.database, settings.admin_key)
        keyring = runtime.part(Keyring)
        await keyring.reload()
        url = _url(settings.host, listening[0].getsockname()[1])
        local_key = keyring.add_local_key()
        session = write_session(runtime.home, url=url, key=local_key)

        ready = asyncio.Event()

        def announce() -> None:
            ready.set()
            with suppress(BrokenPipeError):  # nobody reads what we say: no reason to end
                sys.stdout.write(_welcome(runtime, url, made_key))
                sys.stdout.flush()

        loading = asyncio.create_task(_load_demo(runtime, ready)) if demo else None
        try:
            if len(listening) == 1:
                reread = runtime.part(Watch).apply
                await Server(Application(runtime), settings, announce, reread=reread).serve(listening)
            else:
                await _serve_with_workers(runtime, listening, local_key, announce)
        finally:
            session.unlink(missing_ok=True)
            if loading is not None:
                loading.cancel()
                await asyncio.wait([loading])


async def _serve_with_workers(
    runtime: Runtime, listening: list[socket.socket], local_key: str, announce: Callable[[], None]
) -> None:
    """Workers at the port; behind them this process, at a socket that only they reach."""
    async with workers(runtime, listening, local_key) as (crew, path):
        beginning: list[asyncio.Task[None]] = []

        async def begin() -> None:
            await crew.begin()
            announce()

        server = Server(
            BehindWorkers(Application(runtime)),
            runtime.settings,
            lambda: beginning.append(asyncio.create_task(begin())),
            reread=runtime.part(Watch).apply,
            before_stop=crew.end,
        )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as inner:
            inner.bind(str(path))
            await server.serve([inner])


async def _load_demo(runtime: Runtime, ready: asyncio.Event) -> None:
    """Load the demo while requests are answered already. When it fails, the server goes on without it."""
    await ready.wait()
    try:
        await seed(runtime)
    except Exception:
        log.exception("the demo could not be loaded")


def _bound_sockets(settings: Settings) -> list[socket.socket]:
    """One socket, or one for each worker at the same port: the system shares connections out among them."""
    many = settings.workers > 1
    first = _bound_socket(settings.host, settings.port, shared=many)
    port = first.getsockname()[1]
    return [first, *(_bound_socket(settings.host, port, shared=True) for _ in range(settings.workers - 1))]


def _bound_socket(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Accepted connections inherit it: a streamed token must not wait for the next one.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(address)
        if shared:
            listening.listen(2048)  # from now on, connections wait here for a worker that is being started
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
