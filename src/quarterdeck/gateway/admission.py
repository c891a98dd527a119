"""Whether one more request can be taken: room for it in flight, and room on the disk to record it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quarterdeck.core import clock
from quarterdeck.core.errors import LimitReached, Unavailable

_LEAST_FREE_BYTES = 32 * 1024 * 1024
_LOOK_EVERY_NS = 500_000_000


class Admission:
    """Counts what is in flight, and looks at the disk now and then: an answer that cannot be recorded is not begun."""

    def __init__(self, home: Path, most: int) -> None:
        self.in_flight = 0
        self.shed = 0
        """How many were refused because too many were in flight."""
        self._home = home
        self._most = most
        self._looked_ns = 0
        self._full = False

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Let a request in, or refuse it."""
        if self.in_flight >= self._most:
            self.shed += 1
            raise LimitReached(
                f"{self.in_flight} requests are in flight, which is the most this server takes "
                "(`QUARTERDECK_MAX_IN_FLIGHT`). Try again in a moment."
            )
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def require_disk(self) -> None:
        """Refuse to begin what could not be recorded."""
        now = clock.monotonic_ns()
        if now - self._looked_ns > _LOOK_EVERY_NS:
            self._looked_ns = now
            disk = os.statvfs(self._home)
            self._full = disk.f_bavail * disk.f_frsize < _LEAST_FREE_BYTES
        if self._full:
            raise Unavailable(
                f"The disk of the data folder has less than {_LEAST_FREE_BYTES >> 20} MB left, so answers could not be "
                "recorded. Free some space."
            )
