"""Finds the passages that answer a question: by its words and by its meaning, fused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.retrieval import full_text, library, store
from quarterdeck.retrieval.indexes import Indexes, OpenIndex
from quarterdeck.retrieval.records import IndexVersion, SearchMode, SearchResult
from quarterdeck.runtime.work import Work

MOST_HITS = 100
_MOST_QUESTION_CHARACTERS = 4000
_CANDIDATES = 100
_RANK_OFFSET = 60

Scores = NDArray[np.float32]


async def search(
    work: Work,
    knowledge: str,
    query: str,
    *,
    limit: int = 8,
    mode: SearchMode = "fused",
    index_id: str | None = None,
) -> SearchResult:
    """The passages of an index version (the newest, unless one is named) that fit a question best, best first."""
    if not query.strip():
        raise InvalidInput("`q` is empty. Ask something.", param="q")
    with work.span(f"retrieval {knowledge}", "retrieval") as span:
        began = clock.monotonic_ns()
        index = await library.index(work, knowledge, index_id)
        query = query[:_MOST_QUESTION_CHARACTERS]
        embedder = work.part(Embedder)
        if not embedder.ready and mode == "fused":
            mode = "text"
        indexes = work.part(Indexes)
        opened = await indexes.get(index, embedder.dimensions)
        by_text, by_vector = await asyncio.gather(
            _by_text(work, opened, query, mode), _by_meaning(embedder, index, opened, query, mode)
        )
        ranked = _fuse(by_text, by_vector)[:limit]
        rows = await store.hits(work.runtime.database, [int(opened.rowids[n]) for n, *_ in ranked])
        hits = [
            replace(
                rows[int(opened.rowids[number])],
                score=round(score, 6),
                text_rank=text_rank,
                vector_rank=vector_rank,
                similarity=None if by_vector is None else round(float(by_vector[number]), 4),
            )
            for number, score, text_rank, vector_rank in ranked
        ]
        span.attributes |= {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": knowledge,
            "gen_ai.retrieval.query.text": query,
            "gen_ai.retrieval.top_k": limit,
            "gen_ai.retrieval.documents": [{"id": hit.chunk_id, "score": hit.score} for hit in hits],
            "quarterdeck.index.id": index.id,
            "quarterdeck.index.version": index.version,
            "quarterdeck.search.mode": mode,
        }
        span.put(input=query)
        return SearchResult(query=query, mode=mode, took_ms=(clock.monotonic_ns() - began) / 1e6, hits=hits)


async def _by_text(work: Work, opened: OpenIndex, query: str, mode: SearchMode) -> Scores | None:
    if mode == "vector":
        return None
    terms = full_text.query_terms(query, work.part(Indexes).terms)
    return await full_text.score(work.runtime.database, opened, terms)


async def _by_meaning(
    embedder: Embedder, index: IndexVersion, opened: OpenIndex, query: str, mode: SearchMode
) -> Scores | None:
    if mode == "text" or index.embedder != embedder.name:
        return None

    def similarities() -> Scores:
        scores: Scores = opened.vectors @ embedder.embed([query])[0]
        return scores

    return await asyncio.to_thread(similarities)


def _fuse(by_text: Scores | None, by_vector: Scores | None) -> list[tuple[int, float, int | None, int | None]]:
    """Reciprocal-rank fusion: entry, score, and its rank in either list."""
    ranks = [_ranks(scores) for scores in (by_text, by_vector)]
    scores: dict[int, float] = {}
    for one in ranks:
        for number, rank in one.items():
            scores[number] = scores.get(number, 0.0) + 1 / (_RANK_OFFSET + rank)
    best = sorted(scores, key=lambda number: (-scores[number], number))
    return [(number, scores[number], ranks[0].get(number), ranks[1].get(number)) for number in best]


def _ranks(scores: Scores | None) -> dict[int, int]:
    if scores is None:
        return {}
    best = np.argsort(-scores, kind="stable")[:_CANDIDATES]
    return {int(number): rank for rank, number in enumerate(best, start=1) if scores[number] > 0}
