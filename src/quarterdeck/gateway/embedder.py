"""The contract of an embedder: texts in, unit vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.errors import Unavailable

Vectors = NDArray[np.float32]


class Embedder(ABC):
    """Turns texts into vectors of length one. Blocking and thread-safe: call it in a thread."""

    name: str
    """What index versions record, weights and settings included: another name means other vectors."""
    dimensions: int
    ready: bool = True
    """False when `embed` can only refuse: search then works by full text alone."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (texts, dimensions), float32, each of length one."""

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """How many tokens the model sees in a text."""


class NoEmbedder(Embedder):
    """The embedder of a house without one: it says how to get one."""

    name = "none"
    dimensions = 0
    ready = False

    def __init__(self, remedy: str) -> None:
        self.remedy = remedy

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise Unavailable(self.remedy)

    def count_tokens(self, text: str) -> int:
        raise Unavailable(self.remedy)
