"""Is a sentence supported by passages? Word for word evidence, no model: quick enough for every sentence of every answer.

A sentence is compared with each statement of each passage: how many of its words and word pairs are there, rare words
counting more, how long a run is copied, whether one denies what the other says. Numbers, sums, dates and names that stand
nowhere in the passages are reported as such, however alike the rest is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from quarterdeck.core.commonness import weight
from quarterdeck.core.language import names, negations, terms, words
from quarterdeck.core.quantities import Quantity, quantities, values
from quarterdeck.core.statements import statements
from quarterdeck.safety.records import Support

# Logistic regression on BEGIN (Wizard of Wikipedia and CMU parts, CC BY 4.0), see bench/bench_grounding.py.
COEFFICIENTS = {
    "words_in_statement": 2.93,
    "words_in_passage": 3.62,
    "pairs_in_passage": 0.96,
    "longest_run": 0.42,
    "denial_differs": -1.68,
    "new_number": -0.85,
    "new_name": -1.23,
}
BIAS = -6.17
ENOUGH = 0.2
"""A sentence with a lower score is not supported."""
# A denial counts where nothing as near says the opposite, and not inside a source so long that it denies something else.
_TELLING, _AS_NEAR, _COMPARABLE = 0.6, 0.1, 2.5


@dataclass(frozen=True)
class _Source:
    """One statement of a passage, prepared for comparison."""

    text: str
    terms: frozenset[str]
    sequence: tuple[str, ...]
    denies: bool


@dataclass(frozen=True)
class _Passage:
    sources: tuple[_Source, ...]
    terms: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    values: frozenset[str]
    shares: frozenset[str]
    """What may be meant by a percentage: percentages, and bare numbers as tables have them."""
    words: frozenset[str]


class Passages:
    """The passages that an answer may draw on, read once."""

    def __init__(self, texts: Sequence[str], *, also_known: str = "") -> None:
        """`also_known`: text whose names and numbers are no news, such as the question and the titles."""
        self._passages = [_read(text) for text in texts]
        self._known_words = frozenset(words(also_known))
        self._known_values = frozenset(values(also_known))
        self._verbatim = {source.text: number for number, one in reversed(list(enumerate(self._passages, start=1))) for source in one.sources}  # fmt: skip

    def support(self, sentence: str) -> Support:
        """How well the passages support one sentence, given without its citation marks."""
        copied = self._verbatim.get(sentence.strip())
        if copied is not None:
            alone = tuple(1.0 if any(s.text == sentence.strip() for s in p.sources) else 0.0 for p in self._passages)
            return Support(score=1.0, n=copied, evidence=sentence.strip(), problems=(), by_passage=alone)
        claim = _Claim(sentence)
        if not self._passages or not claim.weights:
            return Support(score=0.0, n=0, evidence="", problems=(), by_passage=())
        compared = [self._compare(claim, passage) for passage in self._passages]
        best = max(range(len(compared)), key=lambda number: compared[number].score)
        return Support(
            score=compared[best].score,
            n=best + 1,
            evidence=compared[best].evidence,
            problems=self._problems(claim, compared[best]),
            by_passage=tuple(one.score for one in compared),
        )

    def features(self, sentence: str) -> dict[str, float] | None:
        """The numbers behind the score of the best passage; None when the sentence claims nothing."""
        claim = _Claim(sentence)
        if not self._passages or not claim.weights:
            return None
        return max((self._compare(claim, passage) for passage in self._passages), key=lambda one: one.score).features

    def _compare(self, claim: _Claim, passage: _Passage) -> _Comparison:
        covered = [(claim.share(source.terms), source) for source in passage.sources]
        share, nearest = max(covered, key=lambda pair: pair[0], default=(0.0, _NOTHING))
        denial = share > _TELLING and all(
            claim.denies != source.denies and len(source.sequence) <= _COMPARABLE * len(claim.sequence)
            for other, source in covered
            if other > share - _AS_NEAR
        )
        features = {
            "words_in_statement": share,
            "words_in_passage": claim.share(passage.terms),
            "pairs_in_passage": claim.share_of_pairs(passage.pairs),
            "longest_run": _longest_run(claim.sequence, nearest.sequence) / len(claim.sequence),
            "denial_differs": float(denial),
            "new_number": float(bool(self._new_numbers(claim, [passage]))),
            "new_name": float(bool(self._new_names(claim, [passage]))),
        }
        logit = BIAS + sum(COEFFICIENTS[name] * value for name, value in features.items())
        return _Comparison(1 / (1 + math.exp(-logit)), nearest.text, denial, features)

    def _problems(self, claim: _Claim, best: _Comparison) -> tuple[str, ...]:
        found = [f"`{number.text}` is not in the passages" for number in self._new_numbers(claim, self._passages)]
        found += [f"`{name}` is not in the passages" for name in self._new_names(claim, self._passages)]
        if best.denial:
            found.append("one denies what the other says")
        return tuple(found)

    def _new_numbers(self, claim: _Claim, passages: Iterable[_Passage]) -> list[Quantity]:
        passages = list(passages)
        known = self._known_values.union(*(passage.values for passage in passages))
        shares = self._known_values.union(*(passage.shares for passage in passages))
        return [
            number
            for number in claim.quantities
            if not values(number.text) <= (shares if number.kind == "percent" else known)
        ]

    def _new_names(self, claim: _Claim, passages: Iterable[_Passage]) -> list[str]:
        known = self._known_words.union(*(passage.words for passage in passages))
        return [name for name in claim.names if not set(words(name)) <= known]


@dataclass(frozen=True)
class _Comparison:
    score: float
    evidence: str
    denial: bool
    features: dict[str, float]


class _Claim:
    """A sentence of an answer, prepared for comparison."""

    def __init__(self, sentence: str) -> None:
        self.sequence = tuple(terms(sentence))
        self.weights = {term: weight(term) for term in self.sequence}
        self.pairs = frozenset(_pairs(self.sequence))
        self.quantities = quantities(sentence)
        self.names = names(sentence)
        self.denies = negations(sentence) > 0

    def share(self, known: frozenset[str]) -> float:
        total = sum(self.weights.values())
        return sum(value for term, value in self.weights.items() if term in known) / total

    def share_of_pairs(self, known: frozenset[tuple[str, str]]) -> float:
        return (
            len(self.pairs & known) / len(self.pairs)
            if self.pairs
            else self.share(frozenset(w for p in known for w in p))
        )


_NOTHING = _Source("", frozenset(), (), denies=False)


def _read(text: str) -> _Passage:
    said = statements(text)
    sources = tuple(
        _Source(
            text=one.whole(),
            terms=frozenset(sequence),
            sequence=sequence,
            denies=negations(one.whole()) > 0,
        )
        for one in said
        if (sequence := tuple(terms(one.whole())))
    )
    headings = {one.heading for one in said}
    everything = [tuple(terms(text)), *(source.sequence for source in sources)]
    return _Passage(
        sources=sources,
        terms=frozenset(term for sequence in everything for term in sequence),
        pairs=frozenset(pair for sequence in everything for pair in _pairs(sequence)),
        values=frozenset(values(text)).union(*(values(heading) for heading in headings)),
        shares=frozenset(
            quantity.value.rstrip("%") for quantity in quantities(text) if quantity.kind in ("percent", "number")
        ),
        words=frozenset(words(text)),
    )


def _pairs(sequence: Sequence[str]) -> Iterable[tuple[str, str]]:
    return pairwise(sequence)


def _longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    """The longest run of words that stands in both."""
    best = 0
    row = [0] * (len(other) + 1)
    for word in one:
        above = row
        row = [0] * (len(other) + 1)
        for place, candidate in enumerate(other, start=1):
            if word == candidate:
                row[place] = above[place - 1] + 1
                best = max(best, row[place])
    return best
