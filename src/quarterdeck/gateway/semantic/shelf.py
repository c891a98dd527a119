"""The answers that may be given again, by scope: vectors side by side, few enough to compare with all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from quarterdeck.core import clock
from quarterdeck.gateway.cache import Entry
from quarterdeck.gateway.embedder import Vectors

MOST_IN_SCOPE = 2000
MOST_BYTES = 64 * 1024 * 1024
_FIRST_ROWS = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that was answered, and the answer in the client's own format."""

    question: str
    answer: str
    answer_vector: Vectors
    entry: Entry
    kept_ns: int
    target: tuple[str, str]
    """The project, and what was asked: an app or a model."""

    @property
    def size(self) -> int:
        return self.entry.size + len(self.question) + len(self.answer) + 2 * self.answer_vector.nbytes


class _Shelf:
    """One scope. A ring: when it is full, the oldest place is taken."""

    def __init__(self, width: int) -> None:
        self.kept: list[Kept] = []
        self._vectors: Vectors = np.empty((_FIRST_ROWS, width), dtype=np.float32)
        self._next = 0

    def add(self, vector: Vectors, kept: Kept) -> int:
        """Put it in; the bytes by which the shelf grew."""
        if len(self.kept) < MOST_IN_SCOPE:
            if len(self.kept) == len(self._vectors):
                self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
            self._vectors[len(self.kept)] = vector
            self.kept.append(kept)
            return kept.size
        place, self._next = self._next, (self._next + 1) % MOST_IN_SCOPE
        grown = kept.size - self.kept[place].size
        self._vectors[place], self.kept[place] = vector, kept
        return grown

    def similarities(self, vector: Vectors) -> Vectors:
        found: Vectors = self._vectors[: len(self.kept)] @ vector
        return found


class Shelves:
    """All scopes. Used from the event loop only; bounded in bytes, the scope that was used least recently goes first."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self.bytes = 0
        self._most_bytes = most_bytes
        self._shelves: OrderedDict[bytes, _Shelf] = OrderedDict()

    def nearest(self, scope: bytes, vector: Vectors, count: int, *, newer_than_ns: int) -> list[tuple[Kept, float]]:
        """The answered questions nearest to a vector, with their similarity; those that are too old left out."""
        shelf = self._shelves.get(scope)
        if shelf is None:
            return []
        self._shelves.move_to_end(scope)
        similarities = shelf.similarities(vector)
        now = clock.monotonic_ns()
        for place, kept in enumerate(shelf.kept):
            if kept.kept_ns <= newer_than_ns or kept.entry.expires_ns <= now:
                similarities[place] = -1.0
        some = min(count, len(similarities))
        places = np.argpartition(-similarities, some - 1)[:some]
        ordered = sorted(map(int, places), key=lambda place: -similarities[place])
        return [(shelf.kept[place], float(similarities[place])) for place in ordered if similarities[place] > -1.0]

    def add(self, scope: bytes, vector: Vectors, kept: Kept) -> None:
        """Keep an answer, and make room for it."""
        shelf = self._shelves.get(scope)
        if shelf is None:
            shelf = self._shelves[scope] = _Shelf(len(vector))
        self._shelves.move_to_end(scope)
        self.bytes += shelf.add(vector, kept)
        while self.bytes > self._most_bytes:
            self._drop(next(iter(self._shelves)))

    def count(self, target: tuple[str, str]) -> int:
        """How many answers of an app or model are kept."""
        return sum(kept.target == target for kept in self._all())

    def purge(self, target: tuple[str, str]) -> int:
        """Forget the answers of an app or model; how many they were."""
        scopes = [s for s, shelf in self._shelves.items() if shelf.kept and shelf.kept[0].target == target]
        before = sum(len(self._shelves[scope].kept) for scope in scopes)
        for scope in scopes:
            self._drop(scope)
        return before

    def _all(self) -> Iterator[Kept]:
        return (kept for shelf in self._shelves.values() for kept in shelf.kept)

    def _drop(self, scope: bytes) -> None:
        self.bytes -= sum(kept.size for kept in self._shelves.pop(scope).kept)
