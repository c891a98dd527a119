"""Fits the two regressions of a router: how likely the weak model is right on a request, and the strong one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.logistic import Numbers, fit_logistic
from quarterdeck.gateway.routing.learned.model import Head

_MOST_DIRECTIONS = 64
_ROWS_A_DIRECTION = 20
_PENALTY = 30.0
_ROWS_FOR_DIRECTIONS = 4000
_SEED = 1


@dataclass(frozen=True)
class Fitted:
    """Two regressions over shape and meaning."""

    mean: Vectors
    directions: Vectors
    weak: Head
    strong: Head

    def raw(self, forms: Numbers, vectors: Vectors) -> Numbers:
        """What the strong model is expected to gain, before calibration."""
        rows = np.column_stack([forms, (vectors - self.mean) @ self.directions])
        return self.strong.chances(rows) - self.weak.chances(rows)


def fit(forms: Numbers, vectors: Vectors, weak: Numbers, strong: Numbers) -> Fitted:
    """Both regressions, from scores of 0 to 1."""
    mean, directions = _directions(vectors)
    rows = np.column_stack([forms, (vectors - mean) @ directions])
    return Fitted(mean, directions, _head(rows, weak), _head(rows, strong))


def _head(rows: Numbers, scores: Numbers) -> Head:
    return Head(*fit_logistic(rows, scores, penalty=_PENALTY))


def _directions(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """The middle of the requests, and the directions in which they differ most."""
    count = min(_MOST_DIRECTIONS, len(vectors) // _ROWS_A_DIRECTION, vectors.shape[1])
    mean: Vectors = vectors.mean(axis=0)
    if count == 0:
        return mean, np.zeros((vectors.shape[1], 0), dtype=np.float32)
    chosen = np.random.default_rng(_SEED).permutation(len(vectors))[:_ROWS_FOR_DIRECTIONS]
    _, _, axes = np.linalg.svd(vectors[chosen] - mean, full_matrices=False)
    return mean, np.ascontiguousarray(axes[:count].T)
