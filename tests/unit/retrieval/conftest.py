"""What the tests of retrieval share: work with or without a model, and a way to wait for vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from quarterdeck.gateway.embedder import Embedder, NoEmbedder
from quarterdeck.retrieval import library
from quarterdeck.runtime.work import Work

Embedded = Callable[[str], Awaitable[None]]


@pytest.fixture
def work(work: Work, request: pytest.FixtureRequest) -> Work:
    """Work with the model for tests that ask for `embedded`; the others have none, start no job, and are quick."""
    if "embedded" not in request.fixturenames:
        work.runtime.install(Embedder, NoEmbedder("Install the model."))
    return work


@pytest.fixture
def embedded(work: Work) -> Embedded:
    """Waits until a knowledge base has all its vectors."""

    async def wait(knowledge: str) -> None:
        async with asyncio.timeout(60):
            while (state := await library.knowledge(work, knowledge)).embedded < state.chunks:
                await asyncio.sleep(0.02)

    return wait
