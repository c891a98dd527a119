"""Large immutable bytes, kept in a folder under the hash of their content."""

from __future__ import annotations

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

    def get(self, address: str) -> bytes:
        """The content at an address."""
        try:
            return self.path(address).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"No blob has the address `{address}`.") from error

    def path(self, address: str) -> Path:
        """Where a blob lies: two levels deep, so that no folder grows too long."""
        return self._folder / address[:2] / address
