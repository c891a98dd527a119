"""Everybody who speaks OpenAI's wire format: any base URL, and the well-known ones by their variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from quarterdeck.gateway.provider import Account, ProviderKind
from quarterdeck.gateway.providers.openai import OpenAI


@dataclass(frozen=True)
class _WellKnown:
    name: str
    variable: str
    base_url: str


_WELL_KNOWN = (
    _WellKnown("groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1"),
    _WellKnown("mistral", "MISTRAL_API_KEY", "https://api.mistral.ai/v1"),
    _WellKnown("deepseek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1"),
    _WellKnown("together", "TOGETHER_API_KEY", "https://api.together.xyz/v1"),
    _WellKnown("fireworks", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1"),
    _WellKnown("openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"),
    _WellKnown("xai", "XAI_API_KEY", "https://api.x.ai/v1"),
    _WellKnown("perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai"),
)
_OLLAMA_PORT = 11434


class OpenAICompatible(OpenAI):
    """A provider in OpenAI's dialect at an address of its own; it may need no credential."""

    kind: ClassVar[ProviderKind] = "openai-compatible"

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        accounts = [
            Account(
                name=known.name,
                kind="openai-compatible",
                base_url=known.base_url,
                api_key=variables[known.variable],
                origin=f"env:{known.variable}",
            )
            for known in _WELL_KNOWN
            if known.variable in variables
        ]
        return accounts + _ollama(variables) + _vllm(variables)


def _ollama(variables: Mapping[str, str]) -> list[Account]:
    if "OLLAMA_BASE_URL" in variables:
        url, variable = variables["OLLAMA_BASE_URL"].rstrip("/"), "OLLAMA_BASE_URL"
    elif "OLLAMA_HOST" in variables:
        # Ollama's own variable: `host`, `host:port` or a URL; where a server listens on all interfaces, we call loopback.
        host, variable = variables["OLLAMA_HOST"].rstrip("/"), "OLLAMA_HOST"
        url = host if "://" in host else f"http://{host}"
        url = url.replace("//0.0.0.0", "//127.0.0.1")
        url = url if ":" in url.rpartition("//")[2] else f"{url}:{_OLLAMA_PORT}"
    else:
        return []
    url = url if url.endswith("/v1") else f"{url}/v1"
    return [Account(name="ollama", kind="openai-compatible", base_url=url, origin=f"env:{variable}")]


def _vllm(variables: Mapping[str, str]) -> list[Account]:
    if "VLLM_BASE_URL" not in variables:
        return []
    url = variables["VLLM_BASE_URL"].rstrip("/")
    url = url if url.endswith("/v1") else f"{url}/v1"
    return [Account(name="vllm", kind="openai-compatible", base_url=url, origin="env:VLLM_BASE_URL")]
