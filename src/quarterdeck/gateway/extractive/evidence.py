"""How well each statement answers what is asked: a row of plain numbers a statement, the same for training and answering."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.extractive.answer_kinds import QUANTITY_WANTS, SOFT_WANTS, has_wanted
from quarterdeck.gateway.extractive.candidates import Candidate
from quarterdeck.gateway.extractive.question import Ask, Question
from quarterdeck.gateway.extractive.synonyms import synonyms

Embed = Callable[[Sequence[str]], Vectors]
Features = NDArray[np.float64]

SYNONYM_COUNTS = 0.8
CONTEXT_COUNTS = 0.4
"""Words of the message outside the ask: *I lost my receipt for a taxi. What should I do?*"""

STATEMENT_FEATURES = (
    "cosine_message",
    "cosine_ask",
    "cosine_in_context",
    "cosine_headings",
    "cosine_neighbours",
    "cover",
    "cover_with_headings",
    "cover_with_neighbours",
    "cover_of_passage",
    "in_order",
    "kind_found",
    "kind_missing",
    "soft_kind_found",
    "quantity_repeated",
    "opening",
    "rank",
    "weak",
    "lead",
    "short",
)


def statement_features(
    question: Question, ask: Ask, candidates: Sequence[Candidate], vectors: Similarities
) -> Features:
    """One row for each candidate, in the order of `STATEMENT_FEATURES`."""
    wanted = wanted_terms(question, ask)
    total = sum(wanted.values()) or 1.0
    passage_terms: dict[int, frozenset[str]] = {}
    for candidate in candidates:
        known = passage_terms.get(candidate.n, candidate.heading_terms)
        passage_terms[candidate.n] = known | candidate.terms
    pairs = _pairs(term for term, _ in ask.terms)
    named = {quantity.value for quantity in question.quantities}
    rows = []
    for number, candidate in enumerate(candidates):
        found = has_wanted(ask, candidate.text)
        rows.append(
            (
                vectors.message[number],
                vectors.asks[ask.text][number],
                vectors.in_context[number],
                vectors.headings[number],
                vectors.neighbours[number],
                cover(wanted, candidate.terms) / total,
                cover(wanted, candidate.terms | candidate.heading_terms) / total,
                cover(wanted, candidate.terms | candidate.heading_terms | candidate.near_terms) / total,
                cover(wanted, passage_terms[candidate.n]) / total,
                _share_in_order(pairs, candidate.sequence),
                float(found and ask.want in QUANTITY_WANTS),
                float(not found and ask.want in QUANTITY_WANTS),
                float(found and ask.want in SOFT_WANTS),
                float(bool(named & candidate.quantities)),
                float(_is_opening(candidate)),
                1.0 / (1.0 + candidate.rank),
                float(candidate.weak),
                float(candidate.statement.kind == "lead"),
                float(len(candidate.sequence) < 4),
            )
        )
    return np.array(rows, dtype=np.float64).reshape(len(candidates), len(STATEMENT_FEATURES))


def wanted_terms(question: Question, ask: Ask) -> dict[str, float]:
    """The words an answer should cover, with their weight: those of the ask, and less so those around it."""
    wanted = {term: CONTEXT_COUNTS * weight for term, weight in question.terms}
    wanted.update(ask.terms)
    return wanted


def cover(wanted: dict[str, float], terms: frozenset[str]) -> float:
    """The weight of the wanted words that are there, synonyms counting a little less."""
    covered = 0.0
    for term, weight in wanted.items():
        if term in terms:
            covered += weight
        elif not synonyms(term).isdisjoint(terms):
            covered += SYNONYM_COUNTS * weight
    return covered


def _is_opening(candidate: Candidate) -> bool:
    """Whether it stands right below the title: introductions greet, rules stand further down."""
    return candidate.headings.count(" › ") == 0 and candidate.statement.heading == ""


class Similarities:
    """The cosines between a question and its candidates; all zero when there is no embedder."""

    def __init__(self, question: Question, candidates: Sequence[Candidate], embed: Embed | None) -> None:
        size = len(candidates)
        nothing: Vectors = np.zeros(size, dtype=np.float32)
        self.message = self.in_context = self.headings = self.neighbours = nothing
        self.asks = {ask.text: nothing for ask in question.asks}
        self.vectors: Vectors | None = None
        if embed is None or not candidates:
            return
        questions = list(dict.fromkeys([question.text, *self.asks]))
        headings = list(dict.fromkeys(candidate.headings for candidate in candidates))
        matrix = embed([*questions, *headings, *(candidate.text for candidate in candidates)])
        of_questions = {text: matrix[place] for place, text in enumerate(questions)}
        place_of = {text: len(questions) + place for place, text in enumerate(headings)}
        self.vectors = matrix[len(questions) + len(headings) :]
        of_headings = matrix[[place_of[candidate.headings] for candidate in candidates]]
        message = of_questions[question.text]
        self.message = self.vectors @ message
        self.asks = {text: self.vectors @ of_questions[text] for text in self.asks}
        self.headings = of_headings @ message
        mixed = self.vectors + 0.5 * of_headings
        self.in_context = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)) @ message
        self.neighbours = _best_neighbour(self.message, candidates)


def _best_neighbour(cosines: NDArray[np.float32], candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """The best cosine among the statements right beside each one, in its own passage."""
    best = np.zeros_like(cosines)
    for number, candidate in enumerate(candidates):
        for other in (number - 1, number + 1):
            if 0 <= other < len(candidates) and _are_neighbours(candidate, candidates[other]):
                best[number] = max(best[number], cosines[other])
    return best


def _are_neighbours(one: Candidate, other: Candidate) -> bool:
    return one.n == other.n and abs(one.statement.position - other.statement.position) == 1


def _pairs(terms: Iterable[str]) -> set[tuple[str, str]]:
    return set(pairwise(terms))


def _share_in_order(pairs: set[tuple[str, str]], sequence: Sequence[str]) -> float:
    """The share of neighbouring words of the question that stand within three words of each other here."""
    if not pairs:
        return 0.0
    near = {(one, other) for gap in (1, 2, 3) for one, other in zip(sequence, sequence[gap:], strict=False)}
    return sum(pair in near or pair[::-1] in near for pair in pairs) / len(pairs)
