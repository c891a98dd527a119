"""Counters in the process next door: the main process counts, its workers ask over a Unix socket."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counters import Answer, Standing
from quarterdeck.access.limits.records import StoreFailure
from quarterdeck.access.limits.remote import (
    Command,
    Look,
    RemoteCounters,
    Renew,
    Reply,
    Reserve,
    Settle,
    Told,
)

log = logging.getLogger(__name__)

_LONGEST_FRAME = 16 * 1024 * 1024
_MOST_SETTLED = 100_000
_ENCODER = msgspec.msgpack.Encoder()
_COMMANDS = msgspec.msgpack.Decoder(list[Command])
_REPLIES = msgspec.msgpack.Decoder(list[msgspec.Raw])
_ANSWER = msgspec.msgpack.Decoder(Answer)
_STANDINGS = msgspec.msgpack.Decoder(dict[str, Standing])


class CountersServer:
    """Lets other processes of this machine, and of this user, share the counters of this one."""

    def __init__(self, counters: InProcessCounters, path: Path) -> None:
        self._counters = counters
        self._path = path
        self._server: asyncio.Server | None = None
        self._settled: OrderedDict[str, None] = OrderedDict()

    async def open(self) -> None:
        """Listen. The socket is for its owner only."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        leases: set[str] = set()
        try:
            while True:
                frame = await _read(reader)
                replies = [self._carry_out(command, leases) for command in _COMMANDS.decode(frame)]
                writer.write(_framed([await reply if asyncio.iscoroutine(reply) else reply for reply in replies]))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except msgspec.DecodeError as error:
            log.error("limits: a worker sent what is no command: %s", error)
        finally:
            # Whoever held them is gone, or will settle them over its next connection: a late settlement is taken.
            self._counters.expire(leases)
            writer.close()

    def _carry_out(self, command: Command, leases: set[str]) -> object:
        if isinstance(command, Reserve):
            answer = self._counters.reserve_now(command.lease, command.claims)
            if answer.granted:
                leases.add(command.lease)
            return answer
        if isinstance(command, Settle):
            leases.discard(command.lease)
            if command.lease not in self._settled:  # sent again because our answer was lost
                self._settled[command.lease] = None
                while len(self._settled) > _MOST_SETTLED:
                    self._settled.popitem(last=False)
                self._counters.settle(command.lease, command.claims, command.used)
            return None
        if isinstance(command, Renew):
            self._counters.renew(command.leases)
            return None
        return self._counters.look(command.prefix)


class SocketCounters(RemoteCounters):
    """The counters of the main process, seen from a worker."""

    kind = "main process"

    def __init__(
        self, path: Path, *, on_failure: StoreFailure = "share", sharers: int = 1, told: Told | None = None
    ) -> None:
        super().__init__(on_failure=on_failure, sharers=sharers, told=told)
        self._path = path
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, batch: Sequence[Command]) -> list[Reply]:
        try:
            if self._line is None:
                self._line = await asyncio.open_unix_connection(self._path)
            reader, writer = self._line
            writer.write(_framed(list(batch)))
            await writer.drain()
            raw = _REPLIES.decode(await _read(reader))
        except BaseException as error:
            # Half an answer may still be under way on this line: the next one goes over a new one.
            await self.hang_up()
            if isinstance(error, asyncio.IncompleteReadError | msgspec.DecodeError):
                raise ConnectionResetError("the main process hung up") from error
            raise
        return [_reply_to(command, reply) for command, reply in zip(batch, raw, strict=True)]

    async def hang_up(self) -> None:
        if self._line is not None:
            _, writer = self._line
            self._line = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _reply_to(command: Command, raw: msgspec.Raw) -> Reply:
    if isinstance(command, Reserve):
        return _ANSWER.decode(raw)
    return _STANDINGS.decode(raw) if isinstance(command, Look) else None


def _framed(content: object) -> bytes:
    payload = _ENCODER.encode(content)
    return len(payload).to_bytes(4) + payload


async def _read(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4))
    if size > _LONGEST_FRAME:
        raise ConnectionResetError(f"a frame of {size} bytes is not ours")
    return await reader.readexactly(size)
