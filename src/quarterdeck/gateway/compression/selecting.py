"""Leaves out of retrieved context what a question does not need: whole sentences, the least useful ones, nothing rewritten.

Three opinions are fused by rank: how much of the question's rare words a sentence has, how near it is in meaning, and how
good the passage is in which it stands. Order and headings stay; code and tables stay whole; a list item brings the sentence that it hangs from.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck.core.language import terms
from quarterdeck.gateway.compression.units import Unit, units_of
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.extractive.synonyms import synonyms
from quarterdeck.gateway.logistic import Numbers

Embed = Callable[[Sequence[str]], Vectors]

_RANK_CONSTANT = 60
_WORDS_COUNT, _MEANING_COUNTS, _PASSAGE_COUNTS = 2.0, 1.0, 1.0
"""Chosen on three hundred questions of XQuAD and PolicyQA that the benchmark leaves out."""
_SYNONYM_COUNTS = 0.6
_NEIGHBOUR_COUNTS = 0.3
"""The words right before and after a sentence often name what it is about."""
_HEADING_COUNTS = 0.3
_MOST_EMBEDDED = 400
"""Of a very long context only the sentences with the best words are embedded."""


@dataclass(frozen=True)
class Compressed:
    """Texts in their order, and how much of them is left."""

    texts: list[str]
    kept_share: float
    sentences: int
    sentences_kept: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence that may stay or go."""

    text: int
    position: int
    said: str
    """With the sentence it hangs from, for a list item."""
    heading: str


def compress(texts: Sequence[str], question: str, share: float, embed: Embed | None = None) -> Compressed:
    """The texts cut down together to `share` of their characters; one that has nothing of use becomes empty.

    The best sentence of all stays even where it, or code and tables, are more than the share allows.
    """
    cut = [units_of(text) for text in texts]
    candidates = [one for number, units in enumerate(cut) for one in _candidates(number, units)]
    size = sum(map(len, texts))
    if not candidates or share >= 1.0:
        return Compressed(list(texts), 1.0, len(candidates), len(candidates))
    best_first = _ranked(candidates, question, embed)
    kept = _kept(cut, [candidates[number] for number in best_first], int(size * share))
    found = [_joined(units, kept, number) for number, units in enumerate(cut)]
    stayed = sum((one.text, one.position) in kept for one in candidates)
    return Compressed(found, sum(map(len, found)) / size, len(candidates), stayed)


def _candidates(number: int, units: Sequence[Unit]) -> list[_Candidate]:
    """The sentences of a text. One that only leads into a list is none: it comes with the items."""
    found: list[_Candidate] = []
    heading, lead = "", ""
    for position, unit in enumerate(units):
        if unit.kind == "heading":
            heading, lead = unit.text.strip("# \n"), ""
        elif unit.kind == "sentence" and unit.item:
            found.append(_Candidate(number, position, f"{lead} {unit.text}".strip(), heading))
        elif unit.kind == "sentence":
            following = (other for other in units[position + 1 :] if other.kind != "gap")
            lead = unit.text.strip() if unit.leads else ""
            if not lead or not next(following, unit).item:
                found.append(_Candidate(number, position, unit.text.strip(), heading))
    return found


def _ranked(candidates: Sequence[_Candidate], question: str, embed: Embed | None) -> list[int]:
    """The numbers of the sentences, the most useful first."""
    words = _by_words(candidates, question)
    opinions = [(_WORDS_COUNT, _ranks(words))]
    if embed is None:
        opinions.append((_PASSAGE_COUNTS, _ranks(_of_passages(candidates, words, np.zeros(len(words))))))
    else:
        chosen = np.argsort(opinions[0][1], kind="stable")[:_MOST_EMBEDDED]
        said = [f"{one.heading}. {one.said}" if one.heading else one.said for one in (candidates[n] for n in chosen)]
        vectors = embed([question, *said])
        near = np.full(len(candidates), -1.0)
        near[chosen] = vectors[1:] @ vectors[0]
        opinions.append((_MEANING_COUNTS, _ranks(near)))
        opinions.append((_PASSAGE_COUNTS, _ranks(_of_passages(candidates, words, near))))
    fused = sum(weight / (_RANK_CONSTANT + ranks) for weight, ranks in opinions)
    return [int(number) for number in np.argsort(-np.asarray(fused), kind="stable")]


