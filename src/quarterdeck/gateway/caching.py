"""The exact cache for people: how it stands, what it has saved, and how to empty it."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.core import clock
from quarterdeck.core.money import PICO
from quarterdeck.gateway.cache import KeyScope, ResponseCache
from quarterdeck.gateway.cache_store import Purge
from quarterdeck.observability.spending.records import SpendFilter
from quarterdeck.observability.traces import caught_up
from quarterdeck.runtime.work import Work

_DAYS = 30
_DAY_NS = 24 * 3600 * 10**9


@dataclass(frozen=True)
class CacheState:
    """How the exact cache is set, what it holds of a project, and what caches have saved it in the last 30 days."""

    enabled: bool
    ttl_s: int
    scope: KeyScope
    entries: int
    bytes: int
    hits: int
    saved_usd: float
    saved_ms: float


@dataclass(frozen=True)
class CachePurged:
    """How many answers were forgotten."""

    purged: int


async def state(work: Work) -> CacheState:
    """The cache as it is now."""
    cache, now = work.part(ResponseCache), clock.now_ns()
    contents = await cache.store.contents(work.project_id)
    recorder = await caught_up(work)
    window = SpendFilter(work.project_id, now - _DAYS * _DAY_NS, now + 1)
    saved = await recorder.ask(lambda store: store.savings(window))
    return CacheState(
        enabled=cache.enabled,
        ttl_s=cache.ttl_s,
        scope=cache.scope,
        entries=contents.entries,
        bytes=contents.bytes,
        hits=saved.hits,
        saved_usd=saved.saved_pico / PICO,
        saved_ms=saved.saved_ns / 1e6,
    )


async def purge(work: Work, *, namespace: str | None = None, model: str | None = None) -> CachePurged:
    """Forget answers of this project."""
    return CachePurged(await work.part(ResponseCache).store.purge(Purge(work.project_id, namespace, model)))
