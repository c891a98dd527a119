"""Customers' questions with their intents, as worlds in which a semantic cache can be right or wrong.

The data is BANKING77 (CC BY 4.0) and CLINC150 (CC BY 3.0), read from a folder that the caller names; none of it is in this
repository. Two questions of one intent have one right answer here, which is kinder than life where an amount or a name
matters, and harsher where two intents hardly differ. Half of the intents are for fitting, the other half for measuring:
no intent is in both.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedder import Embedder, Vectors
from quarterdeck.gateway.semantic.rehearsing import LabelledQuestion, Rehearsed, rehearse

SETS = ("banking77", "clinc150")
_SPLIT_SEED = 11


@dataclass(frozen=True)
class Questions:
    """The questions of one set whose intents are in one half, with their vectors."""

    name: str
    labels: Sequence[LabelledQuestion]
    vectors: Vectors

    def world(self, known: int, asked: int, seed: int) -> list[Rehearsed]:
        """A cache that knows some of them, asked some others."""
        order = random.Random(seed).sample(range(len(self.labels)), min(known + asked, len(self.labels)))
        return rehearse([self.labels[n] for n in order], self.vectors[order], filled=known, growing=False)


def read_questions(folder: Path, name: str) -> list[LabelledQuestion]:
    """All questions of a set, each once."""
    if name == "banking77":
        with (folder / "intent" / "banking77_train.csv").open(newline="", encoding="utf-8") as file:
            found = [(row["text"].strip(), row["category"]) for row in csv.DictReader(file)]
    else:
        parts = json.loads((folder / "intent" / "clinc150_train_val.json").read_text(encoding="utf-8"))
        found = [(text, intent) for part in parts.values() for text, intent in part if "oos" not in intent]
    unique = {text.lower(): LabelledQuestion(text, intent) for text, intent in reversed(found)}
    return list(unique.values())[::-1]


def halves(embedder: Embedder, labels: Sequence[LabelledQuestion], name: str) -> tuple[Questions, Questions]:
    """The half for fitting and the half for measuring."""
    intents = sorted({label.answer for label in labels})
    random.Random(_SPLIT_SEED).shuffle(intents)
    fitting = set(intents[: len(intents) // 2])
    vectors = embedder.embed([label.text for label in labels])
    in_fitting = np.array([label.answer in fitting for label in labels])

    def half(chosen: NDArray[np.bool_]) -> Questions:
        return Questions(name, [label for label, one in zip(labels, chosen, strict=True) if one], vectors[chosen])

    return half(in_fitting), half(~in_fitting)
