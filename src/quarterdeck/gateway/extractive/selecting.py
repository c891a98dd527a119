"""Chooses which statements make the answer: as few as hold it, each saying something new, in the order of the source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.extractive.candidates import Candidate
from quarterdeck.gateway.extractive.question import Ask

ENOUGH = 0.85
"""Stop when the chosen ones hold the answer with this probability, as the statement model sees it."""
MOST_FOR_ONE_ASK = 3
MOST_IN_ALL = 5
TOO_ALIKE = 0.93
_MOST_LIST_ITEMS = 9
_BACKWARD = re.compile(
    r"^(?:it|its|they|their|them|this|these|those|that|such|he|she|both|otherwise|however|then|there|also|but|and|so|if so"
    r"|in that case|in this case|one half|the other|after that|until then|instead|during this time|for this)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Choice:
    """One thing that is asked, and how well each candidate answers it."""

    ask: Ask
    scores: NDArray[np.float64]


def select(choices: Sequence[Choice], candidates: Sequence[Candidate], vectors: Vectors | None) -> list[int]:
    """The places of the chosen candidates: for each ask its best statements, together in the order of their source."""
    chosen: list[int] = []
    for choice in choices:
        room = min(MOST_FOR_ONE_ASK if len(choices) == 1 else 2, MOST_IN_ALL - len(chosen))
        chosen += [place for place in _best(choice.scores, candidates, vectors, room) if place not in chosen]
    chosen = _with_what_they_point_back_to(chosen, candidates)
    chosen = _with_whole_lists(chosen, candidates)
    return _in_source_order(chosen, candidates)


def _best(
    scores: NDArray[np.float64], candidates: Sequence[Candidate], vectors: Vectors | None, room: int
) -> list[int]:
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    chosen: list[int] = []
    held = 0.0
    for place in (int(place) for place in np.argsort(-scores, kind="stable")):
        if len(chosen) >= room or held >= ENOUGH:
            break
        if any(_alike(place, other, candidates, vectors) for other in chosen):
            continue
        chosen.append(place)
        held += float(shares[place])
    return chosen


def _alike(one: int, other: int, candidates: Sequence[Candidate], vectors: Vectors | None) -> bool:
    if vectors is not None:
        return bool(vectors[one] @ vectors[other] > TOO_ALIKE)
    mine, theirs = candidates[one].terms, candidates[other].terms
    return len(mine & theirs) > 0.8 * min(len(mine), len(theirs))


def _with_what_they_point_back_to(chosen: list[int], candidates: Sequence[Candidate]) -> list[int]:
    """`They lapse after that.` needs the sentence before it."""
    more = list(chosen)
    for place in chosen:
        before = place - 1
        if (
            _BACKWARD.match(candidates[place].statement.text)
            and before >= 0
            and before not in more
            and candidates[before].n == candidates[place].n
            and candidates[before].statement.block == candidates[place].statement.block
            and not candidates[before].weak
        ):
            more.append(before)
    return more


def _with_whole_lists(chosen: list[int], candidates: Sequence[Candidate]) -> list[int]:
    """A lead-in brings its list, and two items of a short list bring the others: half a list misleads."""
    more = list(chosen)
    for place in chosen:
        statement = candidates[place].statement
        lead = statement.text if statement.kind == "lead" else statement.lead
        if not lead:
            continue
        items = [
            number
            for number, candidate in enumerate(candidates)
            if candidate.n == candidates[place].n and candidate.statement.lead == lead
        ]
        wanted = statement.kind == "lead" or sum(item in chosen for item in items) > 1
        if wanted and len(items) <= _MOST_LIST_ITEMS:
            more += [item for item in items if item not in more]
    return more


def _in_source_order(chosen: list[int], candidates: Sequence[Candidate]) -> list[int]:
    """Passages in the order in which they were chosen first; inside a passage as it is written there."""
    passages = list(dict.fromkeys(candidates[place].n for place in chosen))
    return sorted(chosen, key=lambda place: (passages.index(candidates[place].n), candidates[place].statement.position))
