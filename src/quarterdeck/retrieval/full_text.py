"""Scores passages by the words they share with a question: BM25 over text and headings, of one index version alone.

SQLite's own `bm25` counts every passage of every version and project, so that answers of an old version would drift
as documents come and go. We take only the postings from it, and a replay finds what the original found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.language import STOP_WORDS, words
from quarterdeck.retrieval import store
from quarterdeck.retrieval.indexes import OpenIndex
from quarterdeck.storage.database import Database

_MOST_TERMS = 48
_HEADING_WEIGHT = 2.0
_SATURATION = 1.2
_LENGTH_SHARE = 0.75

Scores = NDArray[np.float32]


def query_terms(question: str, terms: store.Terms) -> list[str]:
    """What to look for: the terms of the question without the words that every text has, unless it has no others."""
    said = words(question)
    telling = [word for word in said if word not in STOP_WORDS] or said
    return list(dict.fromkeys(terms.of(" ".join(telling))))[:_MOST_TERMS]


async def score(database: Database, index: OpenIndex, terms: Sequence[str]) -> Scores:
    """How well each passage of an index fits the terms; 0 where none of them stands."""
    scores = np.zeros(len(index.rowids), dtype=np.float32)
    if not terms or not len(scores):
        return scores
    found: defaultdict[str, list[store.Posting]] = defaultdict(list)
    for posting in await store.postings(database, terms):
        found[posting.term].append(posting)
    relative = index.words / max(float(index.words.mean()), 1.0)
    norm = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * relative)
    for postings in found.values():
        numbers = index.numbers([posting.rowid for posting in postings])
        weights = np.array([_HEADING_WEIGHT if p.in_heading else 1.0 for p in postings]) * [p.times for p in postings]
        frequency = np.bincount(numbers[numbers >= 0], weights[numbers >= 0], len(scores))
        having = np.count_nonzero(frequency)
        rarity = np.log(1 + (len(scores) - having + 0.5) / (having + 0.5))
        scores += (rarity * frequency * (_SATURATION + 1) / (frequency + norm)).astype(np.float32)
    return scores
