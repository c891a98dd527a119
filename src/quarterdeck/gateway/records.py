"""The nouns of the gateway: configured providers, the models they offer, and what a check of one said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.events import Event
from quarterdeck.gateway.provider import ProviderKind


@dataclass(frozen=True)
class ConfiguredProvider:
    """A provider as its owner sees it: everything but the credential, of which the end is shown."""

    id: str
    name: str
    kind: ProviderKind
    base_url: str
    origin: str
    key_hint: str | None
    models: list[str]
    created_at: str | None
    owner: str = "ui"


@dataclass(frozen=True)
class ProviderCheck:
    """What a provider said when it was asked for its models."""

    ok: bool
    latency_ms: float
    models_seen: int
    error: str | None = None


@dataclass(frozen=True)
class ModelCard:
    """Something that can be called as `model`, and what it costs."""

    id: str
    provider: str
    kind: Literal["chat", "embedding", "app", "alias"]
    input_usd_per_million: float | None
    output_usd_per_million: float | None
    priced: bool


@dataclass(frozen=True)
class ProvidersChanged(Event):
    """A provider was added or removed: catalogues reload."""
