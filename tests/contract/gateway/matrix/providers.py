"""The providers of the matrix: each with a model, what only its wire format can tell, and a gateway that has them all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.gateway.provider import ProviderKind
from tests.fakes import bedrock, cohere, gemini, mistral, vertex
from tests.fakes import upstream as fakes
from tests.fakes.turn import Json
from tests.fakes.upstream import FakeUpstream, fake_upstream
from tests.unit.gateway.conftest import Gateway, running_gateway


@dataclass(frozen=True)
class Seller:
    """A column of the table."""

    name: str
    kind: ProviderKind
    model: str
    rate_limit: Json
    signature: str | None = None
    """What seals the thoughts of this provider, where it seals them."""
    length: str = "length"
    """Its word for an answer that reached its limit, as the fake takes it."""
    thinks_aloud: bool = True
    """Whether its wire format shows thoughts."""


_CLAUDE, _GEMINI = "c2ln", "c2lnbmF0dXJl"
SELLERS: tuple[Seller, ...] = (
    # Their chat API tells nothing of what they think; their Responses do.
    Seller("openai", "openai", "openai/gpt-5-mini", fakes.OPENAI_RATE_LIMIT, thinks_aloud=False),
    Seller("azure", "azure", "azure/gpt-5-mini", fakes.AZURE_RATE_LIMIT, thinks_aloud=False),
    Seller("anthropic", "anthropic", "anthropic/claude-opus-4-5", fakes.ANTHROPIC_RATE_LIMIT, _CLAUDE, "max_tokens"),
    Seller("gemini", "gemini", "gemini/gemini-2.5-flash", gemini.RATE_LIMIT, _GEMINI),
    Seller("vertex", "vertex", "vertex/gemini-2.5-flash", gemini.RATE_LIMIT, _GEMINI),
    Seller("vertex, Claude", "vertex", "vertex/claude-opus-4-5@20251101", fakes.ANTHROPIC_RATE_LIMIT, _CLAUDE,
           "max_tokens"),
    Seller("bedrock", "bedrock", "bedrock/eu.anthropic.claude-opus-4-5-20251101-v1:0", bedrock.RATE_LIMIT, _CLAUDE),
    Seller("cohere", "cohere", "cohere/command-a-reasoning-08-2025", cohere.RATE_LIMIT),
    Seller("mistral", "mistral", "mistral/magistral-medium-latest", mistral.RATE_LIMIT),
    Seller("openai-compatible", "openai-compatible", "vllm/gpt-oss-20b", fakes.OPENAI_RATE_LIMIT),
    Seller("chat only", "openai-compatible", "chatty/gpt-oss-20b", fakes.OPENAI_RATE_LIMIT),
)  # fmt: skip


@asynccontextmanager
async def gateway_of_all(folder: Path) -> AsyncIterator[Gateway]:
    """One gateway before one fake that speaks as all of them."""
    async with fake_upstream() as upstream:
        folder.mkdir(parents=True, exist_ok=True)
        credentials = folder / "service-account.json"
        credentials.write_text(json.dumps(vertex.service_account(f"{upstream.url}/token")))
        found = _found(upstream, credentials)
        async with running_gateway(folder / "home", upstream, found, cache=False) as gateway:
            await gateway.provider_at(upstream.openai_url, "chatty")
            yield gateway


def _found(upstream: FakeUpstream, credentials: Path) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": upstream.openai_url,
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_BASE_URL": upstream.url,
        "VLLM_BASE_URL": upstream.url,
        "AZURE_OPENAI_API_KEY": "k",
        "AZURE_OPENAI_ENDPOINT": upstream.url,
        "AZURE_OPENAI_API_VERSION": "2024-10-21",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "k",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": upstream.url,
        "GEMINI_API_KEY": "k",
        "GOOGLE_GEMINI_BASE_URL": upstream.url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        "VERTEX_BASE_URL": upstream.url,
        "VERTEX_LOCATION": "europe-west1",
        "COHERE_API_KEY": "k",
        "COHERE_BASE_URL": f"{upstream.url}/cohere",
        "MISTRAL_API_KEY": "k",
        "MISTRAL_BASE_URL": f"{upstream.url}/mistral/v1",
    }
