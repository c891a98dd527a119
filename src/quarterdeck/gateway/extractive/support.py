"""Whether the passages answer a question at all: the numbers from which a calibrated probability is made.

A question that nobody can answer here usually shares most of its words with the documents: *How much does Halyard contribute to
nursery fees?* finds what Halyard contributes to pensions. So we look at what is left when the names that stand everywhere
are masked, and at the one word of the question that the best statements say nothing about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.language import STOP_WORDS, names, words
from quarterdeck.core.stemming import stem
from quarterdeck.gateway.extractive.candidates import Candidate
from quarterdeck.gateway.extractive.evidence import Embed, Similarities, cover, wanted_terms
from quarterdeck.gateway.extractive.question import Ask, Question
from quarterdeck.gateway.extractive.synonyms import synonyms

SUPPORT_FEATURES = (
    "score",
    "margin",
    "cosine_in_context",
    "cosine_masked",
    "cosine_masked_top",
    "focus_covered",
    "covered_by_top",
    "missing_everywhere",
    "strangest_word",
    "presupposes",
)

# *Since we all have …*, *now that overtime is paid at …*, *you promised*: what is taken for granted may be untrue.
_PRESUPPOSES = re.compile(
    r"\b(?:since|as|because|given that)\b.{0,60}\b(?:we|all|everyone|everybody|the company|every|you)\b.*\b(?:are|is|have|has|get|"
    r"gets|can|now)\b|\bnow that\b|\bpromised\b|\bannounced\b|\babolished\b|\bguaranteed\b|\byou said\b|\bhas been (?:cut|raised|"
    r"changed|doubled|removed|extended)\b|\b(?:were|was) (?:promised|abolished|announced)\b|\bi have to give\b",
    re.IGNORECASE,
)
_TOP = 3


def support_features(
    question: Question,
    ask: Ask,
    candidates: Sequence[Candidate],
    scores: NDArray[np.float64],
    similarities: Similarities,
    embed: Embed | None,
) -> NDArray[np.float64]:
    """One row, in the order of `SUPPORT_FEATURES`, for the ask that is answered best."""
    order = np.argsort(-scores, kind="stable")
    best = int(order[0])
    top = [int(place) for place in order[:_TOP]]
    wanted = wanted_terms(question, ask)
    total = sum(wanted.values()) or 1.0
    passages = _passage_terms(candidates)
    focus = _focus(wanted, list(passages.values()))
    around_best = candidates[best].terms | candidates[best].heading_terms | candidates[best].near_terms
    around_top = frozenset[str]().union(*(_with_headings(candidates[place]) for place in top))
    everywhere = frozenset[str]().union(*passages.values())
    masked = _masked_cosines(question, [candidates[place].text for place in top], similarities, top, embed)
    return np.array(
        (
            scores[best],
            scores[best] - scores[order[min(5, len(order) - 1)]],
            similarities.in_context[best],
            masked[0],
            max(masked),
            cover(focus, around_best) / (sum(focus.values()) or 1.0),
            cover(wanted, around_top) / total,
            max((weight for term, weight in wanted.items() if _is_missing(term, everywhere)), default=0.0),
            _strangest_word(question, wanted, around_top, [candidates[place] for place in top], embed),
            float(bool(_PRESUPPOSES.search(question.text))),
        ),
        dtype=np.float64,
    )


def _passage_terms(candidates: Sequence[Candidate]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for candidate in candidates:
        found[candidate.n] = found.get(candidate.n, frozenset()) | _with_headings(candidate)
    return found


def _with_headings(candidate: Candidate) -> frozenset[str]:
    return candidate.terms | candidate.heading_terms


def _focus(wanted: dict[str, float], passages: Sequence[frozenset[str]]) -> dict[str, float]:
    """The wanted words, heavier the fewer passages have them."""
    focus = {}
    for term, weight in wanted.items():
        having = sum(not _is_missing(term, passage) for passage in passages)
        focus[term] = weight * math.log((len(passages) + 1) / (having + 0.5))
    return focus


def _is_missing(term: str, terms: frozenset[str]) -> bool:
    return term not in terms and synonyms(term).isdisjoint(terms)


def _masked_cosines(
    question: Question, texts: Sequence[str], similarities: Similarities, places: Sequence[int], embed: Embed | None
) -> list[float]:
    """The cosines of the best statements once names are left out on both sides: what is alike beside the names."""
    named = {name.lower() for name in names(question.text)}
    if embed is None or not named:
        return [float(similarities.message[place]) for place in places]
    vectors = embed([_without(question.text, named), *(_without(text, named) for text in texts)])
    return [float(cosine) for cosine in vectors[1:] @ vectors[0]]


def _without(text: str, named: set[str]) -> str:
    kept = [word for word in text.split() if re.sub(r"[’']s$|\W", "", word).lower() not in named]
    return " ".join(kept) or text


def _strangest_word(
    question: Question, wanted: dict[str, float], terms: frozenset[str], top: Sequence[Candidate], embed: Embed | None
) -> float:
    """How far the best statements are from the word of the question they speak of least; 0 when they have all words."""
    missing = {term for term in wanted if _is_missing(term, terms)}
    if not missing:
        return 0.0
    if embed is None:
        return max(wanted[term] for term in missing)
    strange = {stem(word): word for word in words(question.text) if stem(word) in missing}
    known = dict.fromkeys(
        word for candidate in top for word in words(f"{candidate.text} {candidate.headings}") if word not in STOP_WORDS
    )
    if not strange or not known:
        return 0.0
    vectors = embed([*strange.values(), *known])
    nearest = (vectors[: len(strange)] @ vectors[len(strange) :].T).max(axis=1)
    return max(wanted[term] * (1.0 - float(near)) for term, near in zip(strange, nearest, strict=True))
