"""One worker process: `python -m quarterdeck.server.workers.worker`, started by the main process and by nobody else."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import uvloop
from starlette.types import Receive, Scope, Send

from quarterdeck.access.keyring import Keyring
from quarterdeck.gateway.admission import Admission
from quarterdeck.gateway.asgi import DataPlane
from quarterdeck.gateway.traffic import Traffic
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server.logs import set_up_logging
from quarterdeck.server.serving import Server
from quarterdeck.server.wiring import running_worker
from quarterdeck.server.workers.handoff import Handoff
from quarterdeck.server.workers.proxying import Proxy
from quarterdeck.server.workers.tidings import Listener

_TELL_EVERY_S = 1.0


class _Application:
    """The data plane, and for everything else the way to the main process."""

    def __init__(self, plane: DataPlane, proxy: Proxy) -> None:
        self._plane = plane
        self._proxy = proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if DataPlane.serves(scope["path"]) and not Proxy.wants(scope):
            await self._plane(scope, receive, send)
        else:
            await self._proxy(scope, receive, send)


async def _work(handoff: Handoff) -> None:
    settings = handoff.read_settings()
    listener = await Listener.connect(handoff.path("control"))
    async with running_worker(settings, handoff) as runtime:
        runtime.part(Keyring).add_local_key(handoff.local_key)
        proxy = Proxy(handoff.path("http"))
        ready = handoff.path(f"ready-{handoff.number}").touch
        server = Server(_Application(DataPlane(runtime), proxy), settings, ready)
        following = asyncio.create_task(listener.follow(runtime.events))
        following.add_done_callback(lambda _: server.stop())
        telling = asyncio.create_task(_tell_traffic(runtime, handoff.path(f"traffic-{handoff.number}")))
        try:
            await server.serve([socket.socket(fileno=handoff.listening)])
        finally:
            following.cancel()
            telling.cancel()
            await proxy.close()


async def _tell_traffic(runtime: Runtime, path: Path) -> None:
    """Write down now and then what was counted here, for the metrics of the whole server."""
    traffic, admission, draft = runtime.part(Traffic), runtime.part(Admission), path.with_suffix(".draft")
    while True:
        draft.write_bytes(msgspec.json.encode(traffic.counted(in_flight=admission.in_flight, shed=admission.shed)))
        draft.replace(path)
        await asyncio.sleep(_TELL_EVERY_S)


def main() -> None:
    """Read what the main process hands over, and work until it says to stop."""
    handoff = msgspec.json.decode(sys.stdin.buffer.readline(), type=Handoff)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the main process decides
    set_up_logging(handoff.settings["log_level"])
    os.umask(0o077)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(handoff))
        gc.unfreeze()


if __name__ == "__main__":
    main()
