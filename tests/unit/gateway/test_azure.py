"""Azure OpenAI: called by deployment, in its `v1` API or in a dated one, with its own header."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway import accounts
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.providers.azure import Azure
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway

ASK = [{"role": "user", "content": "What is the capital of France?"}]
DATED = '{"api_key": "azure-key-1", "api_version": "2024-10-21", "deployments": {"gpt-4o-mini": "our mini"}}'


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {"AZURE_OPENAI_API_KEY": "azure-key-0", "AZURE_OPENAI_ENDPOINT": f"{upstream.url}/"}
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


@pytest.mark.parametrize("stream", [False, True])
async def test_without_a_version_the_deployment_is_named_in_the_body(gateway: Gateway, stream: bool) -> None:
    client = gateway.openai()

    if stream:
        chunks = [c async for c in await client.chat.completions.create(model="azure/mini", messages=ASK, stream=True)]
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    else:
        said = (await client.chat.completions.create(model="azure/mini", messages=ASK)).choices[0].message.content

    asked = gateway.upstream.last
    assert said == "Paris is the capital."
    assert (asked.raw_path, asked.body["model"]) == ("/openai/v1/chat/completions", "mini")
    assert asked.headers["api-key"] == "azure-key-0" and "authorization" not in asked.headers


@pytest.mark.parametrize("root", ["", "/openai", "/openai/v1"])
async def test_with_a_version_the_deployment_is_named_in_the_path(gateway: Gateway, root: str) -> None:
    base_url = gateway.upstream.url + root
    await accounts.add(gateway.work, "dated", kind="azure", base_url=base_url, api_key=DATED)
    client = gateway.openai()

    await client.chat.completions.create(model="dated/gpt-4o-mini", messages=ASK)
    chat = gateway.upstream.last
    await client.embeddings.create(model="dated/text-embedding-3-small", input="Hi")
    embedding = gateway.upstream.last

    assert chat.raw_path == "/openai/deployments/our%20mini/chat/completions?api-version=2024-10-21"
    assert chat.headers["api-key"] == "azure-key-1"
    assert embedding.raw_path == "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21"


async def test_a_call_costs_what_the_model_behind_the_deployment_costs(gateway: Gateway) -> None:
    raw = await gateway.openai().chat.completions.with_raw_response.create(model="azure/mini", messages=ASK)

    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert span.cost_pico == 20 * 150_000 + 10 * 600_000
    assert span.price_id is not None and "azure/" in span.price_id


async def test_only_what_is_deployed_goes_by_its_bare_name(gateway: Gateway) -> None:
    await accounts.add(gateway.work, "dated", kind="azure", base_url=gateway.upstream.url, api_key=DATED)
    client = gateway.openai()

    await client.chat.completions.create(model="gpt-4o-mini", messages=ASK)
    with pytest.raises(openai.NotFoundError, match="No model or app is called"):
        await client.chat.completions.create(model="gpt-4o", messages=ASK)

    assert "/deployments/our%20mini/" in gateway.upstream.last.raw_path


async def test_a_credential_that_is_neither_key_nor_json_of_one_is_refused(gateway: Gateway) -> None:
    with pytest.raises(InvalidInput, match="api_version"):
        await accounts.add(gateway.work, "x", kind="azure", base_url="https://x.example", api_key='{"key": "k"}')
    with pytest.raises(InvalidInput, match="my-resource"):
        await accounts.add(gateway.work, "x", kind="azure", api_key="azure-key-2")
    await gateway.runtime.part(Catalogue).reload()

    assert [provider.name for provider in (await accounts.all_providers(gateway.work)).items] == ["azure", "local"]


async def test_a_check_asks_for_the_models_with_the_key(gateway: Gateway) -> None:
    check = await accounts.check(gateway.work, "azure")

    assert check.ok
    assert gateway.upstream.last.raw_path == "/openai/v1/models"


def test_azure_is_found_with_a_key_and_an_endpoint() -> None:
    assert Azure.found({"AZURE_OPENAI_API_KEY": "k"}) == []
