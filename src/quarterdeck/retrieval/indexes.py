"""The index versions that searches have opened: their passages in order, and their vectors, mapped from a file.

The files are copies of what the database has, for speed and small memory: they may be deleted at any time.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core import clock, ids
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.retrieval.records import IndexName
from quarterdeck.retrieval.store import embedding_rows, passages, term_splitter
from quarterdeck.storage.database import Database

_MOST_OPEN = 16
_MOST_FILES = 64
_SEARCH_THREADS = 4
_LOOK_FOR_NEW_VECTORS_EVERY_NS = 500_000_000


@dataclass(frozen=True)
class OpenIndex:
    """An index version as a search needs it: entry `n` of each array belongs to the same passage."""

    rowids: NDArray[np.int64]
    """The passages in the database, ascending."""
    words: NDArray[np.float32]
    vectors: Vectors
    """Zeros where a passage has no vector yet."""
    embedded: NDArray[np.bool_]
    newest_vector: int
    looked_ns: int

    def numbers(self, rowids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """The entries of passages; -1 for those of other index versions."""
        wanted = np.asarray(rowids, dtype=np.int64)
        places = np.searchsorted(self.rowids, wanted)
        places[places == len(self.rowids)] = 0
        return np.where(self.rowids[places] == wanted, places, -1) if len(self.rowids) else np.full(len(wanted), -1)


class Indexes:
    """Opens index versions, and keeps those that were used last."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._open: OrderedDict[str, OpenIndex] = OrderedDict()
        self._opening = asyncio.Lock()
        self.terms = term_splitter.Terms()
        self.threads = ThreadPoolExecutor(_SEARCH_THREADS, thread_name_prefix="search")
        """Searches have threads of their own, so that none waits behind a document that is being read."""

    async def get(self, index: IndexName, dimensions: int) -> OpenIndex:
        """An index version, with the vectors that it has by now; without any where `dimensions` is 0."""
        found = self._open.get(index.id)
        if found is None or not _is_fresh(found):
            async with self._opening:
                found = self._open.get(index.id)
                if found is None:
                    found = await self._load(index, dimensions)
                if not _is_fresh(found):
                    found = await self._with_new_vectors(index, found)
                self._open[index.id] = found
        self._open.move_to_end(index.id)
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        return found

    def close(self) -> None:
        """Let everything go."""
        self._open.clear()
        self.threads.shutdown()
        self.terms.close()

    async def _load(self, index: IndexName, dimensions: int) -> OpenIndex:
        members = await passages.member_chunks(self._database, index.id)
        rowids = np.array([rowid for rowid, _ in members], dtype=np.int64)
        words = np.array([count for _, count in members], dtype=np.float32)
        mapped = await asyncio.to_thread(self._mapped, index, len(members), dimensions)
        if mapped is not None:
            return OpenIndex(rowids, words, mapped, np.ones(len(members), dtype=np.bool_), 0, 0)
        none = np.zeros((len(members), dimensions), dtype=np.float32)
        return OpenIndex(rowids, words, none, np.zeros(len(members), dtype=np.bool_), 0, 0)

    async def _with_new_vectors(self, index: IndexName, found: OpenIndex) -> OpenIndex:
        """The index with the vectors that came since; once all are there, they move into a file."""
        looked = clock.monotonic_ns()
        new = await embedding_rows.vectors(self._database, index.id, index.embedder, after=found.newest_vector)
        if not new:
            return OpenIndex(found.rowids, found.words, found.vectors, found.embedded, found.newest_vector, looked)
        # In place: a search that runs now does not look at rows whose flag, in its own copy, is not set.
        vectors, embedded = found.vectors, found.embedded.copy()
        numbers = found.numbers([rowid for _, rowid, _ in new])
        vectors[numbers] = np.frombuffer(b"".join(vector for _, _, vector in new), dtype="<f2").reshape(len(new), -1)
        embedded[numbers] = True
        if embedded.all():
            vectors = await asyncio.to_thread(self._moved_into_file, index, vectors)
        newest = max(row for row, _, _ in new)
        return OpenIndex(found.rowids, found.words, vectors, embedded, newest, looked)

    def _mapped(self, index: IndexName, passages: int, dimensions: int) -> Vectors | None:
        path = self._path(index)
        try:
            if passages and path.stat().st_size == passages * dimensions * 4:
                return np.memmap(path, dtype="<f4", mode="r", shape=(passages, dimensions))
        except OSError:
            return None
        return None

    def _moved_into_file(self, index: IndexName, vectors: Vectors) -> Vectors:
        path = self._path(index)
        draft = path.with_name(ids.new_id("draft"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for old in sorted(path.parent.iterdir(), key=lambda file: -file.stat().st_mtime_ns)[_MOST_FILES - 1 :]:
                old.unlink(missing_ok=True)
            with draft.open("wb") as file:
                file.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:  # a full disk costs memory, not the search
            draft.unlink(missing_ok=True)
            return vectors
        mapped = self._mapped(index, *vectors.shape)
        return vectors if mapped is None else mapped

    def _path(self, index: IndexName) -> Path:
        return self._folder / f"{index.id}.f32"


def _is_fresh(index: OpenIndex) -> bool:
    without_vectors = index.vectors.shape[1] == 0
    return (
        without_vectors
        or bool(index.embedded.all())
        or clock.monotonic_ns() - index.looked_ns < _LOOK_FOR_NEW_VECTORS_EVERY_NS
    )
