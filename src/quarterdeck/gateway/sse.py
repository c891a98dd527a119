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


def bounds_of_event(block: bytes, position: int) -> tuple[int, int]:
    """Where the event around a position begins and ends in a block of whole events, its empty line included."""
    start = max(block.rfind(b"\n\n", 0, position) + 2, block.rfind(b"\n\r\n", 0, position) + 3)
    ends = [found for found in (block.find(b"\n\n", position) + 2, block.find(b"\n\r\n", position) + 3) if found > 2]
    return (start if start > 2 else 0), min((end for end in ends if end > position), default=len(block))


def events(block: bytes) -> list[bytes]:
    """The events of a block, without the empty lines between them."""
    return [event for event in _BETWEEN_EVENTS.split(block) if event]


def payloads_as_array(block: bytes) -> bytes:
    """What all events of a block carry, as one JSON array, if each is one line `data: {…}` as with most providers."""
    if block.startswith(b"data: {") and b"\r" not in block:
        inside = block[6:].removesuffix(DONE).rstrip(b"\n").replace(b"\n\ndata: ", b",")
        if b"\n" not in inside:
            return b"[" + inside + b"]"
    found = [data for data in _DATA_LINE.findall(block) if data and data != b"[DONE]"]
    return b"[" + b",".join(found) + b"]"


def payload(event: bytes) -> bytes:
    """What one event carries: its `data:` lines, joined."""
    return b"\n".join(_DATA_LINE.findall(event))


def event(data: bytes) -> bytes:
    """An event of ours."""
    return b"data: " + data + b"\n\n"
