"""Amazon Bedrock: calls any of its models by the Converse API, signed with AWS credentials or with a Bedrock key."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote

import msgspec
from yarl import URL

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import upstream
from quarterdeck.gateway.aws_event_stream import AwsMessageScanner
from quarterdeck.gateway.aws_signature import AwsCredentials, signed_headers
from quarterdeck.gateway.bedrock_request import converse_request
from quarterdeck.gateway.bedrock_stream import BedrockReading
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Address, Embeddings, OfferedModel, Provider, ProviderKind
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

_REGION_IN_URL = re.compile(r"https?://bedrock(?:-runtime)?(?:-fips)?\.([a-z0-9-]+)\.")
# `amazon.nova-lite-v1:0`, `us.anthropic.claude-…`: with its maker, as nobody else names models.
_BEDROCKS_OWN = re.compile(r"(?:[a-z]+\.)?[a-z0-9]+\.[a-z]")


class _Secret(msgspec.Struct):
    """Stored credentials, as JSON."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    region: str | None = None


class Bedrock(Provider):
    """Calls `/model/{id}/converse-stream`."""

    kind: ClassVar[ProviderKind] = "bedrock"

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        secret = _secret(account.api_key)
        self._base = account.base_url.rstrip("/")
        in_url = _REGION_IN_URL.match(self._base)
        self._region = in_url[1] if in_url else (secret.region if secret and secret.region else "us-east-1")
        self._credentials = (
            AwsCredentials(secret.access_key_id, secret.secret_access_key, secret.session_token) if secret else None
        )
        self._seen: list[OfferedModel] = []

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
        if "AWS_BEARER_TOKEN_BEDROCK" in variables:
            key, origin = variables["AWS_BEARER_TOKEN_BEDROCK"], "AWS_BEARER_TOKEN_BEDROCK"
        elif "AWS_ACCESS_KEY_ID" in variables and "AWS_SECRET_ACCESS_KEY" in variables:
            secret = _Secret(
                variables["AWS_ACCESS_KEY_ID"],
                variables["AWS_SECRET_ACCESS_KEY"],
                variables.get("AWS_SESSION_TOKEN"),
                region,
            )
            key, origin = msgspec.json.encode(secret).decode(), "AWS_ACCESS_KEY_ID"
        else:
            return []
        if region is None:
            return []
        url = variables.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"https://bedrock-runtime.{region}.amazonaws.com")
        return [Account(name="bedrock", kind="bedrock", base_url=url, api_key=key, origin=f"env:{origin}")]

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models:
            return [_offered(name) for name in self.account.models]
        # The list's `regional.…` stands for all regions, and is no name to call a model by.
        listed = self.runtime.part(Prices).models("aws")
        return self._seen or [model for model in listed if not model.name.startswith("regional.")]

    def may_have(self, model: str) -> bool:
        return super().may_have(model) and _BEDROCKS_OWN.match(model) is not None

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        body = msgspec.json.encode(converse_request(model, request))
        reply = await self._post(model, "converse-stream", body)
        scanner = AwsMessageScanner(self.account.name)
        reading = BedrockReading(self.account.name, reply.headers.get("x-amzn-requestid"))
        try:
            while not reading.ended and (chunk := await reply.receive()):
                for message in scanner.feed(chunk):
                    for piece in reading.read(message):
                        yield piece
            finish, usage = reading.finish(scanner.rest())
            await reply.finish()
        finally:
            reply.close()
        yield finish
        if usage is not None:
            yield usage

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        vectors: list[list[float]] = []
        tokens = 0
        # Cohere's models take many texts at once, Amazon's take one.
        for body in (
            [{"texts": texts, "input_type": "search_document"}]
            if "cohere.embed" in model
            else [{"inputText": text} for text in texts]
        ):
            reply = await self._post(model, "invoke", msgspec.json.encode(body))
            try:
                said = msgspec.json.decode(await reply.read(), type=_Vectors)
            except UNREADABLE as error:
                raise UpstreamFailed(f"`{self.account.name}` did not answer with embeddings: {error}.") from error
            vectors += said.embeddings if said.embeddings is not None else [said.embedding or []]
            with suppress(ValueError):
                tokens += int(reply.headers.get("x-amzn-bedrock-input-token-count", "0"))
        return Embeddings(vectors, tokens, model)

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        if body is None:
            raise InvalidInput("Bedrock wants every body signed: send JSON, not a file.")
        url = URL(f"{self._base}{path}{query and '?'}{query}", encoded=True)
        return Address(url, self._headers(method, url, body), signed=True)

    async def check(self) -> Sequence[OfferedModel]:
        models = _entries(await self._get("/foundation-models"), "modelSummaries")
        profiles = _entries(await self._get("/inference-profiles"), "inferenceProfileSummaries")
        if models is None or profiles is None:
            raise UpstreamFailed(f"`{self.account.name}` did not answer with a list of models. Is its base URL right?")
        names = [str(one["modelId"]) for one in models if "modelId" in one]
        names += [str(one["inferenceProfileId"]) for one in profiles if "inferenceProfileId" in one]
        self._seen = [_offered(name) for name in names]
        return self._seen

    async def _post(self, model: str, verb: str, body: bytes) -> Reply:
        url = URL(f"{self._base}/model/{quote(model, safe='')}/{verb}", encoded=True)
        headers = self._headers("POST", url, body)
        return await upstream.post(
            self.runtime.http,
            url,
            body,
            headers,
            provider=self.account.name,
            settings=self.runtime.settings,
        )

    async def _get(self, path: str) -> object:
        # Lists of models are told by a host of their own.
        url = URL(self._base.replace("://bedrock-runtime", "://bedrock", 1) + path, encoded=True)
        headers = self._headers("GET", url, b"")
        return await upstream.get_json(self.runtime.http, url, headers, provider=self.account.name)

    def _headers(self, method: str, url: URL, body: bytes) -> dict[str, str]:
        plain = {"Content-Type": "application/json", "Accept": "*/*", "Accept-Encoding": "identity"}
        if self._credentials is None:
            return {**plain, "User-Agent": "quarterdeck", "Authorization": f"Bearer {self.account.api_key or ''}"}
        host = url.host or ""
        host = host if url.is_default_port() else f"{host}:{url.port}"
        signed = signed_headers(
            self._credentials,
            method,
            url.raw_path,
            {"Host": host, "Content-Type": plain["Content-Type"]},
            body,
            query=parse_qsl(url.raw_query_string, keep_blank_values=True),
            region=self._region,
            service="bedrock",
            at=clock.now(),
        )
        return {**plain, "User-Agent": "quarterdeck", **signed}


class _Vectors(msgspec.Struct):
    embedding: list[float] | None = None
    embeddings: list[list[float]] | None = None


def _secret(text: str | None) -> _Secret | None:
    if text is None or not text.lstrip().startswith("{"):
        return None
    try:
        return msgspec.json.decode(text, type=_Secret)
    except UNREADABLE as error:
        raise InvalidInput(
            "Credentials for Bedrock are a Bedrock API key, or JSON with `access_key_id`, `secret_access_key` and perhaps "
            f"`session_token` and `region`: {error}.",
            param="api_key",
        ) from error


def _entries(said: object, name: str) -> list[dict[str, Any]] | None:  # Any: entries that somebody else wrote
    listed = said.get(name) if isinstance(said, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None


def _offered(name: str) -> OfferedModel:
    return OfferedModel(name, "embedding" if "embed" in name.lower() else "chat")
