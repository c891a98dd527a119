"""Putting files into a knowledge base."""

from __future__ import annotations

import asyncio

from quarterdeck.retrieval import ingestion, library, searching
from quarterdeck.runtime.work import Work

LEAVE = b"""# Annual leave

Everyone rests.

## Carrying over

You may carry five unused days into the next year. They lapse on 31 March.

## Asking

Ask your manager in the HR system, at least two weeks before.
"""


async def test_a_published_document_is_found_by_its_words(work: Work) -> None:
    await ingestion.stage_file(work, "handbook", "leave.md", LEAVE)
    await ingestion.publish(work, "handbook")

    found = await searching.search(work, "handbook", "When do unused days lapse?")

    assert found.hits[0].path == "leave.md"
    assert "lapse on 31 March" in found.hits[0].text


async def test_vectors_follow_in_the_background(work: Work) -> None:
    await ingestion.stage_file(work, "handbook", "leave.md", LEAVE)
    await ingestion.publish(work, "handbook")

    async with asyncio.timeout(60):
        while (state := await library.knowledge(work, "handbook")).embedded < state.chunks:
            await asyncio.sleep(0.05)
    found = await searching.search(work, "handbook", "vacation expiry", mode="vector")

    assert found.hits[0].similarity is not None
    assert "lapse" in found.hits[0].text
