"""Google Vertex AI: Gemini with Google Cloud's credentials and addresses, and Anthropic's models as they are sold there."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import msgspec
from multidict import CIMultiDict
from yarl import URL

from quarterdeck.core.errors import InvalidInput, UpstreamFailed
from quarterdeck.gateway import sse, upstream
from quarterdeck.gateway.anthropic_reply import AnthropicReading
from quarterdeck.gateway.anthropic_request import messages_request
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.google_token import GoogleTokens, google_credentials
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Address, Embeddings, OfferedModel, ProviderKind
from quarterdeck.gateway.providers.gemini import Gemini
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

_ANTHROPIC_VERSION = "vertex-2023-10-16"
_DEFAULT_LOCATION = "global"
_SOLD_HERE = re.compile(r"gemini|gemma|text-embedding|claude")
# These take one text at a time: https://cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings
_ONE_TEXT = re.compile(r"gemini-embedding")
_MOST_TEXTS_AT_ONCE = 250
_IN_URL = re.compile(r"/projects/(?P<project>[^/]+)(?:/locations/(?P<location>[^/]+))?")


class _Statistics(msgspec.Struct):
    token_count: float = 0


class _Embedding(msgspec.Struct):
    values: list[float]
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Embedding


class _Predictions(msgspec.Struct):
    predictions: list[_Prediction]


class Vertex(Gemini):
    """Calls `/v1/projects/{project}/locations/{location}/publishers/{maker}/models/{model}:…`."""

    kind: ClassVar[ProviderKind] = "vertex"

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        credentials, key = google_credentials(account.api_key or "")
        self._tokens = GoogleTokens(account.name, credentials, key)
        told = _IN_URL.search(account.base_url)
        project = told["project"] if told else credentials.project_id or credentials.quota_project_id
        if not project:
            raise InvalidInput(
                "Whose project? Add `project_id` to the credentials, or write the base URL up to "
                "`/v1/projects/{project}/locations/{location}`.",
                param="api_key",
            )
        location = (told["location"] if told else None) or credentials.location or _DEFAULT_LOCATION
        self._root = account.base_url.partition("/v1/projects/")[0].rstrip("/") or _host(location)
        self._project = project
        self._models = f"{self._root}/v1/projects/{project}/locations/{location}/publishers"

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        path = variables.get("GOOGLE_APPLICATION_CREDENTIALS")
        if path is None:
            return []
        try:
            said = msgspec.json.decode(Path(path).read_bytes(), type=dict[str, msgspec.Raw])
        except (OSError, msgspec.DecodeError):
            return []  # written for something else: other programs use this variable, too
        project = variables.get("VERTEX_PROJECT") or variables.get("GOOGLE_CLOUD_PROJECT")
        location = variables.get("VERTEX_LOCATION") or variables.get("GOOGLE_CLOUD_LOCATION")
        more = {"project_id": project, "location": location}
        told = {**said, **{name: value for name, value in more.items() if value is not None}}
        account = Account(
            name="vertex",
            kind="vertex",
            base_url=variables.get("VERTEX_BASE_URL") or _host(location or _DEFAULT_LOCATION),
            api_key=msgspec.json.encode(told).decode(),
            origin="env:GOOGLE_APPLICATION_CREDENTIALS",
        )
        return [account] if _usable(account) else []

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models or self._seen:
            return super().models()
        return [model for model in self.runtime.part(Prices).models("google") if _SOLD_HERE.match(model.name)]

    def may_have(self, model: str) -> bool:
        return not self.account.models and _SOLD_HERE.match(model) is not None

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        url = URL(f"{self._root}{path}{query and '?'}{query}", encoded=True)
        return Address(url, await self._headers_now())

    def speaks(self, dialect: DialectName, model: str) -> bool:
        return super().speaks(dialect, model) and "claude" not in model

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        if not model.startswith("claude"):
            async for piece in super().chat(work, model, request):
                yield piece
            return
        body = messages_request(model, request)
        del body["model"]
        reply = await self._post(
            f"{self._place(model)}:streamRawPredict", body | {"anthropic_version": _ANTHROPIC_VERSION}
        )
        reading, scanner = AnthropicReading(self.account.name), sse.EventScanner()
        try:
            while not reading.ended and (chunk := await reply.receive()):
                for event in sse.events(scanner.feed(chunk)):
                    for piece in reading.read(sse.payload(event)):
                        yield piece
            reading.require_end(scanner.rest())
            await reply.finish()
        finally:
            reply.close()
        yield reading.finish()
        yield reading.usage()

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        at_once = 1 if _ONE_TEXT.match(model) else _MOST_TEXTS_AT_ONCE
        vectors: list[list[float]] = []
        tokens = 0.0
        for start in range(0, len(texts), at_once):
            asked = {"instances": [{"content": text} for text in texts[start : start + at_once]]}
            for one in (await self._ask(f"{self._place(model)}:predict", asked, _Predictions)).predictions:
                vectors.append(one.embeddings.values)
                tokens += one.embeddings.statistics.token_count if one.embeddings.statistics is not None else 0
        return Embeddings(vectors, int(tokens), model)

    async def check(self) -> Sequence[OfferedModel]:
        headers = await self._headers_now()
        headers["x-goog-user-project"] = self._project
        url = URL(f"{self._root}/v1beta1/publishers/google/models?pageSize=300", encoded=True)
        said = await upstream.get_json(self.runtime.http, url, headers, provider=self.account.name)
        listed = said.get("publisherModels") if isinstance(said, dict) else None
        if not isinstance(listed, list):
            raise UpstreamFailed(f"`{self.account.name}` did not answer with a list of models. Is its base URL right?")
        names = [
            str(entry["name"]).rpartition("/")[2] for entry in listed if isinstance(entry, dict) and "name" in entry
        ]
        self._seen = [
            OfferedModel(name, "embedding" if "embed" in name else "chat") for name in names if _SOLD_HERE.match(name)
        ]
        return self._seen

    def _place(self, model: str) -> str:
        maker, slash, name = model.partition("/")
        if not slash:
            maker, name = ("anthropic" if model.startswith("claude") else "google"), model
        return f"{self._models}/{quote(maker, safe='')}/models/{quote(name, safe='@')}"

    async def _headers_now(self) -> CIMultiDict[str]:
        return CIMultiDict(
            {
                "Content-Type": "application/json",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "quarterdeck",
                "Authorization": f"Bearer {await self._tokens.token(self.runtime.http)}",
            }
        )


def _host(location: str) -> str:
    prefix = "" if location == "global" else f"{location}-"
    return f"https://{prefix}aiplatform.googleapis.com"


def _usable(account: Account) -> bool:
    try:
        credentials, _ = google_credentials(account.api_key or "")
    except InvalidInput:
        return False
    return bool(credentials.project_id or credentials.quota_project_id)
