"""Which files an ingestion means: folders walked, hidden things left out, every file with its one name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.cli.exits import WrongUse
from quarterdeck.core.errors import NotFound

# Folders that tools fill and nobody means: their content is not documents.
_NOT_DOCUMENTS = {"node_modules", "__pycache__", "__MACOSX"}


@dataclass(frozen=True)
class File:
    """A file on this disk, and the path it has in the knowledge base."""

    path: str
    location: Path


@dataclass(frozen=True)
class Fingerprint:
    """What the server needs to know whether it has a file already."""

    path: str
    sha256: str
    size: int


def find_files(places: Sequence[Path]) -> list[File]:
    """Every file below the places, sorted. Below a folder, a file is named by its way from that folder."""
    found: dict[str, File] = {}
    for place in places:
        for file in _below(place):
            twin = found.setdefault(file.path, file)
            if twin.location.resolve() != file.location.resolve():
                raise WrongUse(
                    f"`{twin.location}` and `{file.location}` would both be called `{file.path}`. "
                    "Ingest the folder above them instead."
                )
    return [found[path] for path in sorted(found)]


def fingerprint(file: File) -> Fingerprint:
    """Read a file once, without holding it in memory."""
    digest = hashlib.sha256()
    size = 0
    with file.location.open("rb") as content:
        while part := content.read(1 << 20):
            digest.update(part)
            size += len(part)
    return Fingerprint(file.path, digest.hexdigest(), size)


def _below(place: Path) -> Iterator[File]:
    if place.is_file():
        yield File(place.name, place)
        return
    if not place.is_dir():
        raise NotFound(f"There is no file or folder `{place}`.")
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_DOCUMENTS)
        for name in sorted(names):
            location = Path(folder, name)
            if not name.startswith(".") and not name.startswith("~$") and location.is_file():
                yield File(location.relative_to(place).as_posix(), location)
