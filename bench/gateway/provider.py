"""The fake provider: a process that answers as fast as Python can, so that what is measured is the gateway.

python -m bench.gateway.provider [--pace-ms 5]      (prints its port)
"""

from __future__ import annotations

import argparse
import asyncio
from typing import cast

import uvloop

from bench.gateway import wire

COMPLETION = wire.completion()
RESPONSE = wire.response()
STREAM = wire.stream()


class Provider(asyncio.Protocol):
    """One connection. A request is taken for whole when its body has the announced length."""

    def __init__(self, pace_s: float) -> None:
        self._pace_s = pace_s
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        if b"\r\ntransfer-encoding: chunked" in head:
            if not self._received.endswith(b"0\r\n\r\n"):
                return
        elif len(self._received) - end - 4 < int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0):
            return
        body = bytes(self._received[end + 4 :])
        self._received.clear()
        if b'"stream":true' in body or b'"stream": true' in body:
            self._send(0)
        else:
            self._transport.write(RESPONSE if b"/responses" in head[:40] else COMPLETION)

    def _send(self, number: int) -> None:
        # One chunk per turn of the loop, so that chunks travel alone, as a model's tokens do.
        if self._transport.is_closing():
            return
        self._transport.write(STREAM[number])
        if number + 1 == len(STREAM):
            return
        if self._pace_s:
            self._loop.call_later(self._pace_s, self._send, number + 1)
        else:
            self._loop.call_soon(self._send, number + 1)


async def provide(pace_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Provider(pace_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pace-ms", type=float, default=0.0)
    uvloop.run(provide(parser.parse_args().pace_ms / 1000))
