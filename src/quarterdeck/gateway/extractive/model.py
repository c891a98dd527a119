"""The small linear models behind an extractive answer, with their published coefficients in `model.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.extractive.evidence import STATEMENT_FEATURES
from quarterdeck.gateway.extractive.support import SUPPORT_FEATURES


@dataclass(frozen=True)
class Model:
    """Which statement answers best (a choice among candidates), and whether any does (a calibrated probability)."""

    statement: NDArray[np.float64]
    support: NDArray[np.float64]
    support_bias: float
    threshold: float
    """Below this probability of being an answer, we decline."""

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """How well each statement answers, on a scale of log odds between statements."""
        return features @ self.statement

    def probability(self, features: NDArray[np.float64]) -> float:
        """How likely the best statement is an answer."""
        return float(1.0 / (1.0 + np.exp(-(features @ self.support + self.support_bias))))


@lru_cache(maxsize=2)
def load(*, with_vectors: bool) -> Model:
    """The model for a house with an embedder, or for one that has words only."""
    content = json.loads(resources.files(__package__).joinpath("model.json").read_text(encoding="utf-8"))
    part = content["with_vectors" if with_vectors else "words_only"]
    return Model(
        statement=np.array([part["statement"][name] for name in STATEMENT_FEATURES]),
        support=np.array([part["support"][name] for name in SUPPORT_FEATURES]),
        support_bias=part["support_bias"],
        threshold=part["threshold"],
    )
