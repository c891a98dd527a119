"""Rehearses a semantic cache on questions whose right answers are known: what would it have served, and how much wrongly?

Calibration from labels, training of the shipped model and the benchmark all go through here, so that they measure the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.semantic.likeness import NEIGHBOURS, Neighbour
from quarterdeck.gateway.semantic.vetoes import veto


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question and its right answer, or any name for it: equal names mean that one answer serves both."""

    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One question as the cache met it."""

    question: str
    neighbours: tuple[Neighbour, ...]
    vetoed: str | None
    wrong: bool
    """Whether the nearest neighbour's answer is not its own."""


def rehearse(
    questions: Sequence[LabelledQuestion], vectors: Vectors, *, filled: int = 1, growing: bool = True
) -> list[Rehearsed]:
    """Ask every question after the first `filled`, which are known already; when `growing`, what was asked is known too."""
    answers = np.array([hash(question.answer) for question in questions])
    found = []
    for number in range(filled, len(questions)):
        known = number if growing else filled
        similarities = vectors[:known] @ vectors[number]
        some = min(NEIGHBOURS, known)
        nearest = np.argpartition(-similarities, some - 1)[:some]
        nearest = nearest[np.argsort(-similarities[nearest])]
        best = int(nearest[0])
        neighbours = tuple(
            Neighbour(questions[place].text, float(similarities[place]), bool(answers[place] == answers[best]))
            for place in map(int, nearest)
        )
        question = questions[number].text
        wrong = bool(answers[best] != answers[number])
        found.append(Rehearsed(question, neighbours, veto(question, questions[best].text), wrong))
    return found
