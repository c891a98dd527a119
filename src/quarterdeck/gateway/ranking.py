"""What a client asks of a reranker and what comes back, in the shape that Cohere and Jina share."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.parsing import parse
from quarterdeck.gateway.wishes import RequestWishes

_CHARACTERS_PER_TOKEN = 4


class RerankRequest(RequestWishes):
    """The fields of a request that we understand."""

    model: str
    query: str
    documents: list[str | dict[str, Any]]  # Any: a document's other fields belong to the client
    top_n: int | None = None
    top_k: int | None = None
    """Voyage's word for it."""
    return_documents: bool = False
    max_tokens_per_doc: int | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None  # Any: clients put what they like here

    def texts(self) -> list[str]:
        """The words of the documents, in their order."""
        return [_text(document) for document in self.documents]

    def most(self) -> int | None:
        """How many of them are wanted; None for all."""
        return self.top_n if self.top_n is not None else self.top_k

    def estimate(self) -> int:
        """The tokens that a reranker reads, by length: the query once with every document."""
        texts = self.texts()
        size = sum(map(len, texts)) + len(self.query) * len(texts)
        return -(-size // _CHARACTERS_PER_TOKEN)


class Ranked(msgspec.Struct, frozen=True):
    """One text, by its place in the request."""

    index: int
    score: float


class Ranking(msgspec.Struct, frozen=True):
    """The texts that answer best, the best one first, and what it took to find them."""

    results: list[Ranked]
    usage: Usage
    model: str | None = None
    """The model that the provider says has judged."""
    id: str | None = None


_RERANK = msgspec.json.Decoder(RerankRequest)


def parse_rerank(body: bytes) -> RerankRequest:
    """A rerank request; what is missing or wrong is named."""
    request = parse(body, _RERANK)
    if not request.documents:
        raise InvalidInput("`documents` is empty. Send at least one text.", param="documents")
    most = request.most()
    if most is not None and most < 1:
        raise InvalidInput(f"`top_n` is {most}; it is at least 1.", param="top_n")
    for number, document in enumerate(request.documents):
        if not isinstance(document, str) and not isinstance(document.get("text"), str):
            raise InvalidInput(f"`documents[{number}]` has no `text`.", param="documents")
    return request


def _text(document: str | dict[str, Any]) -> str:  # Any: as above
    return document if isinstance(document, str) else str(document["text"])
