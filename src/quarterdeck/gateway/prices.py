"""What a call costs: token buckets that do not overlap, times the price that held at that moment, exactly.

Prices that somebody has set here win; the price list of the seller comes after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.price_buckets import buckets
from quarterdeck.gateway.price_overrides import NO_OVERRIDES, Overrides
from quarterdeck.gateway.price_rows import (
    NO_PRICES,
    TOKEN_UNITS,
    PriceBook,
    PricedModel,
    PriceRow,
    Rates,
    matches,
)
from quarterdeck.gateway.price_sellers import FREE, MAKERS, seller_named, seller_of
from quarterdeck.gateway.provider import Account, OfferedModel
from quarterdeck.observability.pricing import Price, Pricing, TokenUsage
from quarterdeck.runtime.tracing import CostLine

_MOST_NAMES = 10_000
# Where a list names no price of its own for these tiers, the seller asks half of the standard one.
_HALF_PRICE = {"openai", "anthropic", "google", "azure", "aws", "mistral", "groq", "together", "fireworks"}


class Bill(msgspec.Struct, frozen=True):
    """What a call costs, line by line; `cost_pico` None means that nobody knows, which is not 0."""

    cost_pico: int | None = None
    lines: tuple[CostLine, ...] = ()
    price_id: str | None = None

    @property
    def unpriced(self) -> bool:
        return self.cost_pico is None


class Prices(Pricing):
    """Answers what a call costs, from a flat table; the first question about a name fills its place in it."""

    def __init__(self, book: PriceBook = NO_PRICES) -> None:
        self.overrides: Overrides = NO_OVERRIDES
        """What somebody has set; replaced whole when that changes."""
        self.use(book)

    def use(self, book: PriceBook) -> None:
        """From now on, these price lists."""
        self.book = book
        self._known: dict[tuple[str, str], PricedModel | None] = {}
        self._patterns = [(re.compile(price_list.url_pattern), name) for name, price_list in book.lists.items()]

    def price(
        self,
        provider: str | None,
        models: Sequence[str],
        usage: TokenUsage,
        at: datetime,
        project_id: str | None = None,
    ) -> Price | None:
        """The same for spans from outside, which name the provider in OpenTelemetry's words, or not at all."""
        said = Usage(usage.input, usage.output, usage.cache_read, usage.cache_write, reasoning_tokens=usage.reasoning)
        bill = self.bill_named(provider, models, said, at, project_id=project_id)
        if bill.cost_pico is None or bill.price_id is None:
            return None
        return Price(bill.cost_pico, bill.lines, bill.price_id)

    def bill_named(
        self,
        provider: str | None,
        models: Sequence[str | None],
        usage: Usage,
        at: datetime,
        service_tier: str | None = None,
        *,
        project_id: str | None = None,
    ) -> Bill:
        """The bill for a call at a provider that is no account of ours."""
        for seller in (seller_named(provider),) if provider else MAKERS:
            bill = self._bill_of(project_id, provider or seller, seller, models, usage, at, service_tier)
            if not bill.unpriced:
                return bill
        return _as_told(provider or "provider", usage)

    def bill(
        self,
        account: Account,
        models: Iterable[str | None],
        usage: Usage,
        at: datetime,
        service_tier: str | None = None,
        *,
        project_id: str | None = None,
    ) -> Bill:
        """The bill for a call of the first of `models` that has a price (the reported name first, then the asked one).

        Where nobody here knows a price, what the provider says stands in for it.
        """
        bill = self._bill_of(project_id, account.name, self.seller(account), list(models), usage, at, service_tier)
        return _as_told(account.name, usage) if bill.unpriced else bill

    def rates(self, account: Account, model: str, at: datetime, *, project_id: str | None = None) -> Rates | None:
        """The standard rates of a model; None when unknown."""
        holding = self.holding(project_id, account.name, self.seller(account), model, at)
        return None if holding is None else holding[1]

    def holding(
        self, project_id: str | None, provider: str, seller: str | None, model: str, at: datetime
    ) -> tuple[str, Rates] | None:
        """The row that says the standard price of a model at a moment, by its id, and its rates for a short prompt."""
        found = self.overrides.standard(project_id, (provider, seller), model, at) if self.overrides else None
        if found is not None:
            return f"set:{found.id}", found.row.rates[0]
        if seller == FREE:
            return f"{FREE}:run-here", Rates(input=0, output=0)
        priced = self.listed(seller, model) if seller else None
        row = _standard_row(priced, at) if priced is not None else None
        return None if priced is None or row is None else (f"{self.book.edition}:{seller}/{priced.id}", row.rates[0])

    def knows(self, account: Account, model: str) -> bool:
        """Whether the price list of an account has a model of this name."""
        seller = self.seller(account)
        return seller is not None and seller != FREE and self.listed(seller, model) is not None

    def models(self, seller: str) -> list[OfferedModel]:
        """The models on a price list that answer chats or embed texts."""
        price_list = self.book.lists.get(seller)
        found = []
        for model in price_list.models if price_list is not None else ():
            rates = model.rows[-1].rates[0] if model.rows and model.rows[-1].rates else Rates()
            if rates.input is not None and "embed" in model.id:
                found.append(OfferedModel(model.id, "embedding"))
            elif rates.input is not None and rates.output is not None and not _NOT_CHAT.search(model.id):
                found.append(OfferedModel(model.id))
        return found

    def seller(self, account: Account) -> str | None:
        """Whose price list applies to an account."""
        return seller_of(account, self._patterns)

    def listed(self, seller: str, model: str) -> PricedModel | None:
        """A model on a seller's price list."""
        key = (seller, model)
        if key not in self._known:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            self._known[key] = self._look_up(seller, model.lower())
        return self._known[key]

    def _look_up(self, seller: str, name: str) -> PricedModel | None:
        price_list = self.book.lists.get(seller)
        if price_list is None:
            return None
        listed = (priced for priced in price_list.models if matches(priced.match, name))
        resold = (priced for other in price_list.resells if (priced := self._look_up(other, name)) is not None)
        return next(listed, None) or next(resold, None)

    def _bill_of(
        self,
        project_id: str | None,
        provider: str,
        seller: str | None,
        models: Sequence[str | None],
        usage: Usage,
        at: datetime,
        service_tier: str | None,
    ) -> Bill:
        if self.overrides:
            for model in models:
                found = self.overrides.standard(project_id, (provider, seller), model, at) if model else None
                if found is not None:
                    tier = self.overrides.tier(project_id, (provider, seller), model or "", at, service_tier)
                    special = None if tier is None else tier.row
                    return _bill(f"set:{found.id}", found.row, special, usage, seller, service_tier)
        if seller == FREE:
            free = buckets(usage, Rates(input=0, output=0))
            return Bill(0, tuple(CostLine(unit, count, 0, 0) for unit, count, _ in free), f"{FREE}:run-here")
        for model in models:
            priced = self.listed(seller, model) if seller and model else None
            row = _standard_row(priced, at) if priced is not None else None
            if priced is not None:
                name = f"{self.book.edition}:{seller}/{priced.id}"
                special = _tier_row(priced, at, service_tier)
                return Bill() if row is None else _bill(name, row, special, usage, seller, service_tier)
        return Bill()


