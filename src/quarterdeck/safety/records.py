"""The nouns of safety: what was found out about a sentence of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "corrected", "withheld", "not_evaluated"]
"""passed: supported as cited. corrected: supported, its citation mended. withheld: not shown. not_evaluated: no claim."""


@dataclass(frozen=True)
class Support:
    """How well a passage supports a sentence, and by which of its own sentences."""

    score: float
    """The probability that the passages say this."""
    n: int
    """The passage that supports it best, from 1; 0 when there is none."""
    evidence: str
    """The sentence of that passage which is nearest."""
    problems: tuple[str, ...]
    """What alone is reason enough to distrust it: a number, a name or a denial that the passages do not have."""
    by_passage: tuple[float, ...]
    """The score that each passage would give alone."""


@dataclass(frozen=True)
class SentenceVerdict:
    """What became of one sentence of an answer."""

    sentence: str
    outcome: Outcome
    score: float | None = None
    evidence: str = ""
    supported_by: int = 0
    """The passage that the evidence stands in."""
    citations: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
