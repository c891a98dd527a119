"""Server-sent events as bytes: where one ends, what it carries, and how ours are written. Nothing is rebuilt."""

from __future__ import annotations

import re

from quarterdeck.core.errors import UpstreamFailed

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"
_LARGEST_EVENT = 16 * 1024 * 1024
_BETWEEN_EVENTS = re.compile(rb"\r?\n\r?\n")
_DATA_LINE = re.compile(rb"^data:[ ]?([^\r\n]*)", re.MULTILINE)


class EventScanner:
    """Cuts a byte stream between events, wherever its chunks are cut. What it gives out are whole events, untouched."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """The events that are complete now, as one block; empty when none is."""
        if not self._rest and chunk.endswith(b"\n\n"):
            return chunk
        # A boundary may lie across the seam, at most three bytes before it.
        seam = max(0, len(self._rest) - 3)
        self._rest += chunk
        end = max(self._rest.rfind(b"\n\n", seam) + 2, self._rest.rfind(b"\n\r\n", seam) + 3)
        if end < 3:
            if len(self._rest) > _LARGEST_EVENT:
                raise UpstreamFailed(f"The provider sent one event of more than {_LARGEST_EVENT >> 20} MB.")
            return b""
        block = bytes(self._rest[:end])
        del self._rest[:end]
        return block

    def rest(self) -> bytes:
        """What came after the last whole event."""
        return bytes(self._rest)


def events(block: bytes) -> list[bytes]:
    """The events of a block, without the empty lines between them."""
    return [event for event in _BETWEEN_EVENTS.split(block) if event]


def payloads(block: bytes) -> list[bytes]:
    """What each `data:` line carries, for streams that put one event's data on one line, as all model providers do."""
    return _DATA_LINE.findall(block)


def payload(event: bytes) -> bytes:
    """What one event carries: its `data:` lines, joined."""
    return b"\n".join(_DATA_LINE.findall(event))


def event(data: bytes) -> bytes:
    """An event of ours."""
    return b"data: " + data + b"\n\n"