def _of_passages(candidates: Sequence[_Candidate], words: Numbers, near: Numbers) -> Numbers:
    """How good the passage is that each sentence stands in: by its best words, and its two nearest sentences."""
    texts = np.array([one.text for one in candidates])
    highest = float(words.max()) or 1.0
    found = np.zeros(len(candidates))
    for text in np.unique(texts):
        inside = texts == text
        found[inside] = np.sort(near[inside])[-2:].mean() + 0.5 * words[inside].max() / highest
    return found


def _by_words(candidates: Sequence[_Candidate], question: str) -> Numbers:
    said = [set(terms(one.said)) for one in candidates]
    spread = Counter(term for found in said for term in found)
    wanted = {term: math.log(1 + len(said) / (1 + spread[term])) for term in dict.fromkeys(terms(question))}
    own = np.array([_covered(wanted, found) for found in said])
    under = {heading: _covered(wanted, set(terms(heading))) for heading in {one.heading for one in candidates}}
    together = own + _HEADING_COUNTS * np.array([under[one.heading] for one in candidates])
    for number, one in enumerate(candidates):
        for other in (number - 1, number + 1):
            if 0 <= other < len(candidates) and candidates[other].text == one.text:
                together[number] += _NEIGHBOUR_COUNTS * own[other]
    found: Numbers = together
    return found


def _covered(wanted: dict[str, float], found: set[str]) -> float:
    total = 0.0
    for term, weight in wanted.items():
        if term in found:
            total += weight
        elif not synonyms(term).isdisjoint(found):
            total += _SYNONYM_COUNTS * weight
    return total


def _ranks(scores: Numbers) -> Numbers:
    """The place of each score, 0 for the best; equal scores share the mean of their places."""
    order = np.argsort(-scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(len(scores))
    for value in np.unique(scores):
        equal = scores == value
        if equal.sum() > 1:
            ranks[equal] = ranks[equal].mean()
    return ranks


def _kept(cut: Sequence[Sequence[Unit]], best_first: Sequence[_Candidate], budget: int) -> set[tuple[int, int]]:
    """The places of all units that stay."""
    kept = {
        (number, position)
        for number, units in enumerate(cut)
        for position, unit in enumerate(units)
        if unit.kind == "fixed"
    }
    left = budget - sum(len(cut[number][position].text) for number, position in kept)
    taken = False
    for one in best_first:
        hung = _hung_from(cut[one.text], one.text, one.position)
        wanted = [place for place in [(one.text, one.position), *hung] if place not in kept]
        cost = sum(len(cut[number][position].text) for number, position in wanted)
        if cost <= left or not taken:
            kept.update(wanted)
            left -= cost
            taken = True
    return kept


def _hung_from(units: Sequence[Unit], number: int, position: int) -> list[tuple[int, int]]:
    """What a sentence cannot be understood without: the headings above it, and the lead-in of its list."""
    found: list[tuple[int, int]] = []
    level = 7
    in_list = units[position].item
    for above in range(position - 1, -1, -1):
        unit = units[above]
        if unit.kind == "heading" and unit.level < level:
            level = unit.level
            in_list = False
            found.append((number, above))
        elif in_list and unit.kind == "sentence" and not unit.item:
            in_list = False
            if unit.leads:
                found.append((number, above))
    return found


def _joined(units: Sequence[Unit], kept: set[tuple[int, int]], number: int) -> str:
    """The kept units in their order; blank lines between them as they were, never two in a row."""
    found = ""
    gap = ""
    for position, unit in enumerate(units):
        if unit.kind == "gap":
            gap = gap or unit.text
        elif (number, position) in kept:
            if found and (gap or unit.kind != "sentence" or unit.item):
                found = found.rstrip(" ") + ("" if found.endswith("\n") else "\n")
            elif found and not found[-1].isspace():
                found += " "
            found += (gap if found else "") + unit.text
            gap = ""
    return found.rstrip()
