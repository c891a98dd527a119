"""The passages an answer may draw on: found in one index version, few enough for the budget, numbered to be cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.gateway.conversation import Citation, SourceDocument
from quarterdeck.orchestration.records import Parameters
from quarterdeck.retrieval.records import Hit
from quarterdeck.retrieval.searching import search
from quarterdeck.runtime.work import Work

_CHARACTERS_PER_TOKEN = 4
_QUOTE_CHARACTERS = 280


@dataclass(frozen=True)
class Found:
    """What was found for a question, in the order of its citation numbers, from 1."""

    knowledge: str
    hits: tuple[Hit, ...]

    def documents(self) -> list[SourceDocument]:
        """The passages as a model gets them."""
        return [
            SourceDocument(id=hit.chunk_id, text=hit.text, title=hit.title, heading_path=hit.heading_path)
            for hit in self.hits
        ]

    def texts(self) -> list[str]:
        return [hit.text for hit in self.hits]

    def titles(self) -> str:
        """Every title and heading: what stands there is no invention either."""
        return "\n".join(" ".join([hit.title, *hit.heading_path]) for hit in self.hits)

    def citations(self, quotes: Mapping[int, str] | None = None) -> list[Citation]:
        """Where the passages stand: all of them, or those in `quotes` with the sentence that was used."""
        numbers = range(1, len(self.hits) + 1) if quotes is None else quotes
        return [self._citation(n, None if quotes is None else quotes[n]) for n in numbers]

    def _citation(self, n: int, quote: str | None) -> Citation:
        hit = self.hits[n - 1]
        return Citation(
            n=n,
            chunk_id=hit.chunk_id,
            document_id=hit.document_id,
            knowledge=self.knowledge,
            path=hit.path,
            title=hit.title,
            heading_path=hit.heading_path,
            line_start=hit.line_start,
            line_end=hit.line_end,
            page=hit.page,
            quote=quote or _shortened(hit.text),
        )


async def find(work: Work, knowledge: str, index_id: str, question: str, parameters: Parameters) -> Found:
    """The best passages of an index version for a question."""
    result = await search(work, knowledge, question, limit=parameters.passages, index_id=index_id)
    return Found(knowledge, tuple(_within(result.hits, parameters.context_tokens)))


def _within(hits: Sequence[Hit], tokens: int) -> list[Hit]:
    """As many of the best as fit, and one at least."""
    kept: list[Hit] = []
    left = tokens * _CHARACTERS_PER_TOKEN
    for hit in hits:
        left -= len(hit.text)
        if kept and left < 0:
            break
        kept.append(hit)
    return kept


def _shortened(text: str) -> str:
    return text if len(text) <= _QUOTE_CHARACTERS else f"{text[: _QUOTE_CHARACTERS - 1].rstrip()}…"
