"""The file format of the spool: a segment is a header, then frames with a length, a checksum and a payload each."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"QDSPOOL1"
HEADER = struct.Struct("<8sQ")
"""The magic, and how many items were appended to the spool before this segment."""
FRAME = struct.Struct("<III")
"""Length of the payload, checksum of count and payload, count of items in the payload."""
_COUNT = struct.Struct("<I")
READ_BYTES = 1024 * 1024
_SUFFIX = ".spool"


@dataclass(frozen=True)
class Frame:
    """One payload as it lies in a segment; `payload` is None when its checksum does not fit."""

    payload: bytes | None
    count: int
    end: int
    """Where the next frame begins."""


@dataclass(frozen=True)
class Survey:
    """What a segment holds: items in whole frames, and where the last whole frame ends."""

    items_before: int
    items: int
    end: int
    size: int
    damaged: int
    """Frames before the end whose checksum does not fit: a disk fault, not a crash."""


def frame(payload: bytes, count: int) -> bytes:
    """A payload ready to be written."""
    return FRAME.pack(len(payload), _checksum(payload, count), count) + payload


def header(items_before: int) -> bytes:
    """The start of a new segment."""
    return HEADER.pack(MAGIC, items_before)


def path_of(folder: Path, number: int) -> Path:
    """Where a segment lies; names sort as numbers do."""
    return folder / f"{number:010d}{_SUFFIX}"


def numbers_in(folder: Path) -> list[int]:
    """The segments that a folder holds, oldest first."""
    return sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def frames(file: int, offset: int, end: int) -> Iterator[Frame]:
    """The frames of an open segment between two offsets, read in large pieces. Stops at the first incomplete one."""
    piece, start = b"", offset
    while offset + FRAME.size <= end:
        if offset + FRAME.size > start + len(piece):
            piece, start = os.pread(file, READ_BYTES, offset), offset
            if len(piece) < FRAME.size:
                return
        length, checksum, count = FRAME.unpack_from(piece, offset - start)
        begin, after = offset + FRAME.size, offset + FRAME.size + length
        if after > end:
            return
        if after > start + len(piece):
            piece, start = os.pread(file, max(READ_BYTES, FRAME.size + length), offset), offset
        payload = piece[begin - start : after - start]
        # A row of zeros, as a power cut leaves behind, has no payload and is no frame.
        whole = length > 0 and _checksum(payload, count) == checksum
        yield Frame(payload if whole else None, count if whole else 0, after)
        offset = after


def survey(path: Path) -> Survey | None:
    """Read a segment from end to end. None when not even its header is whole: it was cut off at birth."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(HEADER.size)
        if len(start) < HEADER.size or not start.startswith(MAGIC):
            return None
        _, items_before = HEADER.unpack(start)
        items, end, damaged, doubtful = 0, HEADER.size, 0, 0
        for each in frames(file.fileno(), HEADER.size, size):
            if each.payload is None:
                doubtful += 1
            else:
                items, end, damaged, doubtful = items + each.count, each.end, damaged + doubtful, 0
        return Survey(items_before, items, end, size, damaged)


def _checksum(payload: bytes, count: int) -> int:
    return zlib.crc32(payload, zlib.crc32(_COUNT.pack(count)))
