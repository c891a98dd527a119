"""Everybody who speaks OpenAI's wire format: any base URL, and the well-known ones by their variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from yarl import URL

from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.provider import Account, ProviderKind
from quarterdeck.gateway.providers.openai import OpenAI
from quarterdeck.gateway.rerank_shapes import PATH as RERANK
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.well_known import WELL_KNOWN, manners_of
from quarterdeck.runtime.runtime import Runtime

_OLLAMA_PORT = 11434


class OpenAICompatible(OpenAI):
    """A provider in OpenAI's dialect at an address of its own; it may need no credential."""

    kind: ClassVar[ProviderKind] = "openai-compatible"
    dialects: ClassVar[frozenset[DialectName]] = frozenset({"openai-chat"})

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        self._manners = manners_of(account)
        # Text Embeddings Inference has its reranker beside its `/v1`, not below it.
        self._root = URL(str(self._base).removesuffix("/v1"), encoded=True)

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        told = {**variables, **_ollama(variables)}
        accounts = [account for known in WELL_KNOWN if (account := known.account(told)) is not None]
        return [_from_ollama_host(account, variables) for account in accounts]

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        if path == RERANK and self._manners.rerank == "tei":
            return await self.post_to(f"{self._root}{path}", body, headers)
        return await super().post(path, self._manners.fit(body), headers)


def _ollama(variables: Mapping[str, str]) -> dict[str, str]:
    """Ollama's own variable (`host`, `host:port` or a URL) as an address."""
    if "OLLAMA_BASE_URL" in variables or "OLLAMA_HOST" not in variables:
        return {}
    host = variables["OLLAMA_HOST"].rstrip("/")
    url = host if "://" in host else f"http://{host}"
    # Where a server listens on all interfaces, we call loopback.
    url = url.replace("//0.0.0.0", "//127.0.0.1")
    return {"OLLAMA_BASE_URL": url if ":" in url.rpartition("//")[2] else f"{url}:{_OLLAMA_PORT}"}


def _from_ollama_host(account: Account, variables: Mapping[str, str]) -> Account:
    if account.name == "ollama" and "OLLAMA_BASE_URL" not in variables:
        return replace(account, origin="env:OLLAMA_HOST")
    return account
