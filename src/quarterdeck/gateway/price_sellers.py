"""Whose price list applies: to an account of ours, and to a provider as OpenTelemetry's spans name it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quarterdeck.gateway.provider import Account
from quarterdeck.gateway.well_known import RUN_HERE

FREE = "free"
"""The price list of models that run on this machine: nobody sends a bill."""
_SELLERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure",
    "gemini": "google",
    "vertex": "google",
    "bedrock": "aws",
    "cohere": "cohere",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "together": "together",
    "fireworks": "fireworks",
    "openrouter": "openrouter",
    "xai": "x-ai",
    "perplexity": "perplexity",
}
# `gen_ai.provider.name` as the conventions have it, and the older `gen_ai.system`.
_IN_OPEN_TELEMETRY = {
    "aws.bedrock": "aws",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
    "xai": "x-ai",
    "ollama": FREE,
    "vllm": FREE,
    "local": FREE,
}
MAKERS = ("openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere")
"""Who makes models: where to look when nobody says who was called."""

UrlPatterns = Sequence[tuple[re.Pattern[str], str]]


def seller_of(account: Account, by_url: UrlPatterns) -> str | None:
    """Whose price list applies to an account; None when nobody's does."""
    if account.kind == "local" or (account.name in RUN_HERE and account.origin != "stored"):
        return FREE
    if account.kind in _SELLERS:
        return _SELLERS[account.kind]
    if account.origin != "stored" and account.name in _SELLERS:
        return _SELLERS[account.name]
    return next((name for pattern, name in by_url if pattern.match(account.base_url)), None)


def seller_named(provider: str) -> str:
    """The same for `gen_ai.provider.name`, or the older `gen_ai.system`."""
    return _IN_OPEN_TELEMETRY.get(provider, provider)
