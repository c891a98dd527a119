"""A log on disk between those who must not wait and those who store: what `append` took, no crash takes back.

One process writes, in whole frames, to the newest segment; one reader follows and says how far it is done, and segments
behind it are deleted. The log is synced to the disk about once a second: a killed process loses nothing, a power cut
at most the last second.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.core.errors import Unavailable
from quarterdeck.storage import segments
from quarterdeck.storage.folder import locked_folder

log = logging.getLogger(__name__)

SEGMENT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, order=True)
class SpoolPosition:
    """A place in the spool, between two payloads."""

    segment: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Batch:
    """Some payloads in the order they were appended, and where the next ones begin."""

    payloads: list[bytes]
    until: SpoolPosition
    items: int
    damaged: int = 0
    """Frames left out because their checksum does not fit any more."""


@dataclass(frozen=True)
class Recovery:
    """What `open` found: how much of an unfinished write was cut off, and how much the disk has spoilt."""

    cut_bytes: int = 0
    damaged_frames: int = 0


class Spool:
    """An append-only log in a folder of its own."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, sync_every_s: float = 1.0) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._sync_every_s = sync_every_s
        self._lock = threading.Lock()
        self._file: int | None = None
        self._held = ExitStack()
        self._number = 0
        self._size = 0
        self._torn = False
        self._items = 0
        self._retired: list[int] = []  # full segments, still to be synced and closed
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._syncer: threading.Thread | None = None

    @property
    def end(self) -> SpoolPosition:
        """Where the next payload will go."""
        with self._lock:
            return SpoolPosition(self._number, self._size)

    @property
    def items(self) -> int:
        """How many items were ever appended, in this process and before it."""
        return self._items

    def open(self, *, after: SpoolPosition = SpoolPosition(), items: int = 0) -> Recovery:
        """Make ready to append, cutting off what a crash left half-written.

        `after` and `items` say how far the reader is: should the spool have lost more than that (its folder was
        emptied, or the power failed), it goes on from there, and no position is ever used twice.
        """
        self._held.enter_context(locked_folder(self.folder))
        try:
            recovery = self._recover()
            if SpoolPosition(self._number, self._size) < after:
                self._items = max(self._items, items)
                self._begin_segment(max(self._number, after.segment) + 1)
            elif self._file is None:
                self._begin_segment(1)
        except BaseException:
            self._release()
            raise
        self._closing.clear()
        self._syncer = threading.Thread(target=self._sync_regularly, name="spool-sync", daemon=True)
        self._syncer.start()
        return recovery

    def append(self, payload: bytes, *, count: int = 1) -> None:
        """Keep a payload of `count` items. When this returns, even `kill -9` cannot lose it."""
        frame = segments.frame(payload, count)
        with self._lock:
            if self._file is None:
                raise Unavailable("The spool is closed: the server is stopping. Try again in a moment.")
            if self._size + len(frame) > self._segment_bytes and self._size > segments.HEADER.size:
                self._begin_segment(self._number + 1)
            self._write(frame)
            self._items += count
        if not self._dirty.is_set():
            self._dirty.set()

    def read(self, position: SpoolPosition, *, max_bytes: int = 4 * 1024 * 1024) -> Batch:
        """The payloads from a position on: about `max_bytes`, but at least one if there is one."""
        payloads: list[bytes] = []
        taken = items = damaged = 0
        for number, start, end in self._stretches(position):
            file = os.open(segments.path_of(self.folder, number), os.O_RDONLY)
            try:
                position = SpoolPosition(number, start)
                for frame in segments.frames(file, start, end):
                    position = SpoolPosition(number, frame.end)
                    if frame.payload is None:
                        damaged += 1
                        continue
                    payloads.append(frame.payload)
                    taken += len(frame.payload)
                    items += frame.count
                    if taken >= max_bytes:
                        return Batch(payloads, position, items, damaged)
            finally:
                os.close(file)
        return Batch(payloads, position, items, damaged)

    def count_after(self, position: SpoolPosition) -> int:
        """How many items lie behind a position, counted on the disk itself."""
        count = 0
        for number, start, end in self._stretches(position):
            file = os.open(segments.path_of(self.folder, number), os.O_RDONLY)
            try:
                count += sum(frame.count for frame in segments.frames(file, start, end))
            finally:
                os.close(file)
        return count

    def forget(self, until: SpoolPosition) -> None:
        """Delete the segments that end before a position. The newest stays: it knows how many items there were."""
        for number in segments.numbers_in(self.folder):
            if number < min(until.segment, self._number):
                segments.path_of(self.folder, number).unlink(missing_ok=True)

    def close(self) -> None:
        """Bring everything to the disk and let go of the folder."""
        self._closing.set()
        self._dirty.set()
        if self._syncer is not None:
            self._syncer.join()
            self._syncer = None
        self._sync()
        self._release()

    def _stretches(self, position: SpoolPosition) -> list[tuple[int, int, int]]:
        """Segment number, first and last offset of everything behind a position."""
        until = self.end
        stretches = []
        for number in segments.numbers_in(self.folder):
            if position.segment <= number <= until.segment:
                start = max(position.offset if number == position.segment else 0, segments.HEADER.size)
                full = number < until.segment
                end = segments.path_of(self.folder, number).stat().st_size if full else until.offset
                stretches.append((number, start, end))
        return stretches

    def _recover(self) -> Recovery:
        """Find the end of what is whole. Only the newest segment can have a torn tail, unless the power failed."""
        cut = damaged = 0
        for number in segments.numbers_in(self.folder):
            path = segments.path_of(self.folder, number)
            found = segments.survey(path)
            if found is None:
                cut += path.stat().st_size
                path.unlink()
                continue
            if found.end < found.size:
                cut += found.size - found.end
                os.truncate(path, found.end)
            damaged += found.damaged
            self._items = max(self._items, found.items_before) + found.items
            self._number, self._size = number, found.end
        if self._number:
            self._file = _open_to_append(segments.path_of(self.folder, self._number))
        if cut or damaged:
            log.warning("spool: cut %d bytes of an unfinished write, found %d damaged frames", cut, damaged)
        return Recovery(cut, damaged)

    def _begin_segment(self, number: int) -> None:
        path = segments.path_of(self.folder, number)
        start = segments.header(self._items)
        try:
            file = _open_to_append(path)
            try:
                if os.write(file, start) != len(start):
                    raise OSError("short write")
            except OSError:
                os.close(file)
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._full(error) from error
        if self._file is not None:
            self._retired.append(self._file)
        self._file, self._number, self._size, self._torn = file, number, len(start), False
        self._dirty.set()

    def _write(self, frame: bytes) -> None:
        """One write call. A part of a frame, as a full disk leaves it, is taken back before anything follows it."""
        assert self._file is not None  # noqa: S101  # for the type checker: callers have looked
        try:
            if self._torn:
                os.ftruncate(self._file, self._size)
                self._torn = False
            written = os.write(self._file, frame)
            if written < len(frame):
                self._torn = True
                os.ftruncate(self._file, self._size)
                self._torn = False
                raise OSError("only a part could be written")
        except OSError as error:
            raise self._full(error) from error
        self._size += len(frame)

    def _full(self, error: OSError) -> Unavailable:
        reason = error.strerror or str(error)
        return Unavailable(
            f"Nothing can be recorded: writing to `{self.folder}` failed ({reason}). "
            "Free some disk space; the server goes on by itself."
        )

    def _sync_regularly(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            self._closing.wait(self._sync_every_s)
            self._dirty.clear()
            self._sync()

    def _sync(self) -> None:
        with self._lock:
            retired, self._retired = self._retired, []
            current = os.dup(self._file) if self._file is not None else None
        for file in (*retired, current):
            if file is not None:
                try:
                    os.fsync(file)
                except OSError as error:
                    log.error("spool: cannot sync `%s`: %s", self.folder, error)
                finally:
                    os.close(file)
        if retired:
            _sync_folder(self.folder)

    def _release(self) -> None:
        with self._lock:
            for file in (self._file, *self._retired):
                if file is not None:
                    os.close(file)
            self._file, self._retired = None, []
        self._held.close()


def _open_to_append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
