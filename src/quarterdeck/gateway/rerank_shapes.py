"""How rerankers are spoken to that are not Cohere's own: the shape of Jina, which most share, Voyage's, and that of TEI."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.manners import RerankShape
from quarterdeck.gateway.ranking import Ranked, Ranking, RerankRequest

PATH = "/rerank"


class _Result(msgspec.Struct):
    index: int
    relevance_score: float | None = None
    score: float | None = None
    """TEI's word for it, and SGLang's."""

    def ranked(self) -> Ranked:
        score = self.relevance_score if self.relevance_score is not None else self.score
        return Ranked(self.index, score if score is not None else 0.0)


class _Used(msgspec.Struct):
    total_tokens: int | None = None
    prompt_tokens: int | None = None


class _Units(msgspec.Struct):
    search_units: float | None = None
    input_tokens: float | None = None


class _Tokens(msgspec.Struct):
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Units | None = None
    tokens: _Tokens | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] | None = None
    data: list[_Result] | None = None
    """Voyage's word for it."""
    id: str | None = None
    model: str | None = None
    usage: _Used | None = None
    meta: _Meta | None = None


def body(shape: RerankShape, model: str, request: RerankRequest) -> bytes:
    """The request in the words of a server."""
    texts, most = request.texts(), request.most()
    said: dict[str, Any]  # Any: JSON
    if shape == "tei":
        said = {"query": request.query, "texts": texts, "truncate": True}
    else:
        said = {"model": model, "query": request.query, "documents": texts, "return_documents": False}
        if most is not None:
            said["top_k" if shape == "voyage" else "top_n"] = most
    return msgspec.json.encode(said)


def read(shape: RerankShape, provider: str, answer: bytes, request: RerankRequest) -> Ranking:
    """What it answered, whatever the shape; what it does not sort or cut, we do."""
    try:
        found = (
            _Answer(msgspec.json.decode(answer, type=list[_Result]))
            if answer.lstrip().startswith(b"[")
            else msgspec.json.decode(answer, type=_Answer)
        )
    except UNREADABLE as error:
        raise UpstreamFailed(f"`{provider}` did not answer with a ranking: {error}.") from error
    results = found.results if found.results is not None else found.data
    if results is None:
        raise UpstreamFailed(f"`{provider}` did not answer with a ranking, but with: {answer[:120]!r}.")
    count = len(request.documents)
    if any(not 0 <= result.index < count for result in results):
        raise UpstreamFailed(f"`{provider}` ranked a document that it was not sent.")
    ranked = sorted((result.ranked() for result in results), key=lambda one: -one.score)[: request.most()]
    return Ranking(ranked, _usage(found, request), found.model, found.id)


def _usage(found: _Answer, request: RerankRequest) -> Usage:
    meta = found.meta or _Meta()
    billed = meta.billed_units or _Units()
    if billed.search_units:
        # Cohere is paid by the search, and tokens are not counted.
        return Usage(int(billed.input_tokens or 0), 0, units=(("search", int(billed.search_units)),))
    used = found.usage or _Used()
    told = used.total_tokens or used.prompt_tokens or (meta.tokens.input_tokens if meta.tokens else None)
    if told is None:
        return Usage(request.estimate(), 0, estimated=True)
    return Usage(int(told), 0)
