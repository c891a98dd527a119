"""Finds the passages that answer a question: by its words and by its meaning, fused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, Unavailable
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.retrieval import full_text, library
from quarterdeck.retrieval.indexes import Indexes, OpenIndex
from quarterdeck.retrieval.records import Hit, IndexName, SearchMode, SearchResult
from quarterdeck.retrieval.store import passages
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.runtime.work import Work

MOST_HITS = 100
_MOST_QUESTION_CHARACTERS = 4000
_MOST_RANKED = 200
# Measured on questions about an encyclopaedia and about privacy policies, see `bench/bench_retrieval.py`: better than
# reciprocal ranks, and a score that means the same for every question.
_TEXT_WEIGHT = 0.45

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
    query = query[:_MOST_QUESTION_CHARACTERS]
    with work.span(f"retrieval {knowledge}", "retrieval") as span:
        began = clock.monotonic_ns()
        index = await library.index_name(work, knowledge, index_id)
        embedder = work.part(Embedder)
        mode = _possible(mode, index, embedder)
        dimensions = embedder.dimensions if index.embedder == embedder.name else 0
        opened = await work.part(Indexes).get(index, dimensions)
        by_text, by_vector = await asyncio.gather(
            _by_text(work, opened, query) if mode != "vector" else _nothing(),
            _by_meaning(work, embedder, opened, query) if mode != "text" else _nothing(),
        )
        hits = await _hits(work, opened, by_text, by_vector, limit)
        span.put(input=query, output={"hits": [_traced(hit) for hit in hits]})
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
        return SearchResult(query=query, mode=mode, took_ms=(clock.monotonic_ns() - began) / 1e6, hits=hits)


def _possible(mode: SearchMode, index: IndexName, embedder: Embedder) -> SearchMode:
    """What can be done of what was asked for: without vectors that fit, a fused search is one by words alone."""
    usable = embedder.ready and index.embedder == embedder.name
    if mode == "vector" and embedder.ready and not usable:
        raise Unavailable(
            f"Version {index.version} of `{index.knowledge}` has vectors of `{index.embedder}`, not of "
            f"`{embedder.name}`. Publish it again, or search with `mode=text`."
        )
    return "text" if mode == "fused" and not usable else mode


async def _by_text(work: Work, opened: OpenIndex, query: str) -> Scores:
    terms = full_text.query_terms(query, work.part(Indexes).terms)
    return await full_text.score(work.runtime.database, opened, terms)


async def _by_meaning(work: Work, embedder: Embedder, opened: OpenIndex, query: str) -> Scores:
    def similarities() -> Scores:
        asked = embedder.embed([query])[0]
        return np.where(opened.embedded, opened.vectors @ asked, np.float32(0))

    return await asyncio.get_running_loop().run_in_executor(work.part(Indexes).threads, similarities)


async def _nothing() -> None:
    """The half of a search that was not asked for."""


async def _hits(
    work: Work, opened: OpenIndex, by_text: Scores | None, by_vector: Scores | None, limit: int
) -> list[Hit]:
    scores = _fuse(by_text, by_vector, opened.embedded)
    text_ranks, vector_ranks = _ranks(by_text), _ranks(by_vector)
    best = [number for number in _best(scores, limit) if scores[number] > 0]
    rows = await passages.hits(work.runtime.database, [int(opened.rowids[number]) for number in best])
    return [
        replace(
            rows[int(opened.rowids[number])],
            score=round(float(scores[number]), 6),
            text_rank=text_ranks.get(number),
            vector_rank=vector_ranks.get(number),
            similarity=round(float(by_vector[number]), 4) if by_vector is not None and number in vector_ranks else None,
        )
        for number in best
    ]


def _fuse(by_text: Scores | None, by_vector: Scores | None, embedded: NDArray[np.bool_]) -> Scores:
    """One score for each passage. One without a vector yet is taken to be as near in meaning as it is in words."""
    if by_text is None or by_vector is None:
        found = by_text if by_vector is None else by_vector
        return np.zeros(len(embedded), dtype=np.float32) if found is None else found
    meaning = np.where(embedded, by_vector, by_text)
    fused: Scores = (_TEXT_WEIGHT * by_text + (1 - _TEXT_WEIGHT) * meaning).astype(np.float32)
    return fused


def _ranks(scores: Scores | None) -> dict[int, int]:
    """The place of each of the best passages in one of the two lists, from 1."""
    if scores is None:
        return {}
    return {number: rank for rank, number in enumerate(_best(scores, _MOST_RANKED), start=1) if scores[number] != 0}


def _best(scores: Scores, most: int) -> list[int]:
    """The entries with the highest scores; equal ones in the order of the documents."""
    return [int(number) for number in np.argsort(-scores, kind="stable")[:most]]


def _traced(hit: Hit) -> dict[str, Attribute]:
    return {
        "chunk_id": hit.chunk_id,
        "path": hit.path,
        "title": hit.title,
        "heading_path": list(hit.heading_path),
        "text": hit.text,
        "score": hit.score,
    }
