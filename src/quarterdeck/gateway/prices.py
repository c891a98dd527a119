"""What a call costs: token buckets that do not overlap, times the price that held at that moment, exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.price_rows import NO_PRICES, PriceBook, PricedModel, PriceRow, Rates, matches
from quarterdeck.gateway.provider import Account, OfferedModel
from quarterdeck.observability.pricing import Price, Pricing, TokenUsage
from quarterdeck.runtime.tracing import CostLine

FREE = "free"
"""The price list of models that run on this machine: nobody sends a bill."""
_MOST_NAMES = 10_000


class Bill(msgspec.Struct, frozen=True):
    """What a call costs, line by line; `cost_pico` None means that nobody knows, which is not 0."""

    cost_pico: int | None = None
    lines: tuple[CostLine, ...] = ()
    price_id: str | None = None

    @property
    def unpriced(self) -> bool:
        return self.cost_pico is None


_SELLERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure",
    "gemini": "google",
    "bedrock": "aws",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "together": "together",
    "fireworks": "fireworks",
    "openrouter": "openrouter",
    "xai": "x-ai",
    "perplexity": "perplexity",
}
_RUN_HERE = {"ollama", "vllm", "local"}
# `gen_ai.provider.name` as the conventions have it, and the older `gen_ai.system`.
_OPEN_TELEMETRY = {
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
# Who makes models: where to look when nobody says who was called.
_MAKERS = ("openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere")


class Prices(Pricing):
    """Answers what a call costs, from a flat table; the first question about a name fills its place in it."""

    def __init__(self, book: PriceBook = NO_PRICES) -> None:
        self.use(book)

    def use(self, book: PriceBook) -> None:
        """From now on, these prices."""
        self._book = book
        self._known: dict[tuple[str, str], PricedModel | None] = {}
        self._patterns = [(re.compile(price_list.url_pattern), name) for name, price_list in book.lists.items()]

    def price(self, provider: str | None, models: Sequence[str], usage: TokenUsage, at: datetime) -> Price | None:
        """The same for spans from outside, which name the provider in OpenTelemetry's words, or not at all."""
        sellers = [_OPEN_TELEMETRY.get(provider, provider)] if provider else list(_MAKERS)
        said = Usage(usage.input, usage.output, usage.cache_read, usage.cache_write, reasoning_tokens=usage.reasoning)
        for seller in sellers:
            bill = self._bill_of(seller, models, said, at, None)
            if bill.cost_pico is not None and bill.price_id is not None:
                return Price(bill.cost_pico, bill.lines, bill.price_id)
        return None

    def bill(
        self,
        account: Account,
        models: Iterable[str | None],
        usage: Usage,
        at: datetime,
        service_tier: str | None = None,
    ) -> Bill:
        """The bill for a call of the first of `models` that has a price (the reported name first, then the asked one)."""
        return self._bill_of(self.seller(account), models, usage, at, service_tier)

    def rates(self, account: Account, model: str, at: datetime) -> Rates | None:
        """The standard rates of a model; None when unknown."""
        seller = self.seller(account)
        if seller == FREE:
            return Rates(input=0, output=0)
        priced = self._find(seller, model) if seller else None
        row = _standard_row(priced, at) if priced is not None else None
        return row.rates[0] if row is not None else None

    def knows(self, account: Account, model: str) -> bool:
        """Whether the price list of an account has a model of this name."""
        seller = self.seller(account)
        return seller is not None and seller != FREE and self._find(seller, model) is not None

    def models(self, seller: str) -> list[OfferedModel]:
        """The models on a price list that answer chats or embed texts."""
        price_list = self._book.lists.get(seller)
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
        if account.kind == "local" or (account.name in _RUN_HERE and account.origin != "stored"):
            return FREE
        if account.kind in _SELLERS:
            return _SELLERS[account.kind]
        if account.origin != "stored" and account.name in _SELLERS:
            return _SELLERS[account.name]
        return next((name for pattern, name in self._patterns if pattern.match(account.base_url)), None)

    def _bill_of(
        self, seller: str | None, models: Iterable[str | None], usage: Usage, at: datetime, service_tier: str | None
    ) -> Bill:
        if seller == FREE:
            free = tuple(CostLine(unit, count, 0, 0) for unit, count, _ in _buckets(usage, Rates(input=0, output=0)))
            return Bill(0, free, f"{FREE}:run-here")
        for model in models:
            priced = self._find(seller, model) if seller and model else None
            if priced is not None:
                return self._bill(f"{seller}/{priced.id}", priced, usage, at, service_tier)
        return Bill()

    def _find(self, seller: str, model: str) -> PricedModel | None:
        key = (seller, model)
        if key not in self._known:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            self._known[key] = self._look_up(seller, model.lower())
        return self._known[key]

    def _look_up(self, seller: str, name: str) -> PricedModel | None:
        price_list = self._book.lists.get(seller)
        if price_list is None:
            return None
        listed = (priced for priced in price_list.models if matches(priced.match, name))
        resold = (priced for other in price_list.resells if (priced := self._look_up(other, name)) is not None)
        return next(listed, None) or next(resold, None)

    def _bill(self, name: str, priced: PricedModel, usage: Usage, at: datetime, service_tier: str | None) -> Bill:
        row = _standard_row(priced, at)
        if row is None:
            return Bill()
        above = [rates for rates in row.rates if rates.above == 0 or usage.input_tokens > rates.above]
        rates = above[-1]
        price_id = f"{self._book.edition}:{name}"
        price_id += f"@{row.since}" if row.since else ""
        price_id += f">{rates.above}" if rates.above else ""
        special = _tier_row(priced, at, service_tier)
        if special is not None:
            rates = _merged(rates, special.rates[0])
            price_id += f"+{service_tier}"
        lines = []
        for unit, count, price in _buckets(usage, rates):
            if price is None:
                return Bill()
            lines.append(CostLine(unit, count, price, count * price))
        return Bill(sum(line.cost_pico for line in lines), tuple(lines), price_id)


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
    return next((r for r in priced.rows if r.service_tier == service_tier and r.rates and r.holds(at)), None)


def _merged(standard: Rates, special: Rates) -> Rates:
    said = {name: value for name, value in msgspec.structs.asdict(special).items() if value is not None}
    return msgspec.structs.replace(standard, **{**said, "above": standard.above})


def _buckets(usage: Usage, rates: Rates) -> list[tuple[str, int, int | None]]:
    """Every token once: (unit, count, price). A bucket without a price of its own is paid like the one it is part of."""
    uncached = max(0, usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens)
    write_1h = min(usage.cache_write_1h_tokens, usage.cache_write_tokens)
    cache_write = rates.cache_write if rates.cache_write is not None else rates.input
    found = [
        ("input", uncached, rates.input),
        ("cache_read", usage.cache_read_tokens, rates.cache_read if rates.cache_read is not None else rates.input),
        ("cache_write", usage.cache_write_tokens - write_1h, cache_write),
        ("cache_write_1h", write_1h, rates.cache_write_1h if rates.cache_write_1h is not None else cache_write),
    ]
    if rates.reasoning is not None:
        reasoning = min(usage.reasoning_tokens, usage.output_tokens)
        found += [
            ("output", usage.output_tokens - reasoning, rates.output),
            ("reasoning", reasoning, rates.reasoning),
        ]
    else:
        found.append(("output", usage.output_tokens, rates.output))
    return [bucket for bucket in found if bucket[1]]
