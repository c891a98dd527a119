"""What the tests of retrieval share: a way to wait for vectors, and an embedder that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from quarterdeck.gateway.embedder import Embedder, NoEmbedder
from quarterdeck.retrieval import library
from quarterdeck.runtime.work import Work

Embedded = Callable[[str], Awaitable[None]]


@pytest.fixture
def embedded(work: Work) -> Embedded:
    """Waits until a knowledge base has all its vectors."""

    async def wait(knowledge: str) -> None:
        async with asyncio.timeout(60):
            while (state := await library.knowledge(work, knowledge)).embedded < state.chunks:
                await asyncio.sleep(0.02)

    return wait


@pytest.fixture
def without_embedder(work: Work) -> Work:
    """A house in which the model is not installed."""
    work.runtime.install(Embedder, NoEmbedder("Install the model."))
    return work
