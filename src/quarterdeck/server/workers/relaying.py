"""Brings the spans of workers to the main process, which alone writes the span store.

A worker spools its spans as the main process does, so that none is lost when either dies. Its carrier hands whole batches over
this socket instead of to a database, and notes in a file how far it has come; what is handed over twice is stored once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from quarterdeck.core.errors import Unavailable
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.span_store import SpanStore, SpoolPosition, Stored
from quarterdeck.runtime.tracing import Span

log = logging.getLogger(__name__)

_TAKEN = b"+"
_REFUSED = b"-"
_LARGEST = 256 * 1024 * 1024
_PATIENCE_S = 30.0


class SpanRelay:
    """The main process's side: takes batches and accepts them as its own."""

    def __init__(self, recorder: Recorder, path: Path) -> None:
        self._recorder = recorder
        self._path = path
        self._decode = msgspec.msgpack.Decoder(list[Span]).decode
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen for workers."""
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(8), "big")
                if size > _LARGEST:
                    return
                batch = await reader.readexactly(size)
                writer.write(_TAKEN if await self._accept(batch) else _REFUSED)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _accept(self, batch: bytes) -> bool:
        try:
            await asyncio.to_thread(lambda: self._recorder.accept(self._decode(batch)))
        except Unavailable as error:
            log.error("workers: spans cannot be taken: %s", error.message)
            return False
        return True


class RelayedSpans(SpanStore):
    """A worker's side: a store that hands on what it gets. It answers no questions; those are asked of the main process."""

    def __init__(self, path: Path, position: Path) -> None:
        self._path = path
        self._position = position
        self._line: socket.socket | None = None
        self._stored = Stored(SpoolPosition(), 0, 0)
        self._encode = msgspec.msgpack.Encoder().encode

    def open(self) -> None:
        if self._position.exists():
            self._stored = msgspec.json.decode(self._position.read_bytes(), type=Stored)

    def close(self) -> None:
        self._hang_up()

    def stored(self) -> Stored:
        return self._stored

    def add(self, spans: Sequence[Span], until: SpoolPosition) -> int:
        try:
            self._hand_over(self._encode(spans))
        except OSError:
            self._hang_up()
            raise
        self._stored = Stored(until, self._stored.received + len(spans), 0)
        draft = self._position.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(self._stored))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._position)
        return len(spans)

    def tidy(self) -> None:
        return None

    def _hand_over(self, batch: bytes) -> None:
        if self._line is None:
            self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._line.settimeout(_PATIENCE_S)
            self._line.connect(str(self._path))
        self._line.sendall(len(batch).to_bytes(8, "big") + batch)
        if self._line.recv(1) != _TAKEN:
            raise ConnectionError("the main process did not take the spans")

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _elsewhere(self, *_: Any, **__: Any) -> NoReturn:  # Any: questions of all kinds
        raise Unavailable("Traces are asked for in the main process, not in a worker.")

    traces = count = summary = trace = histogram = overview = spend = savings = _elsewhere
    unpriced_models = paid_calls = correct_bills = corrections_of = corrected_bills = spans_stored = _elsewhere
