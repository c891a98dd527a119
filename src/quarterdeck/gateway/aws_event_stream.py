"""`application/vnd.amazon.eventstream`: cuts a byte stream into AWS's binary messages, and checks each one's sums.

A message: its length, the length of its headers, a checksum of these two, headers, payload, a checksum of it all.
"""

from __future__ import annotations

import struct
from binascii import crc32
from typing import NamedTuple

from quarterdeck.core.errors import UpstreamFailed

_PRELUDE = struct.Struct("!II")
_SUM = struct.Struct("!I")
_FRAME_BYTES = _PRELUDE.size + 2 * _SUM.size
_LARGEST_MESSAGE = 24 * 1024 * 1024
_LARGEST_HEADERS = 128 * 1024
_FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Header values by type: true, false, byte, short, int, long, timestamp, uuid."""
_BYTES, _TEXT = 6, 7


class AwsMessage(NamedTuple):
    """One message: its text headers (`:event-type`, …), and what it carries."""

    headers: dict[str, str]
    payload: bytes


class AwsMessageScanner:
    """Cuts a byte stream between messages, wherever its chunks are cut."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[AwsMessage]:
        """The messages that are complete now."""
        rest = self._rest
        rest += chunk
        found: list[AwsMessage] = []
        place = 0
        while len(rest) - place >= _PRELUDE.size + _SUM.size:
            size = self._size(bytes(rest[place : place + _PRELUDE.size + _SUM.size]))
            if len(rest) - place < size:
                break
            found.append(self._message(bytes(rest[place : place + size])))
            place += size
        del rest[:place]
        return found

    def rest(self) -> bytes:
        """What came after the last whole message."""
        return bytes(self._rest)

    def _size(self, prelude: bytes) -> int:
        size, headers_size = _PRELUDE.unpack_from(prelude)
        if crc32(prelude[: _PRELUDE.size]) != _SUM.unpack_from(prelude, _PRELUDE.size)[0]:
            raise self._broken("the checksum of its beginning is wrong")
        if size > _LARGEST_MESSAGE or headers_size > min(_LARGEST_HEADERS, size - _FRAME_BYTES):
            raise self._broken(f"it says it has {size} bytes, of which {headers_size} are headers")
        return int(size)

    def _message(self, frame: bytes) -> AwsMessage:
        end = len(frame) - _SUM.size
        if crc32(frame[:end]) != _SUM.unpack_from(frame, end)[0]:
            raise self._broken("its checksum is wrong")
        _, headers_size = _PRELUDE.unpack_from(frame)
        start = _PRELUDE.size + _SUM.size
        try:
            headers = _headers(frame[start : start + headers_size])
        except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
            raise self._broken("its headers cannot be read") from error
        return AwsMessage(headers, frame[start + headers_size : end])

    def _broken(self, reason: str) -> UpstreamFailed:
        return UpstreamFailed(f"`{self._provider}` sent a message that is damaged: {reason}.")


def _headers(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    place = 0
    while place < len(block):
        name_end = place + 1 + block[place]
        name, kind, place = block[place + 1 : name_end].decode(), block[name_end], name_end + 1
        if kind in (_BYTES, _TEXT):
            (size,) = struct.unpack_from("!H", block, place)
            place += 2
        else:
            size = _FIXED_SIZES[kind]
        value, place = block[place : place + size], place + size
        if place > len(block):
            raise IndexError
        if kind == _TEXT:
            found[name] = value.decode()
    return found
