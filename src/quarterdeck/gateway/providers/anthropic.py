"""Anthropic's Messages API: calls it, and reads its streams into our pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import ClassVar

import msgspec
from multidict import CIMultiDict
from yarl import URL

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway import sse, upstream
from quarterdeck.gateway.anthropic_reply import AnthropicReading
from quarterdeck.gateway.anthropic_request import messages_request
from quarterdeck.gateway.conversation import (
    ChatRequest,
    Piece,
)
from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, Address, OfferedModel, ProviderKind, WireProvider
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

ANTHROPIC_URL = "https://api.anthropic.com"
_VERSION = "2023-06-01"


class Anthropic(WireProvider):
    """Calls `/v1/messages`, always as a stream."""

    kind: ClassVar[ProviderKind] = "anthropic"
    dialects: ClassVar[frozenset[DialectName]] = frozenset({"anthropic-messages"})

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        base = (account.base_url or ANTHROPIC_URL).rstrip("/").removesuffix("/v1")
        self._base = f"{base}/v1"
        self._urls: dict[str, URL] = {}
        self._models = URL(f"{base}/v1/models?limit=1000", encoded=True)
        self._headers: CIMultiDict[str] = CIMultiDict(
            {
                "Content-Type": "application/json",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "quarterdeck",
                "anthropic-version": _VERSION,
                "x-api-key": account.api_key or "",
            }
        )
        self._seen: list[OfferedModel] = []

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        if "ANTHROPIC_API_KEY" not in variables:
            return []
        return [
            Account(
                name="anthropic",
                kind="anthropic",
                base_url=variables.get("ANTHROPIC_BASE_URL", ANTHROPIC_URL),
                api_key=variables["ANTHROPIC_API_KEY"],
                origin="env:ANTHROPIC_API_KEY",
            )
        ]

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models:
            return [OfferedModel(name) for name in self.account.models]
        return self._seen or self.runtime.part(Prices).models("anthropic")

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(f"{self._base}{path}", encoded=True)
        sent = {**self._headers, **headers} if headers else self._headers
        return await upstream.post(
            self.runtime.http, url, body, sent, provider=self.account.name, settings=self.runtime.settings
        )

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        root = self._base.removesuffix("/v1")
        return Address(URL(f"{root}{path}{query and '?'}{query}", encoded=True), self._headers)

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        reply = await self.post("/messages", msgspec.json.encode(messages_request(model, request)))
        reading = AnthropicReading(self.account.name)
        scanner = sse.EventScanner()
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

    async def check(self) -> Sequence[OfferedModel]:
        said = await upstream.get_json(self.runtime.http, self._models, self._headers, provider=self.account.name)
        listed = said.get("data") if isinstance(said, dict) else None
        if not isinstance(listed, list):
            raise UpstreamFailed(f"`{self.account.name}` did not answer with a list of models. Is its base URL right?")
        self._seen = [OfferedModel(str(entry["id"])) for entry in listed if isinstance(entry, dict) and "id" in entry]
        return self._seen
