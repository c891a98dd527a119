"""The HTTP of money: prices, models without one, and history priced anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.core.paging import Page
from quarterdeck.gateway.money import pricing, repricing
from quarterdeck.gateway.money.records import (
    PriceHistory,
    PriceOfModel,
    PriceWish,
    Repricing,
    RepricingScope,
    ShownPrice,
)
from quarterdeck.observability.spending import reporting
from quarterdeck.observability.spending.records import UnpricedModel

router = APIRouter(tags=["money"])


@router.get("/prices")
async def list_prices(
    work: CanRead,
    q: Annotated[str | None, Query(description="A part of `provider/model`.")] = None,
    only_set: Annotated[bool, Query(alias="set", description="Only those that somebody has set here.")] = False,
    limit: int = 100,
) -> Page[ShownPrice]:
    """Prices that hold now."""
    return await pricing.find(work, q, only_set=only_set, limit=limit)


@router.post("/prices", status_code=201)
async def set_price(body: PriceWish, work: CanAdmin) -> ShownPrice:
    """Set a price; it wins over the price lists from its date on."""
    return await pricing.set_price(work, body)


@router.get("/prices/history")
async def price_history(work: CanRead) -> PriceHistory:
    """Everything that was ever set or withdrawn."""
    return await pricing.history(work)


@router.get("/prices/unpriced")
async def list_unpriced_models(work: CanRead, days: int = 30) -> Page[UnpricedModel]:
    """Models that were called and whose price nobody knows."""
    return await reporting.unpriced_models(work, days=days)


@router.get("/prices/repricings")
async def list_repricings(work: CanRead) -> Page[Repricing]:
    """The runs that priced history anew, newest first."""
    return await repricing.runs(work)


@router.post("/prices/repricings", status_code=202)
async def start_repricing(body: RepricingScope, work: CanAdmin) -> Repricing:
    """Price past calls anew with the prices of today, in the background."""
    return await repricing.start(work, body)


@router.get("/prices/repricings/{repricing_id}")
async def get_repricing(repricing_id: str, work: CanRead) -> Repricing:
    """How far a run has come."""
    return await repricing.get(work, repricing_id)


@router.get("/prices/models/{provider}/{model:path}")
async def get_model_price(provider: str, model: str, work: CanRead) -> PriceOfModel:
    """What one model costs, and by which rows."""
    return await pricing.of_model(work, provider, model)


@router.delete("/prices/{price_id}", status_code=204)
async def withdraw_price(price_id: str, work: CanAdmin, force: bool = False) -> None:
    """Let a price that was set hold no more."""
    await pricing.withdraw(work, price_id, force=force)
