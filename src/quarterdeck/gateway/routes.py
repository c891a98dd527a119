"""The HTTP of providers and models, for people who set them up; calls of models are the data plane's."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.access.gate import CanAdmin, CanRead, CanWrite
from quarterdeck.core.paging import Page
from quarterdeck.gateway import accounts, caching
from quarterdeck.gateway.caching import CachePurged, CacheState
from quarterdeck.gateway.provider import ProviderKind
from quarterdeck.gateway.records import ConfiguredProvider, ModelCard, ProviderCheck

router = APIRouter(tags=["gateway"])


class NewProvider(BaseModel):
    """A provider to add."""

    name: str
    kind: ProviderKind
    base_url: str | None = None
    api_key: str | None = Field(default=None, repr=False)
    models: list[str] = []


@router.get("/providers")
async def list_providers(work: CanRead) -> Page[ConfiguredProvider]:
    """The providers that this project may call."""
    return await accounts.all_providers(work)


@router.post("/providers", status_code=201)
async def add_provider(body: NewProvider, work: CanAdmin) -> ConfiguredProvider:
    """Store a provider, its credential sealed."""
    return await accounts.add(
        work, body.name, kind=body.kind, base_url=body.base_url, api_key=body.api_key, models=body.models
    )


@router.delete("/providers/{name}", status_code=204)
async def remove_provider(name: str, work: CanAdmin, force: bool = False) -> None:
    """Forget a stored provider and its credential."""
    await accounts.remove(work, name, force=force)


@router.post("/providers/{name}/checks")
async def check_provider(name: str, work: CanAdmin) -> ProviderCheck:
    """Ask a provider for its models, now."""
    return await accounts.check(work, name)


@router.get("/models")
async def list_models(work: CanRead) -> Page[ModelCard]:
    """Everything that can be called as `model`, with today's prices."""
    return await accounts.all_models(work)


@router.get("/cache")
async def get_cache(work: CanRead) -> CacheState:
    """The exact cache: how it is set, what it holds of this project, and what it has saved in the last 30 days."""
    return await caching.state(work)


@router.delete("/cache")
async def purge_cache(work: CanWrite, namespace: str | None = None, model: str | None = None) -> CachePurged:
    """Forget cached answers of this project: all, those of a namespace, or those of a model or app."""
    return await caching.purge(work, namespace=namespace, model=model)
