"""A request body of any size: in memory while it is small, in a file without a name afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO

from quarterdeck.gateway.exchange import Exchange

_IN_MEMORY = 1024 * 1024
_PIECE = 256 * 1024


class Upload:
    """The body of one request, to be read more than once. Memory stays bounded, whatever its size."""

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._folder = folder
        self._held: list[bytes] = []
        self._held_size = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    async def take(self, exchange: Exchange, limit: int) -> Upload:
        """The whole body of a request."""
        async for chunk in exchange.chunks(limit):
            self.size += len(chunk)
            self._held.append(chunk)
            self._held_size += len(chunk)
            if self._held_size > _IN_MEMORY:
                # One write for many chunks, and not on the loop: a busy disk holds up nobody else.
                await asyncio.to_thread(self._put_down)
        return self

    def pieces(self) -> AsyncIterator[bytes]:
        """The body, from its beginning."""
        return self.part(0, self.size)

    async def part(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Some bytes of the body."""
        while start < end:
            piece = await self.read(start, min(end, start + _PIECE))
            start += len(piece)
            yield piece

    async def read(self, start: int, end: int) -> bytes:
        """A few bytes of the body."""
        if self._file is None:
            return self._all_held()[start:end]
        return await asyncio.to_thread(self._pick_up, start, end)

    def _all_held(self) -> bytes:
        if len(self._held) > 1:
            self._held = [b"".join(self._held)]
        return self._held[0] if self._held else b""

    def _put_down(self) -> None:
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed by `__exit__`
        self._file.write(b"".join(self._held))
        self._held, self._held_size = [], 0

    def _pick_up(self, start: int, end: int) -> bytes:
        if self._file is None:
            return b""
        if self._held:
            self._file.seek(0, 2)
            self._put_down()
        self._file.seek(start)
        return self._file.read(end - start)
