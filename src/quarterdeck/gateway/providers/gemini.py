"""Google's Gemini API: calls it, always as a stream, and asks it for embeddings."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, unquote

import msgspec
from multidict import CIMultiDict
from yarl import URL

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse, upstream
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.gemini_request import generate_request
from quarterdeck.gateway.gemini_stream import GeminiReading
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Address, Embeddings, OfferedModel, ProviderKind, WireProvider
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

T = TypeVar("T")

GEMINI_URL = "https://generativelanguage.googleapis.com"
_CHARACTERS_PER_TOKEN = 4
# Google's price list has models of others, which are sold on Vertex AI only.
_GOOGLES_OWN = re.compile(r"gemini|gemma|embedding|text-embedding")


class _Vector(msgspec.Struct):
    values: list[float]


class _Used(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Vectors(msgspec.Struct, rename="camel"):
    embeddings: list[_Vector]
    usage_metadata: _Used | None = None


class Gemini(WireProvider):
    """Calls `/v1beta/models/{model}:streamGenerateContent`."""

    kind: ClassVar[ProviderKind] = "gemini"
    dialects: ClassVar[frozenset[DialectName]] = frozenset({"gemini"})

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        self._base = (account.base_url or GEMINI_URL).rstrip("/").removesuffix("/v1beta") + "/v1beta"
        self._seen: list[OfferedModel] = []

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        # Google's own SDK takes GOOGLE_API_KEY before GEMINI_API_KEY when both are there.
        variable = next((name for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY") if name in variables), None)
        if variable is None:
            return []
        return [
            Account(
                name="gemini",
                kind="gemini",
                base_url=variables.get("GOOGLE_GEMINI_BASE_URL", GEMINI_URL),
                api_key=variables[variable],
                origin=f"env:{variable}",
            )
        ]

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models:
            return [_offered(name) for name in self.account.models]
        return self._seen or [
            model for model in self.runtime.part(Prices).models("google") if _GOOGLES_OWN.match(model.name)
        ]

    def may_have(self, model: str) -> bool:
        return super().may_have(model) and _GOOGLES_OWN.match(model) is not None

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        root = self._base.removesuffix("/v1beta")
        return Address(URL(f"{root}{path}{query and '?'}{query}", encoded=True), await self._headers_now())

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        model, _, method = path.removeprefix("/models/").rpartition(":")
        return await self._send(f"{self._place(unquote(model))}:{method}", body)

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        body = generate_request(model.rpartition("/")[2], request)
        reply = await self._post(f"{self._place(model)}:streamGenerateContent?alt=sse", body)
        reading = GeminiReading(self.account.name)
        scanner = sse.EventScanner()
        try:
            while chunk := await reply.receive():
                for event in sse.events(scanner.feed(chunk)):
                    for piece in reading.read(sse.payload(event)):
                        yield piece
            finish, usage = reading.finish(scanner.rest())
            await reply.finish()
        finally:
            reply.close()
        yield finish
        if usage is not None:
            yield usage

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        name = f"models/{model.removeprefix('models/')}"
        asked = {"requests": [{"model": name, "content": {"parts": [{"text": text}]}} for text in texts]}
        found = await self._ask(f"{self._place(model)}:batchEmbedContents", asked, _Vectors)
        counted = found.usage_metadata.prompt_token_count if found.usage_metadata else None
        estimate = -(-sum(map(len, texts)) // _CHARACTERS_PER_TOKEN)
        return Embeddings(
            [vector.values for vector in found.embeddings],
            estimate if counted is None else counted,
            model,
            estimated=counted is None,
        )

    async def check(self) -> Sequence[OfferedModel]:
        url = URL(f"{self._base}/models?pageSize=1000", encoded=True)
        said = await upstream.get_json(self.runtime.http, url, await self._headers_now(), provider=self.account.name)
        listed = said.get("models") if isinstance(said, dict) else None
        if not isinstance(listed, list):
            raise UpstreamFailed(f"`{self.account.name}` did not answer with a list of models. Is its base URL right?")
        self._seen = [model for entry in listed if (model := _listed(entry)) is not None]
        return self._seen

    def _place(self, model: str) -> str:
        return f"{self._base}/models/{quote(model.removeprefix('models/'), safe='')}"

    async def _headers_now(self) -> CIMultiDict[str]:
        return CIMultiDict({**_HEADERS, "x-goog-api-key": self.account.api_key or ""})

    async def _post(self, url: str, body: object) -> Reply:
        return await self._send(url, msgspec.json.encode(body))

    async def _send(self, url: str, body: bytes) -> Reply:
        return await upstream.post(
            self.runtime.http,
            URL(url, encoded=True),
            body,
            await self._headers_now(),
            provider=self.account.name,
            settings=self.runtime.settings,
        )

    async def _ask(self, url: str, body: object, kind: type[T]) -> T:
        reply = await self._post(url, body)
        try:
            return msgspec.json.decode(await reply.read(), type=kind)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self.account.name}` did not answer with embeddings: {error}.") from error


_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "quarterdeck",
}


def _listed(entry: Any) -> OfferedModel | None:  # Any: an entry of a list that somebody else wrote
    if not isinstance(entry, dict) or "name" not in entry:
        return None
    name, methods = str(entry["name"]).removeprefix("models/"), entry.get("supportedGenerationMethods") or ()
    if "generateContent" in methods:
        return OfferedModel(name)
    return OfferedModel(name, "embedding") if "embedContent" in methods else None


def _offered(name: str) -> OfferedModel:
    return OfferedModel(name, "embedding" if "embed" in name.lower() else "chat")
