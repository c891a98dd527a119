"""The load generator: a process of its own. Asks in a closed loop (as fast as answers come) or in an open one (as people do).

    python -m bench.gateway.load < a `Load` as JSON > an `Observed` as JSON

In the open loop, requests begin when their moment has come, whether earlier ones have been answered or not, and a duration
counts from that moment: a gateway that stalls cannot hide it by slowing the load down.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import time
from typing import cast

import msgspec
import uvloop

from bench.gateway import wire

_MOST_CONNECTIONS = 512


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask, how, and for how long."""

    port: int
    path: str
    headers: dict[str, str]
    model: str
    shape: wire.Shape = "chat"
    stream: bool = False
    seconds: float = 5.0
    connections: int = 32
    per_second: float | None = None
    """None asks in a closed loop."""
    repeating: bool = False
    """Always the same question, which a cache may answer."""
    text_bytes: int = 0
    """The size of the question; 0 means an ordinary one."""
    requests: int | None = None
    """End after so many, if earlier."""


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Durations in seconds, in the order of their end."""

    durations: list[float]
    first_tokens: list[float]
    elapsed_s: float
    shed: int = 0
    """Requests that could not even begin, because all connections were waiting."""


class Client(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, load: Driver) -> None:
        self._load = load
        self._received = bytearray()
        self._began = 0.0
        self._first = 0.0
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.busy and not self._load.over:
            _give_up(f"The connection was closed in the middle of an answer ({exc}): {bytes(self._received[:500])!r}")

    def ask(self, began: float) -> None:
        self.busy = True
        self._began = began
        self._first = 0.0
        self.transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if self._load.stream and received.startswith(b"HTTP/1.1 200"):
            if not self._first and (b"data:" in data or b"data:" in received):
                self._first = time.perf_counter()
            whole = received.endswith(b"0\r\n\r\n")
        else:
            whole = _is_whole(received)
        if not whole:
            return
        now = time.perf_counter()
        if not received.startswith(b"HTTP/1.1 200"):
            _give_up(f"An answer was not 200: {bytes(received[:1500])!r}")
        if self._load.stream and b"[DONE]" not in received and b"message_stop" not in received:
            _give_up(f"A stream has no end: {bytes(received[-500:])!r}")
        received.clear()
        self.busy = False
        self._load.answered(self, now - self._began, self._first - self._began if self._first else 0.0)


class Driver:
    """Says when to ask, and notes how long it took."""

    def __init__(self, load: Load) -> None:
        self.stream = load.stream
        self.over = False
        self._asked = load
        self._number = 0
        self._head = "".join(
            [f"POST {load.path} HTTP/1.1\r\nhost: 127.0.0.1:{load.port}\r\ncontent-type: application/json\r\n"]
            + [f"{name}: {value}\r\n" for name, value in load.headers.items()]
        ).encode()
        self._text = wire.QUESTION if not load.text_bytes else ("word " * (load.text_bytes // 5 + 1))[: load.text_bytes]
        self._durations: list[float] = []
        self._first_tokens: list[float] = []
        self._free: list[Client] = []
        self._open = 0
        self._shed = 0

    def next_request(self) -> bytes:
        load = self._asked
        self._number += 0 if load.repeating else 1
        body = wire.question(load.model, self._number, load.shape, stream=load.stream, text=self._text)
        return self._head + b"content-length: %d\r\n\r\n" % len(body) + body

    def answered(self, client: Client, took: float, first_token: float) -> None:
        self._durations.append(took)
        if first_token:
            self._first_tokens.append(first_token)
        if self._asked.per_second is not None:
            self._free.append(client)
        elif not self.over and (self._asked.requests is None or len(self._durations) < self._asked.requests):
            client.ask(time.perf_counter())

    async def run(self) -> Observed:
        clients = [await self._connect() for _ in range(self._asked.connections)]
        began = time.perf_counter()
        if self._asked.per_second is None:
            await self._closed_loop(clients)
            elapsed = time.perf_counter() - began
        else:
            self._free = clients
            await self._open_loop(self._asked.per_second)
            elapsed = time.perf_counter() - began
            await asyncio.sleep(1.0)  # those under way
        self.over = True
        return Observed(durations=self._durations, first_tokens=self._first_tokens, elapsed_s=elapsed, shed=self._shed)

    async def _closed_loop(self, clients: list[Client]) -> None:
        until = time.perf_counter() + self._asked.seconds
        for client in clients:
            client.ask(time.perf_counter())
        while time.perf_counter() < until and len(self._durations) < (self._asked.requests or sys.maxsize):
            await asyncio.sleep(0.02)

    async def _open_loop(self, per_second: float) -> None:
        chance = random.Random(7)
        until = time.perf_counter() + self._asked.seconds
        due = time.perf_counter()
        while due < until:
            wait = due - time.perf_counter()
            if wait > 0.0003:
                await asyncio.sleep(wait)
            else:
                await asyncio.sleep(0)
            while due <= time.perf_counter():
                if self._free:
                    self._free.pop().ask(due)
                elif self._open < _MOST_CONNECTIONS:
                    (await self._connect()).ask(due)
                else:
                    self._shed += 1
                due += chance.expovariate(per_second)

    async def _connect(self) -> Client:
        self._open += 1
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: Client(self), "127.0.0.1", self._asked.port
        )
        return client


def _is_whole(received: bytearray) -> bool:
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(received[:end]).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(received) - end - 4 >= int(length) if length else received.endswith(b"0\r\n\r\n")


def _give_up(why: str) -> None:
    os.write(2, (why + "\n").encode())
    os._exit(1)  # an exception in a callback would only be logged


if __name__ == "__main__":
    gc.disable()
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(Driver(wanted).run())))
