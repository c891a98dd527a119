"""OpenAI itself, and the wire format that everybody else imitates."""

from __future__ import annotations

import base64
import re
from array import array
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import ClassVar

import msgspec
from yarl import URL

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import rerank_shapes, sse, upstream
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Piece,
    UsagePiece,
)
from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.manners import PLAIN, Manners
from quarterdeck.gateway.openai_reading import finish_of, pieces_of, plain_request
from quarterdeck.gateway.outcome import WireChoice, WireChunk
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Address, Embeddings, OfferedModel, ProviderKind, WireProvider
from quarterdeck.gateway.ranking import Ranking, RerankRequest
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.gateway.wire.lines import FixedHeaders
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

OPENAI_URL = "https://api.openai.com/v1"
# The few of OpenAI's models that go on with a text; all others refuse it, and are asked in a chat.
_COMPLETES = re.compile(r"(^|/)(gpt-3\.5-turbo-instruct|davinci-002|babbage-002)")
_CHUNK = msgspec.json.Decoder(WireChunk)


class _Listing(msgspec.Struct):
    class Entry(msgspec.Struct):
        id: str

    data: list[Entry]


class _VectorList(msgspec.Struct):
    class Entry(msgspec.Struct):
        index: int
        embedding: list[float] | str

    class Used(msgspec.Struct):
        prompt_tokens: int = 0

    data: list[Entry]
    model: str = ""
    usage: Used | None = None


class OpenAI(WireProvider):
    """Calls `/chat/completions`, `/responses`, `/embeddings` and `/models` below a base URL."""

    kind: ClassVar[ProviderKind] = "openai"
    dialects: ClassVar[frozenset[DialectName]] = frozenset({"openai-chat", "openai-responses"})

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        self._manners: Manners = PLAIN
        self._base = URL((account.base_url or OPENAI_URL).rstrip("/"), encoded=True)
        self._urls: dict[str, URL] = {}
        self._headers = FixedHeaders(
            {
                "Content-Type": "application/json",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "quarterdeck",
            }
        )
        if account.api_key:
            self._headers["Authorization"] = f"Bearer {account.api_key}"
        self._seen: list[OfferedModel] = []

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        if "OPENAI_API_KEY" not in variables:
            return []
        return [
            Account(
                name="openai",
                kind="openai",
                base_url=variables.get("OPENAI_BASE_URL", OPENAI_URL),
                api_key=variables["OPENAI_API_KEY"],
                origin="env:OPENAI_API_KEY",
            )
        ]

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models:
            return [_offered(name) for name in self.account.models]
        if self._seen:
            return self._seen
        prices = self.runtime.part(Prices)
        seller = prices.seller(self.account)
        return prices.models(seller) if seller is not None else []

    def speaks(self, dialect: DialectName, model: str) -> bool:
        if dialect == "openai-completions":
            return self._manners.completes or _COMPLETES.search(model) is not None
        return super().speaks(dialect, model)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.post_to(f"{self._base}{path}", body, headers)

    async def post_to(self, address: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a body to a whole address."""
        url = self._urls.get(address)
        if url is None:
            url = self._urls[address] = URL(address, encoded=True)
        sent = {**self._headers, **headers} if headers else self._headers
        return await upstream.post(
            self.runtime.http, url, body, sent, provider=self.account.name, settings=self.runtime.settings
        )

    def place(self, path: str, model: str) -> tuple[Address, str]:
        return Address(URL(f"{self._base}{path}", encoded=True), self._headers), model

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        root = str(self._base).removesuffix("/v1")
        return Address(URL(f"{root}{path}{query and '?'}{query}", encoded=True), self._headers)

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        body = plain_request(request, model, wants_thoughts=self._manners.wants_thoughts)
        if self.kind == "openai" and "max_tokens" in body:
            # OpenAI's own newer models refuse the old name, and its older ones know the new one.
            body.setdefault("max_completion_tokens", body.pop("max_tokens"))
        body |= {"model": model, "stream": True, "stream_options": {"include_usage": True}}
        reply = await self.post("/chat/completions", msgspec.json.encode(body))
        scanner = sse.EventScanner()
        finish: FinishPiece | None = None
        usage: UsagePiece | None = None
        try:
            while block := await reply.receive():
                for event in sse.events(scanner.feed(block)):
                    chunk = self._chunk(sse.payload(event))
                    if chunk is None:
                        continue
                    if chunk.usage is not None:
                        usage = UsagePiece(chunk.usage.buckets(), chunk.model, chunk.id)
                    for choice in chunk.choices or ():
                        finish = finish_of(choice) or finish
                        for piece in self._pieces(choice):
                            yield piece
        finally:
            reply.close()
        if finish is None:
            raise UpstreamFailed(f"`{self.account.name}` broke off before the end of its answer.")
        yield finish
        if usage is not None:
            yield usage

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        body = msgspec.json.encode({"model": model, "input": list(texts), "encoding_format": "float"})
        reply = await self.post("/embeddings", body)
        try:
            found = msgspec.json.decode(await reply.read(), type=_VectorList)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self.account.name}` did not answer with embeddings: {error}.") from error
        vectors = [_floats(entry.embedding) for entry in sorted(found.data, key=lambda entry: entry.index)]
        return Embeddings(vectors, found.usage.prompt_tokens if found.usage else 0, found.model or model)

    async def rerank(self, work: Work, model: str, request: RerankRequest) -> Ranking:
        shape = self._manners.rerank or "jina"
        reply = await self.post(rerank_shapes.PATH, rerank_shapes.body(shape, model, request))
        return rerank_shapes.read(shape, self.account.name, await reply.read(), request)

    async def check(self) -> Sequence[OfferedModel]:
        said = await upstream.get_json(
            self.runtime.http, URL(f"{self._base}/models", encoded=True), self._headers, provider=self.account.name
        )
        try:
            listing = msgspec.convert(said, _Listing)
        except msgspec.ValidationError as error:
            raise UpstreamFailed(
                f"`{self.account.name}` did not answer with a list of models. Is `{self._base}` the right base URL?"
            ) from error
        self._seen = [_offered(entry.id) for entry in listing.data]
        return self._seen

    def _pieces(self, choice: WireChoice) -> list[Piece]:
        """What a choice of a chunk says."""
        return pieces_of(choice)

    def _chunk(self, data: bytes) -> WireChunk | None:
        if not data or data == b"[DONE]":
            return None
        try:
            chunk = _CHUNK.decode(data)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self.account.name}` sent a chunk that is not JSON: {data[:200]!r}.") from error
        if chunk.error is not None:
            raise refusal(self.account.name, 502, {}, data)
        return chunk


def _offered(name: str) -> OfferedModel:
    return OfferedModel(name, "embedding" if "embed" in name.lower() else "chat")


def _floats(embedding: list[float] | str) -> list[float]:
    if isinstance(embedding, str):
        return array("f", base64.b64decode(embedding)).tolist()
    return embedding
