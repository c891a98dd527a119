"""How sure we are that a question means the same as one that was answered: a handful of numbers, one logistic model.

The model is shipped, tells where it comes from in its card, and orders would-be hits; how many of them are wrong at each
of its scores is measured for every app anew (`promise.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.commonness import weight
from quarterdeck.core.language import STOP_WORDS, terms, words
from quarterdeck.gateway.semantic.vetoes import denies_otherwise

NEIGHBOURS = 5
FEATURES = (
    "best",
    "second",
    "mean",
    "margin_to_others",
    "agreement",
    "mass_for_best",
    "shared_terms",
    "rarest_missing",
    "question_word",
    "denies_otherwise",
    "length_ratio",
    "short",
)
_ASKING = ("how", "what", "when", "where", "who", "why", "which", "can", "is", "are", "do", "does", "should")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A question that was answered before, as near as it is to the one that is asked now."""

    text: str
    similarity: float
    agrees: bool
    """Whether its answer says what the nearest one's answer says."""


@dataclass(frozen=True)
class Model:
    """The coefficients, and the card that tells of them."""

    weights: NDArray[np.float64]
    bias: float
    card: dict[str, object]
    version: str


def probability(question: str, neighbours: Sequence[Neighbour]) -> float:
    """How likely the nearest neighbour's answer is the answer to the question, before anything is known of the app."""
    loaded = model()
    return 1.0 / (1.0 + math.exp(-(float(features(question, neighbours) @ loaded.weights) + loaded.bias)))


def features(question: str, neighbours: Sequence[Neighbour]) -> NDArray[np.float64]:
    """The numbers, in the order of `FEATURES`. The nearest neighbour stands first; there is one at least."""
    best = neighbours[0]
    similarities = [one.similarity for one in neighbours]
    # A neighbour that answers something else and is as near as the best is the best warning there is.
    rival = max((one.similarity for one in neighbours if not one.agrees), default=0.0)
    mass = [max(0.0, one.similarity) ** 8 for one in neighbours]
    agreeing = sum(part for part, one in zip(mass, neighbours, strict=True) if one.agrees)
    mine, theirs = terms(question), terms(best.text)
    total = sum(map(weight, {*mine, *theirs})) or 1.0
    apart = set(mine) ^ set(theirs)
    return np.array(
        [
            best.similarity,
            similarities[1] if len(similarities) > 1 else 0.0,
            sum(similarities) / len(similarities),
            best.similarity - rival,
            sum(one.agrees for one in neighbours) / len(neighbours),
            agreeing / (sum(mass) or 1.0),
            sum(map(weight, set(mine) & set(theirs))) / total,
            max(map(weight, apart), default=0.0),
            float(_asking(question) == _asking(best.text)),
            float(denies_otherwise(question, best.text)),
            min(len(mine), len(theirs)) / max(len(mine), len(theirs), 1),
            float(min(len(mine), len(theirs)) < 3),
        ]
    )


@lru_cache(maxsize=1)
def model() -> Model:
    """The shipped model."""
    content = json.loads(resources.files(__package__).joinpath("model.json").read_text(encoding="utf-8"))
    weights = np.array([content["weights"][name] for name in FEATURES])
    return Model(weights, float(content["bias"]), content["card"], str(content["card"]["version"]))


def _asking(text: str) -> str:
    return next((word for word in words(text)[:6] if word in _ASKING and word in STOP_WORDS), "")