def _bill(
    name: str, row: PriceRow, special: PriceRow | None, usage: Usage, seller: str | None, tier: str | None
) -> Bill:
    rates = row.rates_for(usage.input_tokens)
    price_id = name + (f"@{row.since}" if row.since else "") + (f">{rates.above}" if rates.above else "")
    if special is not None:
        rates = _merged(rates, special.rates_for(usage.input_tokens))
        price_id += f"+{tier}"
    elif tier in ("batch", "flex") and seller in _HALF_PRICE:
        rates = _halved(rates)
        price_id += f"+{tier}/2"
    lines = []
    for unit, count, price in buckets(usage, rates):
        if price is None:
            return Bill()
        lines.append(CostLine(unit, count, price, count * price))
    return Bill(sum(line.cost_pico for line in lines), tuple(lines), price_id)


def _as_told(provider: str, usage: Usage) -> Bill:
    told = usage.provided_pico
    return Bill() if told is None else Bill(told, (CostLine("provided", 1, told, told),), f"provided:{provider}")


# Priced by the token, but not to chat with.
_NOT_CHAT = re.compile(
    r"audio|realtime|transcribe|tts|image|whisper|moderation|rerank|ocr|dall-e|sora|instruct$|[.:-]?ft[:-]"
    r"|^(?:text-)?(?:ada|babbage|curie|davinci)"
)


def _standard_row(priced: PricedModel, at: datetime) -> PriceRow | None:
    rows = [row for row in priced.rows if row.service_tier is None and row.rates]
    # The last one that holds; before all dates, the first one.
    return next((row for row in reversed(rows) if row.holds(at)), rows[0] if rows else None)


def _tier_row(priced: PricedModel, at: datetime, service_tier: str | None) -> PriceRow | None:
    if service_tier is None:
        return None
    # Flex costs what a batch costs, where nothing else is said.
    for tier in (service_tier, "batch") if service_tier == "flex" else (service_tier,):
        rows = [row for row in priced.rows if row.service_tier == tier and row.rates and row.holds(at)]
        if rows:
            return rows[-1]
    return None


def _merged(standard: Rates, special: Rates) -> Rates:
    said = {name: value for name, value in msgspec.structs.asdict(special).items() if value is not None}
    return msgspec.structs.replace(standard, **{**said, "above": standard.above})


def _halved(standard: Rates) -> Rates:
    halves = {name: price // 2 for name in TOKEN_UNITS if (price := getattr(standard, name)) is not None}
    return msgspec.structs.replace(standard, **halves)
