"""Remembers the vectors of short texts, so that a sentence is embedded once however often it is a candidate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedder import Embedder, Vectors

REMEMBERED = 12_000
"""At 384 half-precision numbers a text, about 9 MB."""


class VectorMemory:
    """An embedder with a bounded memory; safe to use from several threads."""

    def __init__(self, embedder: Embedder, *, size: int = REMEMBERED) -> None:
        self._embedder = embedder
        self._size = size
        self._vectors: OrderedDict[str, NDArray[np.float16]] = OrderedDict()
        self._lock = Lock()

    @property
    def embed_if_ready(self) -> Callable[[Sequence[str]], Vectors] | None:
        """`embed`, or None in a house without an embedder."""
        return self.embed if self._embedder.ready else None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors for texts, computed only for those not seen lately."""
        matrix: Vectors = np.empty((len(texts), self._embedder.dimensions), dtype=np.float32)
        missing: dict[str, list[int]] = {}
        with self._lock:
            for place, text in enumerate(texts):
                known = self._vectors.get(text)
                if known is None:
                    missing.setdefault(text, []).append(place)
                else:
                    self._vectors.move_to_end(text)
                    matrix[place] = known
        if missing:
            computed = self._embedder.embed(list(missing))
            with self._lock:
                for vector, (text, places) in zip(computed, missing.items(), strict=True):
                    matrix[places] = vector
                    self._vectors[text] = vector.astype(np.float16)
                while len(self._vectors) > self._size:
                    self._vectors.popitem(last=False)
        return matrix
