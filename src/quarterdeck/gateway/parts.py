"""The parts of the gateway, made and installed in the right order; the wiring calls this once."""

from __future__ import annotations

import logging

from quarterdeck.gateway.admission import Admission
from quarterdeck.gateway.cache import KeyScope, ResponseCache
from quarterdeck.gateway.cache_store import CacheStore
from quarterdeck.gateway.cache_stores.in_memory import InMemoryCache
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.compression.budgets import InputBudgets
from quarterdeck.gateway.compression.records import InputBudgetsChanged
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.estimating import Averages
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.mcp.records import McpServersChanged
from quarterdeck.gateway.money import pricing
from quarterdeck.gateway.price_book import price_book
from quarterdeck.gateway.price_rows import NO_PRICES, PriceBook
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.records import ProvidersChanged
from quarterdeck.gateway.routing.checking import HealthChecks
from quarterdeck.gateway.routing.learned.choosing import LearnedRouters
from quarterdeck.gateway.routing.learned.records import RoutersChanged
from quarterdeck.gateway.routing.records import RoutesChanged
from quarterdeck.gateway.routing.shadowing import Shadows
from quarterdeck.gateway.semantic.cache import SemanticCache
from quarterdeck.gateway.semantic.records import SemanticCachesChanged
from quarterdeck.gateway.traffic import Traffic
from quarterdeck.observability.pricing import Pricing
from quarterdeck.runtime.runtime import Runtime

log = logging.getLogger(__name__)


async def install_gateway(runtime: Runtime) -> None:
    """Install `Prices`, `Catalogue` and `ResponseCache`. `Applications` must be there when the first request comes."""
    settings = runtime.settings
    prices = runtime.install(Prices, Prices(await _book(runtime)))
    runtime.install(Pricing, prices)
    await pricing.keep_fresh(runtime)
    runtime.install(Averages, Averages())
    runtime.install(Admission, Admission(settings.home, settings.max_in_flight))
    runtime.install(Traffic, Traffic())
    runtime.install(VectorMemory, VectorMemory(runtime.part(Embedder)))
    scope: KeyScope = "project" if settings.cache_scope == "project" else "key"
    store = runtime.install(CacheStore, InMemoryCache())
    runtime.install(
        ResponseCache, ResponseCache(store, enabled=settings.cache, ttl_s=settings.cache_ttl_s, scope=scope)
    )
    catalogue = runtime.install(Catalogue, Catalogue(runtime))
    await catalogue.reload()
    runtime.events.subscribe(ProvidersChanged, catalogue.reload)
    runtime.events.subscribe(RoutesChanged, catalogue.reload)
    runtime.install(Shadows, Shadows())
    checks = runtime.install(HealthChecks, HealthChecks(runtime))
    await checks.reload()
    runtime.events.subscribe(ProvidersChanged, checks.reload)
    runtime.events.subscribe(RoutesChanged, checks.reload)
    mcp = runtime.install(McpDirectory, McpDirectory(runtime))
    await mcp.reload()
    runtime.events.subscribe(McpServersChanged, mcp.reload)
    semantic = runtime.install(SemanticCache, SemanticCache(runtime))
    await semantic.reload()
    runtime.events.subscribe(SemanticCachesChanged, semantic.reload)
    budgets = runtime.install(InputBudgets, InputBudgets(runtime))
    await budgets.reload()
    runtime.events.subscribe(InputBudgetsChanged, budgets.reload)
    routers = runtime.install(LearnedRouters, LearnedRouters(runtime))
    await routers.reload()
    runtime.events.subscribe(RoutersChanged, routers.reload)


async def _book(runtime: Runtime) -> PriceBook:
    try:
        return await price_book(runtime.settings.home)
    except (OSError, RuntimeError, TimeoutError) as error:
        # Answers matter more than their price: every call is then flagged as unpriced, and this line says why.
        log.error("No prices are known: %s", error)
        return NO_PRICES
