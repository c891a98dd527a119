"""Sets, withdraws and shows prices. What somebody sets here wins over the price lists, from its date on."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotAllowed, NotFound
from quarterdeck.core.money import PICO, to_pico
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.money import store
from quarterdeck.gateway.money.records import (
    PriceHistory,
    PriceOfModel,
    PricesChanged,
    PriceStep,
    PriceWish,
    ShownPrice,
    ShownStep,
)
from quarterdeck.gateway.price_overrides import Overrides, SetPrice
from quarterdeck.gateway.price_rows import PER_MILLION, UNITS, PricedModel, PriceRow, Rates
from quarterdeck.gateway.price_sellers import seller_named
from quarterdeck.gateway.prices import Prices
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

_LONGEST_PATTERN, _LONGEST_NOTE = 200, 2000
_MOST_USD = 1_000_000
_MOST_SHOWN = 500
_TIER = re.compile(r"[a-z][a-z0-9_-]{0,31}")


async def keep_fresh(runtime: Runtime) -> None:
    """Bring what is set into the table that calls are priced from, now and whenever it changes."""

    async def reload(_event: PricesChanged | None = None) -> None:
        rows, intact = await store.kept(runtime.database)
        if not intact:
            log.error("The seals of the set prices do not fit: somebody has changed the table `set_prices` by hand.")
        runtime.part(Prices).overrides = Overrides([kept.price for kept in rows if kept.withdrawn_at is None])

    await reload()
    runtime.events.subscribe(PricesChanged, reload)


async def set_price(work: Work, wish: PriceWish, *, owner: str = "ui") -> ShownPrice:
    """Set a price. Calls from now on have it; `repricing.start` brings it to those that were."""
    if wish.everywhere:
        _require_administrator(work)
    price = SetPrice(
        id=ids.new_id("price"),
        project_id=None if wish.everywhere else work.project_id,
        provider=_pattern(wish.provider, "provider"),
        model=_pattern(wish.model, "model"),
        row=_row(wish),
        note=wish.note.strip()[:_LONGEST_NOTE],
        created_at=clock.iso(clock.now()),
        created_by=work.actor.name,
    )
    await store.append(work.runtime.database, price, owner=owner)
    await work.runtime.events.publish(PricesChanged())
    return _shown(store.KeptPrice(price, owner, None, None))


async def withdraw(work: Work, price_id: str, *, owner: str = "ui", force: bool = False) -> None:
    """Let a price that was set hold no more. The row stays, and what was billed by it stays billed."""
    rows, _ = await store.kept(work.runtime.database)
    found = next((one for one in _visible(work, rows) if one.price.id == price_id), None)
    if found is None:
        raise NotFound(f"No price `{price_id}` was set here. `quarterdeck prices list --set` shows those that were.")
    if found.price.project_id is None:
        _require_administrator(work)
    require_owner(f"The price `{price_id}`", found.owner, owner=owner, force=force)
    if found.withdrawn_at is None:
        price = SetPrice(
            id=ids.new_id("price"),
            project_id=found.price.project_id,
            provider=found.price.provider,
            model=found.price.model,
            row=found.price.row,
            created_at=clock.iso(clock.now()),
            created_by=work.actor.name,
        )
        await store.append(work.runtime.database, price, owner=found.owner, withdraws=price_id)
        await work.runtime.events.publish(PricesChanged())


async def history(work: Work) -> PriceHistory:
    """All that was ever set for a project, or for all of them, newest first."""
    rows, intact = await store.kept(work.runtime.database)
    return PriceHistory([_shown(one) for one in reversed(_visible(work, rows))], intact)


async def find(work: Work, q: str | None = None, *, only_set: bool = False, limit: int = 100) -> Page[ShownPrice]:
    """Prices that hold, those that were set first; `q` is a part of `provider/model`."""
    limit = max(1, min(limit, _MOST_SHOWN))
    rows, _ = await store.kept(work.runtime.database)
    found = [_shown(one) for one in reversed(_visible(work, rows)) if one.withdrawn_at is None]
    if not only_set:
        found += _listed(work.part(Prices))
    wanted = (q or "").lower()
    return Page([one for one in found if wanted in f"{one.provider}/{one.model}".lower()][:limit])


async def of_model(work: Work, provider: str, model: str) -> PriceOfModel:
    """What one model costs now, and by which rows at other times."""
    prices, now = work.part(Prices), clock.now()
    configured = work.part(Catalogue).providers(work.project_id).get(provider)
    seller = prices.seller(configured.account) if configured is not None else seller_named(provider)
    rows, _ = await store.kept(work.runtime.database)
    matching = Overrides([one.price for one in _visible(work, rows)]).all_for(
        work.project_id, (provider, seller), model
    )
    known = {one.price.id: one for one in rows}
    listed = prices.listed(seller, model) if seller else None
    shown = [_shown(known[price.id]) for price in matching]
    shown += [] if listed is None or seller is None else _rows_of(prices, seller, listed)
    holding = prices.holding(work.project_id, provider, seller, model, now)
    return PriceOfModel(
        provider=provider,
        model=model,
        priced=holding is not None,
        price_id=None if holding is None else holding[0],
        prices={} if holding is None else _in_usd(holding[1]),
        rows=shown,
    )


def _listed(prices: Prices) -> Iterable[ShownPrice]:
    now = clock.now()
    for seller, price_list in prices.book.lists.items():
        for model in price_list.models:
            rows = [row for row in model.rows if row.service_tier is None and row.rates]
            held = next((row for row in reversed(rows) if row.holds(now)), rows[0] if rows else None)
            if held is not None:
                yield _shown_row(prices, seller, model, held)


def _rows_of(prices: Prices, seller: str, model: PricedModel) -> list[ShownPrice]:
    return [_shown_row(prices, seller, model, row) for row in reversed(model.rows)]


def _shown_row(prices: Prices, seller: str, model: PricedModel, row: PriceRow) -> ShownPrice:
    return ShownPrice(
        id=f"{prices.book.edition}:{seller}/{model.id}" + (f"@{row.since}" if row.since else ""),
        source="list",
        provider=seller,
        model=model.id,
        prices=_in_usd(row.rates[0]),
        above=[ShownStep(rates.above, _in_usd(rates)) for rates in row.rates[1:]],
        since=row.since,
        hours=row.hours,
        service_tier=row.service_tier,
    )


def _shown(kept: store.KeptPrice) -> ShownPrice:
    price = kept.price
    return ShownPrice(
        id=price.id,
        source="set",
        provider=price.provider,
        model=price.model,
        prices=_in_usd(price.row.rates[0]),
        above=[ShownStep(rates.above, _in_usd(rates)) for rates in price.row.rates[1:]],
        since=price.row.since,
        hours=price.row.hours,
        service_tier=price.row.service_tier,
        note=price.note,
        everywhere=price.project_id is None,
        owner=kept.owner,
        created_at=price.created_at,
        created_by=price.created_by,
        withdrawn_at=kept.withdrawn_at,
        withdrawn_by=kept.withdrawn_by,
    )


def _visible(work: Work, rows: Iterable[store.KeptPrice]) -> list[store.KeptPrice]:
    return [one for one in rows if one.price.project_id in (None, work.project_id)]


def _require_administrator(work: Work) -> None:
    if work.actor.kind not in ("admin", "session"):
        raise NotAllowed(
            "A price for all projects is the administrator's to set. Leave `everywhere` out, or use that key."
        )


def _row(wish: PriceWish) -> PriceRow:
    if wish.since is not None:
        try:
            date.fromisoformat(wish.since)
        except ValueError as error:
            raise InvalidInput(
                f"`since` is `{wish.since}`; a day such as `2026-11-02` is needed.", param="since"
            ) from error
    if wish.service_tier is not None and not _TIER.fullmatch(wish.service_tier):
        raise InvalidInput(
            f"`{wish.service_tier}` is no tier. Write `batch`, `flex` or `priority`.", param="service_tier"
        )
    steps = sorted([PriceStep(0, wish.prices), *wish.above], key=lambda step: step.tokens)
    if len({step.tokens for step in steps}) != len(steps) or steps[0].tokens < 0:
        raise InvalidInput("Each step of `above` has a number of tokens of its own, more than 0.", param="above")
    return PriceRow(
        since=wish.since,
        hours=None if wish.hours is None else (_clock_time(wish.hours[0]), _clock_time(wish.hours[1])),
        service_tier=wish.service_tier,
        rates=tuple(_rates(step) for step in steps),
    )


def _rates(step: PriceStep) -> Rates:
    if not step.prices:
        raise InvalidInput("`prices` is empty. Say at least `input` and `output`.", param="prices")
    found = {}
    for unit, usd in step.prices.items():
        if unit not in UNITS:
            raise InvalidInput(f"Nothing is paid by `{unit}`. There are: {', '.join(UNITS)}.", param="prices")
        if not usd.is_finite() or not 0 <= usd <= _MOST_USD:
            raise InvalidInput(f"The price of `{unit}` is `{usd}`; an amount in US dollars is needed.", param="prices")
        found[unit] = to_pico(usd / 1_000_000 if unit in PER_MILLION else usd)
    return Rates(above=step.tokens, **found)


def _in_usd(rates: Rates) -> Mapping[str, float]:
    found = {unit: getattr(rates, unit) for unit in UNITS}
    return {
        unit: float(Decimal(pico) * (1_000_000 if unit in PER_MILLION else 1) / PICO)
        for unit, pico in found.items()
        if pico is not None
    }


def _clock_time(text: str) -> str:
    try:
        return time.fromisoformat(text).replace(tzinfo=None, microsecond=0).isoformat()
    except ValueError as error:
        raise InvalidInput(f"`{text}` is no time of day. Write `16:30`.", param="hours") from error


def _pattern(text: str, param: str) -> str:
    text = text.strip()
    if not text or len(text) > _LONGEST_PATTERN:
        raise InvalidInput(
            f"`{param}` is a name or a pattern such as `*`, of up to {_LONGEST_PATTERN} characters.", param=param
        )
    return text
