"""Tells workers what has changed, and waits until they know: a key that was made here works there with the next request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.core.events import Event, Events

log = logging.getLogger(__name__)

_PATIENCE_S = 1.0


class _News(msgspec.Struct):
    number: int
    kind: str
    fields: dict[str, Any]  # Any: the fields of an event


class Tidings:
    """The main process's side."""

    def __init__(self, events: Events, path: Path) -> None:
        self._path = path
        self._number = 0
        self._lines: dict[asyncio.StreamWriter, asyncio.StreamReader] = {}
        self._telling = asyncio.Lock()
        self._server: asyncio.Server | None = None
        events.overhear(self.tell)

    async def open(self) -> None:
        """Listen for workers."""
        self._server = await asyncio.start_unix_server(self._welcome, self._path)

    async def close(self) -> None:
        """Hang up: workers end by themselves."""
        for writer in list(self._lines):
            writer.close()
        if self._server is not None:
            self._server.close()

    async def tell(self, event: Event) -> None:
        """Tell every worker, and wait a moment for each to have taken it in."""
        async with self._telling:
            self._number += 1
            news = _News(self._number, type(event).__name__, msgspec.to_builtins(event))
            said = msgspec.json.encode(news) + b"\n"
            await asyncio.gather(*(self._tell(writer, reader, said) for writer, reader in list(self._lines.items())))

    async def _tell(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader, said: bytes) -> None:
        try:
            writer.write(said)
            async with asyncio.timeout(_PATIENCE_S):
                while line := await reader.readline():
                    if int(line) >= self._number:
                        return
        except TimeoutError:
            log.warning("workers: one has not taken in a change within %g s; it will", _PATIENCE_S)
            return
        except (OSError, ValueError):
            pass
        self._lines.pop(writer, None)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines[writer] = reader


class Listener:
    """A worker's side. When the line is cut, the main process is gone, and the worker is to end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, path: Path) -> Listener:
        """Begin to listen: what is said from here on is heard, if later."""
        return cls(*await asyncio.open_unix_connection(path))

    async def follow(self, events: Events) -> None:
        """Repeat here what has happened there, until the line is cut."""
        kinds = {kind.__name__: kind for kind in _all_kinds(Event)}
        with suppress(OSError):
            while line := await self._reader.readline():
                news = msgspec.json.decode(line, type=_News)
                kind = kinds.get(news.kind)
                try:
                    if kind is not None:
                        await events.publish(msgspec.convert(news.fields, kind))
                except Exception:
                    log.exception("workers: a change could not be taken in")
                self._writer.write(b"%d\n" % news.number)


def _all_kinds(kind: type[Event]) -> Iterator[type[Event]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all_kinds(below)
