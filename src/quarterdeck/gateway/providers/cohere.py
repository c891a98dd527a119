"""Cohere: its v2 chat, always as a stream, its embeddings and its reranker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec
from multidict import CIMultiDict
from yarl import URL

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import rerank_shapes, sse, upstream
from quarterdeck.gateway.cohere_request import chat_request
from quarterdeck.gateway.cohere_stream import CohereReading
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Address, Embeddings, OfferedModel, Provider, ProviderKind
from quarterdeck.gateway.ranking import Ranking, RerankRequest
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

T = TypeVar("T")

COHERE_URL = "https://api.cohere.com"
_MOST_TEXTS_AT_ONCE = 96


class _ByType(msgspec.Struct):
    floats: list[list[float]] = msgspec.field(name="float")


class _Billed(msgspec.Struct):
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Billed | None = None


class _Vectors(msgspec.Struct):
    embeddings: _ByType
    meta: _Meta | None = None


class Cohere(Provider):
    """Calls `/v2/chat`, `/v2/embed` and `/v2/rerank`."""

    kind: ClassVar[ProviderKind] = "cohere"

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        self._base = (account.base_url or COHERE_URL).rstrip("/").removesuffix("/v2").removesuffix("/v1")
        self._headers: CIMultiDict[str] = CIMultiDict(
            {
                "Content-Type": "application/json",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "quarterdeck",
                "Authorization": f"Bearer {account.api_key or ''}",
            }
        )
        self._seen: list[OfferedModel] = []

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        variable = next((name for name in ("COHERE_API_KEY", "CO_API_KEY") if name in variables), None)
        if variable is None:
            return []
        return [
            Account(
                name="cohere",
                kind="cohere",
                base_url=variables.get("COHERE_BASE_URL", COHERE_URL),
                api_key=variables[variable],
                origin=f"env:{variable}",
            )
        ]

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models:
            return [_offered(name) for name in self.account.models]
        return self._seen or self.runtime.part(Prices).models("cohere")

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        return Address(URL(f"{self._base}{path}{query and '?'}{query}", encoded=True), self._headers)

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        reply = await self._post("/v2/chat", chat_request(model, request))
        reading = CohereReading(self.account.name, model)
        scanner = sse.EventScanner()
        try:
            while not reading.ended and (chunk := await reply.receive()):
                for event in sse.events(scanner.feed(chunk)):
                    for piece in reading.read(sse.payload(event)):
                        yield piece
            finish, usage = reading.finish(scanner.rest() if not reading.ended else b"")
            await reply.finish()
        finally:
            reply.close()
        yield finish
        if usage is not None:
            yield usage

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        vectors: list[list[float]] = []
        tokens = 0.0
        for start in range(0, len(texts), _MOST_TEXTS_AT_ONCE):
            asked = {
                "model": model,
                "texts": texts[start : start + _MOST_TEXTS_AT_ONCE],
                "input_type": "search_document",
                "embedding_types": ["float"],
            }
            found = await self._ask("/v2/embed", asked, _Vectors, "embeddings")
            vectors += found.embeddings.floats
            billed = found.meta.billed_units if found.meta is not None else None
            tokens += (billed.input_tokens or 0) if billed is not None else 0
        return Embeddings(vectors, int(tokens), model)

    async def rerank(self, work: Work, model: str, request: RerankRequest) -> Ranking:
        asked: dict[str, object] = {"model": model, "query": request.query, "documents": request.texts()}
        if request.most() is not None:
            asked["top_n"] = request.most()
        if request.max_tokens_per_doc is not None:
            asked["max_tokens_per_doc"] = request.max_tokens_per_doc
        reply = await self._post("/v2/rerank", asked)
        return rerank_shapes.read("jina", self.account.name, await reply.read(), request)

    async def check(self) -> Sequence[OfferedModel]:
        url = URL(f"{self._base}/v1/models?page_size=1000", encoded=True)
        said = await upstream.get_json(self.runtime.http, url, self._headers, provider=self.account.name)
        listed = said.get("models") if isinstance(said, dict) else None
        if not isinstance(listed, list):
            raise UpstreamFailed(f"`{self.account.name}` did not answer with a list of models. Is its base URL right?")
        self._seen = [model for entry in listed if (model := _listed(entry)) is not None]
        return self._seen

    async def _post(self, path: str, body: object) -> Reply:
        return await upstream.post(
            self.runtime.http,
            URL(f"{self._base}{path}", encoded=True),
            msgspec.json.encode(body),
            self._headers,
            provider=self.account.name,
            settings=self.runtime.settings,
        )

    async def _ask(self, path: str, body: object, kind: type[T], what: str) -> T:
        reply = await self._post(path, body)
        try:
            return msgspec.json.decode(await reply.read(), type=kind)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self.account.name}` did not answer with {what}: {error}.") from error


def _listed(entry: Any) -> OfferedModel | None:  # Any: an entry of a list that somebody else wrote
    if not isinstance(entry, dict) or "name" not in entry:
        return None
    endpoints = entry.get("endpoints") or ()
    if "chat" in endpoints:
        return OfferedModel(str(entry["name"]))
    return OfferedModel(str(entry["name"]), "embedding") if "embed" in endpoints else None


def _offered(name: str) -> OfferedModel:
    return OfferedModel(name, "embedding" if "embed" in name.lower() else "chat")
