"""Azure OpenAI: OpenAI's dialect at an address of one's own, where models go by the names of deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote

import msgspec
from yarl import URL

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.parsing import with_fields
from quarterdeck.gateway.provider import Account, Address, OfferedModel, ProviderKind
from quarterdeck.gateway.providers.openai import OpenAI
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.wire.lines import FixedHeaders
from quarterdeck.runtime.runtime import Runtime


class _Secret(msgspec.Struct, omit_defaults=True):
    """A stored credential, when more is to be said than the key."""

    api_key: str
    api_version: str | None = None
    """The dated API, which has the deployment in its path; without it, the `v1` API, which has it in the body."""
    deployments: dict[str, str] = {}
    """The deployment of each model that is not deployed under its own name."""


class _Named(msgspec.Struct):
    model: str


_NAMED = msgspec.json.Decoder(_Named)


class Azure(OpenAI):
    """Calls `/openai/v1/…`, or `/openai/deployments/{deployment}/…?api-version=…`."""

    kind: ClassVar[ProviderKind] = "azure"

    def __init__(self, account: Account, runtime: Runtime) -> None:
        self._secret = _secret(account.api_key)
        root = account.base_url.rstrip("/").removesuffix("/v1").removesuffix("/openai")
        super().__init__(replace(account, base_url=f"{root}/openai/v1"), runtime)
        self.account = account
        self._root = root
        self._headers = FixedHeaders(self._headers)
        self._headers.pop("Authorization", None)
        self._headers["api-key"] = self._secret.api_key

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        if "AZURE_OPENAI_API_KEY" not in variables or "AZURE_OPENAI_ENDPOINT" not in variables:
            return []
        secret = variables["AZURE_OPENAI_API_KEY"]
        if "AZURE_OPENAI_API_VERSION" in variables:
            secret = msgspec.json.encode(_Secret(secret, variables["AZURE_OPENAI_API_VERSION"])).decode()
        return [
            Account(
                name="azure",
                kind="azure",
                base_url=variables["AZURE_OPENAI_ENDPOINT"],
                api_key=secret,
                origin="env:AZURE_OPENAI_API_KEY",
            )
        ]

    def models(self) -> Sequence[OfferedModel]:
        # What is deployed is known to Azure and to those who deployed it; the price list has all that could be.
        if self.account.models or self._seen:
            return super().models()
        return [OfferedModel(name) for name in self._secret.deployments]

    def may_have(self, model: str) -> bool:
        return False

    def place(self, path: str, model: str) -> tuple[Address, str]:
        deployment = self._secret.deployments.get(model, model)
        if self._secret.api_version is None:
            return super().place(path, deployment)
        address = f"{self._root}/openai/deployments/{quote(deployment, safe='')}{path}"
        version = quote(self._secret.api_version, safe="")
        return Address(URL(f"{address}?api-version={version}", encoded=True), self._headers), deployment

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        return Address(URL(f"{self._root}{path}{query and '?'}{query}", encoded=True), self._headers)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        asked = _NAMED.decode(body).model
        deployment = self._secret.deployments.get(asked, asked)
        if self._secret.api_version is None:
            named = body if deployment == asked else with_fields(body, model=deployment)
            return await super().post(path, named, headers)
        if path == "/responses":  # not below a deployment, which it names in its body
            named = body if deployment == asked else with_fields(body, model=deployment)
            version = quote(self._secret.api_version, safe="")
            return await self.post_to(f"{self._root}/openai{path}?api-version={version}", named, headers)
        place = f"{self._root}/openai/deployments/{quote(deployment, safe='')}{path}"
        return await self.post_to(f"{place}?api-version={quote(self._secret.api_version, safe='')}", body, headers)


def _secret(text: str | None) -> _Secret:
    if text is None or not text.lstrip().startswith("{"):
        return _Secret(text or "")
    try:
        return msgspec.json.decode(text, type=_Secret)
    except UNREADABLE as error:
        raise InvalidInput(
            "Credentials for Azure are an API key, or JSON with `api_key` and perhaps `api_version` and `deployments` "
            f"(model to deployment): {error}.",
            param="api_key",
        ) from error
