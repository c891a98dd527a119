"""The durable job that gives an index version its vectors, batch by batch, while questions are being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from quarterdeck.gateway.embedder import Embedder
from quarterdeck.jobs.jobs import JobFunction, Jobs
from quarterdeck.retrieval.reading import embedded_text
from quarterdeck.retrieval.store import embedding_rows
from quarterdeck.runtime import memory
from quarterdeck.runtime.runtime import Runtime

KIND = "embed-index"
_BATCH = 32
"""What is kept at once: a kill loses half a second of work."""
_SLICE = 4
"""What is embedded at once: an answer that needs vectors of its own waits a few hundredths of a second at most."""
_LOOKED_UP = 1024


def embedding_job(runtime: Runtime) -> JobFunction:
    """The job of kind `embed-index`: argument `index_id`. Whatever has a vector already is left alone."""

    async def embed_index(arguments: dict[str, str]) -> None:
        embedder, index_id = runtime.part(Embedder), arguments["index_id"]
        if not embedder.ready or await embedding_rows.embedder_of(runtime.database, index_id) != embedder.name:
            return  # the model was removed or replaced since: the next version will have its vectors
        while missing := await embedding_rows.unembedded(runtime.database, index_id, embedder.name, limit=_LOOKED_UP):
            # The short ones together: the threads of a batch then end together.
            missing.sort(key=lambda one: len(one.text))
            for start in range(0, len(missing), _BATCH):
                await _embed(runtime, embedder, missing[start : start + _BATCH])
        await asyncio.to_thread(memory.give_back)

    return embed_index


async def resume(runtime: Runtime) -> None:
    """Start the job for every newest version that lacks vectors: a kill may have come before the job was noted."""
    embedder = runtime.part(Embedder)
    if embedder.ready:
        for index_id in await embedding_rows.incomplete(runtime.database, embedder.name):
            await runtime.part(Jobs).start(KIND, {"index_id": index_id}, key=index_id)


async def _embed(runtime: Runtime, embedder: Embedder, batch: Sequence[embedding_rows.Unembedded]) -> None:
    texts = [embedded_text(one.title, one.heading_path, one.text) for one in batch]
    vectors = [
        vector
        for start in range(0, len(texts), _SLICE)
        for vector in await asyncio.to_thread(embedder.embed, texts[start : start + _SLICE])
    ]
    found = {one.text_sha256: vector.astype("<f2").tobytes() for one, vector in zip(batch, vectors, strict=True)}
    await embedding_rows.keep_vectors(runtime.database, embedder.name, found)
