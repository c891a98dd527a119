"""Scores passages by the words they share with a question: BM25 over text and headings, of one index version alone.

SQLite's own `bm25` counts every passage of every version and project, so that answers of an old version would drift
as documents come and go. We take only the postings from it, and a replay finds what the original found.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.language import STOP_WORDS, words
from quarterdeck.retrieval.indexes import OpenIndex
from quarterdeck.retrieval.store import passages, term_splitter
from quarterdeck.storage.database import Database

_MOST_TERMS = 48
_HEADING_WEIGHT = 2.0
_SATURATION = 1.2
_LENGTH_SHARE = 0.5

Scores = NDArray[np.float32]


def query_terms(question: str, terms: term_splitter.Terms) -> list[str]:
    """What to look for: the terms of the question without the words that every text has, unless it has no others."""
    said = words(question)
    telling = [word for word in said if word not in STOP_WORDS] or said
    return list(dict.fromkeys(terms.of(" ".join(telling))))[:_MOST_TERMS]


async def score(database: Database, index: OpenIndex, terms: Sequence[str]) -> Scores:
    """How well each passage fits the terms, as a share of the best that any passage could: 0 to 1.

    The share tells a good fit from the best of many bad ones, and terms that stand nowhere lower it.
    """
    count = len(index.rowids)
    scores = np.zeros(count, dtype=np.float32)
    if not terms or not count:
        return scores
    found: defaultdict[str, list[passages.Postings]] = defaultdict(list)
    first, last = int(index.rowids[0]), int(index.rowids[-1])
    for postings in await passages.postings(database, terms, first=first, last=last):
        found[postings.term].append(postings)
    relative = index.words / max(float(index.words.mean()), 1.0)
    norm = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * relative)
    best = 0.0
    for term in terms:
        frequency = _frequency(index, found[term])
        having = np.count_nonzero(frequency)
        rarity = math.log(1 + (count - having + 0.5) / (having + 0.5))
        scores += (rarity * frequency / (frequency + norm)).astype(np.float32)
        best += rarity
    return scores / np.float32(best)


def _frequency(index: OpenIndex, found: Sequence[passages.Postings]) -> NDArray[np.float64]:
    """How often a term stands in each passage of an index; a heading counts more than the text."""
    frequency = np.zeros(len(index.rowids))
    for postings in found:
        numbers = index.numbers(postings.rowids)
        weight = _HEADING_WEIGHT if postings.in_headings else 1.0
        frequency += weight * np.bincount(numbers[numbers >= 0], minlength=len(frequency))
    return frequency
