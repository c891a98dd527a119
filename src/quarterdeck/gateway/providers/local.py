"""`local`: models that run inside this process and need nobody's key: `local/extractive` and `local/minilm`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import ClassVar

from quarterdeck.core.errors import InvalidInput, ModelNotFound
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Piece,
    TextPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.extractive import answer as extractive
from quarterdeck.gateway.extractive.asked import question_and_passages
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.gateway.provider import Account, Embeddings, OfferedModel, Provider, ProviderKind
from quarterdeck.runtime.work import Work

CHAT_MODEL = "extractive"
EMBEDDING_MODEL = "minilm"
_MOST_TEXTS_AT_ONCE = 32
_CHARACTERS_PER_TOKEN = 4
_SLICE = 500
_FRAME_TOKENS = 2
"""The marks for beginning and end that the embedder counts with every text."""


class Local(Provider):
    """Answers with sentences of the passages it is given, never with others, and embeds with the house's embedder."""

    kind: ClassVar[ProviderKind] = "local"

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        return [Account(name="local", kind="local", origin="built-in")]

    def models(self) -> Sequence[OfferedModel]:
        offered = [OfferedModel(CHAT_MODEL)]
        if self._embedder.ready:
            offered.append(OfferedModel(EMBEDDING_MODEL, kind="embedding"))
        return offered

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        if model != CHAT_MODEL:
            raise ModelNotFound(f"`local` has no chat model `{model}`. There is `local/{CHAT_MODEL}`.", param="model")
        question, passages = question_and_passages(request)
        found = await asyncio.to_thread(extractive.answer, question, passages, work.part(VectorMemory).embed_if_ready)
        if work.parent is not None:
            work.parent.attributes["quarterdeck.answer.probability"] = round(found.probability, 4)
            work.parent.attributes["quarterdeck.answer.threshold"] = found.threshold
        for piece in found.pieces:
            yield TextPiece(piece)
        yield FinishPiece("stop", declined=found.declined)
        read = [question, *(passage.text for passage in passages)]
        yield UsagePiece(await asyncio.to_thread(self._usage, read, found.pieces), model=CHAT_MODEL)

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        if model != EMBEDDING_MODEL:
            raise InvalidInput(
                f"`local` has no embedding model `{model}`. There is `local/{EMBEDDING_MODEL}`.", param="model"
            )
        embedder = self._embedder
        vectors: list[list[float]] = []
        # In small portions, so that a large request lets smaller ones through between them.
        for start in range(0, len(texts), _MOST_TEXTS_AT_ONCE):
            portion = texts[start : start + _MOST_TEXTS_AT_ONCE]
            vectors += (await asyncio.to_thread(embedder.embed, portion)).tolist()
        tokens = await asyncio.to_thread(self._tokens, texts)
        return Embeddings(vectors=vectors, input_tokens=tokens, model=EMBEDDING_MODEL)

    async def check(self) -> Sequence[OfferedModel]:
        await asyncio.to_thread(self._embedder.embed, ["ready?"])
        return self.models()

    @property
    def _embedder(self) -> Embedder:
        return self.runtime.part(Embedder)

    def _usage(self, read: Sequence[str], said: Sequence[str]) -> Usage:
        """What it has read and said, in the embedder's tokens; estimated by length where there is no embedder."""
        if self._embedder.ready:
            return Usage(input_tokens=self._tokens(read), output_tokens=self._tokens(said))
        return Usage(
            input_tokens=-(-sum(map(len, read)) // _CHARACTERS_PER_TOKEN),
            output_tokens=-(-sum(map(len, said)) // _CHARACTERS_PER_TOKEN),
            estimated=True,
        )

    def _tokens(self, texts: Sequence[str]) -> int:
        # The embedder reads 512 tokens of a text and no more; a slice this long has fewer.
        slices = (text[start : start + _SLICE] for text in texts for start in range(0, len(text), _SLICE))
        return sum(self._embedder.count_tokens(part) - _FRAME_TOKENS for part in slices)
