"""The parts of the gateway, made and installed in the right order; the wiring calls this once."""

from __future__ import annotations

import logging

from quarterdeck.gateway.cache import ResponseCache
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.estimating import Averages
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.gateway.money import pricing
from quarterdeck.gateway.price_book import price_book
from quarterdeck.gateway.price_rows import NO_PRICES, PriceBook
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.records import ProvidersChanged
from quarterdeck.gateway.semantic.cache import SemanticCache
from quarterdeck.gateway.semantic.records import SemanticCachesChanged
from quarterdeck.observability.pricing import Pricing
from quarterdeck.runtime.runtime import Runtime

log = logging.getLogger(__name__)


async def install_gateway(runtime: Runtime) -> None:
    """Install `Prices`, `Catalogue` and `ResponseCache`. `Applications` must be there when the first request comes."""
    settings = runtime.settings
    prices = runtime.install(Prices, Prices(await _book(runtime)))
    runtime.install(Pricing, prices)
    await pricing.keep_fresh(runtime)
    runtime.install(VectorMemory, VectorMemory(runtime.part(Embedder)))
    runtime.install(ResponseCache, ResponseCache(enabled=settings.cache, ttl_s=settings.cache_ttl_s))
    runtime.install(Averages, Averages())
    catalogue = runtime.install(Catalogue, Catalogue(runtime))
    await catalogue.reload()
    runtime.events.subscribe(ProvidersChanged, catalogue.reload)
    semantic = runtime.install(SemanticCache, SemanticCache(runtime))
    await semantic.reload()
    runtime.events.subscribe(SemanticCachesChanged, semantic.reload)


async def _book(runtime: Runtime) -> PriceBook:
    try:
        return await price_book(runtime.settings.home)
    except (OSError, RuntimeError, TimeoutError) as error:
        # Answers matter more than their price: every call is then flagged as unpriced, and this line says why.
        log.error("No prices are known: %s", error)
        return NO_PRICES
