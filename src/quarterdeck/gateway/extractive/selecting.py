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


def select(
    choices: Sequence[Choice], candidates: Sequence[Candidate], vectors: Vectors | None, everything: Sequence[Candidate]
) -> list[Candidate]:
    """For each ask its best candidates; with what they need from `everything`, in the order of their source."""
    chosen: list[Candidate] = []
    for choice in choices:
        room = min(MOST_FOR_ONE_ASK if len(choices) == 1 else 2, MOST_IN_ALL - len(chosen))
        best = (candidates[place] for place in _best(choice.scores, candidates, vectors, room))
        chosen += [candidate for candidate in best if candidate not in chosen]
    chosen = _with_what_they_point_back_to(chosen, everything)
    chosen = _with_whole_lists(chosen, everything)
    return _in_source_order(chosen)


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


def _with_what_they_point_back_to(chosen: list[Candidate], everything: Sequence[Candidate]) -> list[Candidate]:
    """`They lapse after that.` needs the sentence before it."""
    place_of = {(one.n, one.statement.position): one for one in everything}
    more = list(chosen)
    for candidate in chosen:
        before = place_of.get((candidate.n, candidate.statement.position - 1))
        if (
            _BACKWARD.match(candidate.statement.text)
            and before is not None
            and before not in more
            and before.statement.block == candidate.statement.block
            and not before.weak
        ):
            more.append(before)
    return more


def _with_whole_lists(chosen: list[Candidate], everything: Sequence[Candidate]) -> list[Candidate]:
    """A lead-in brings its list, and two items of a short list bring the others: half a list misleads."""
    more = list(chosen)
    for candidate in chosen:
        statement = candidate.statement
        lead = statement.text if statement.kind == "lead" else statement.lead
        items = [one for one in everything if lead and one.n == candidate.n and one.statement.lead == lead]
        wanted = statement.kind == "lead" or sum(item in chosen for item in items) > 1
        if wanted and len(items) <= _MOST_LIST_ITEMS:
            more += [item for item in items if item not in more]
    return more


def _in_source_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    """Passages in the order in which they were chosen first; inside a passage as it is written there."""
    passages = list(dict.fromkeys(candidate.n for candidate in chosen))
    return sorted(chosen, key=lambda candidate: (passages.index(candidate.n), candidate.statement.position))
