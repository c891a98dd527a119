"""Large immutable bytes, kept in a folder under the hash of their content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from quarterdeck.core.errors import NotFound
from quarterdeck.core.hashing import sha256
from quarterdeck.core.ids import new_id


class Blobs:
    """A folder of blobs: writing the same content twice keeps it once; a crash leaves no half blob."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content` and return its address."""
        address = sha256(content)
        path = self.path(address)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(new_id("draft"))
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return address

    def draft(self) -> Draft:
        """A blob that is too large for memory, to be written piece by piece."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return Draft(self, self._folder / new_id("draft"))

    def get(self, address: str) -> bytes:
        """The content at an address."""
        try:
            return self.path(address).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"No blob has the address `{address}`.") from error

    def path(self, address: str) -> Path:
        """Where a blob lies: two levels deep, so that no folder grows too long."""
        return self._folder / address[:2] / address


class Draft:
    """A blob in the making. Whoever begins it says `keep` or `discard`."""

    def __init__(self, blobs: Blobs, path: Path) -> None:
        self._blobs = blobs
        self._path = path
        self._file = path.open("wb")
        self._hash = hashlib.sha256()

    def write(self, part: bytes) -> None:
        """Some more of it."""
        self._file.write(part)
        self._hash.update(part)

    def keep(self) -> str:
        """It is whole: its address."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        address = self._hash.hexdigest()
        path = self._blobs.path(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(path)
        return address

    def discard(self) -> None:
        """It will not be whole: nothing remains of it."""
        self._file.close()
        self._path.unlink(missing_ok=True)
