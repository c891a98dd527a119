"""The nouns of money: prices as people set and read them, models without one, and runs that price history anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from quarterdeck.core.events import Event


@dataclass(frozen=True)
class PriceStep:
    """Other prices for prompts of more than so many tokens, for all of their tokens."""

    tokens: int
    prices: Mapping[str, Decimal]


@dataclass(frozen=True)
class PriceWish:
    """A price to set. Tokens and characters are priced by the million, everything else by the piece, in US dollars."""

    provider: str
    """A provider's name, or a pattern such as `*`."""
    model: str
    """A model by the provider's name for it, or a pattern such as `gpt-4o*`."""
    prices: Mapping[str, Decimal]
    """`input`, `output`, `cache_read`, `search`, …"""
    above: list[PriceStep] = field(default_factory=list)
    since: str | None = None
    """The first day (UTC) on which it holds; None means always."""
    hours: tuple[str, str] | None = None
    """Hours of each day (UTC) such as `["16:30", "00:30"]`; None means all."""
    service_tier: str | None = None
    """A tier (`batch`, `flex`, `priority`) whose prices these are; None means the standard one."""
    note: str = ""
    everywhere: bool = False
    """Whether it is for all projects; only the administrator may say so."""


@dataclass(frozen=True)
class ShownStep:
    """Other prices for longer prompts, as they are shown."""

    tokens: int
    prices: Mapping[str, float]


@dataclass(frozen=True)
class ShownPrice:
    """One row of prices, set here or read in a price list."""

    id: str
    source: Literal["set", "list"]
    provider: str
    model: str
    prices: Mapping[str, float]
    above: list[ShownStep]
    since: str | None
    hours: tuple[str, str] | None
    service_tier: str | None
    note: str = ""
    everywhere: bool = True
    owner: str | None = None
    created_at: str | None = None
    created_by: str | None = None
    withdrawn_at: str | None = None
    withdrawn_by: str | None = None


@dataclass(frozen=True)
class PriceOfModel:
    """What a model costs now, and every row that says so now or at another time."""

    provider: str
    model: str
    priced: bool
    price_id: str | None
    """The row that holds now."""
    prices: Mapping[str, float]
    rows: list[ShownPrice]


@dataclass(frozen=True)
class PriceHistory:
    """Everything that was ever set or withdrawn, newest first."""

    items: list[ShownPrice]
    intact: bool
    """Whether every row's seal fits the row before it: that none was changed or taken out."""
    next_cursor: str | None = None


@dataclass(frozen=True)
class RepricingScope:
    """Which calls to price anew."""

    provider: str = "*"
    model: str = "*"
    only_unpriced: bool = True
    """Whether calls that have a price are left alone."""
    since: str | None = None
    """The moment from which on; None means all that is kept."""


@dataclass(frozen=True)
class Repricing:
    """One run that prices history anew."""

    id: str
    status: Literal["waiting", "running", "done", "failed"]
    scope: RepricingScope
    looked_at: int
    """How many calls it has come past."""
    changed: int
    """How many have another price now."""
    difference_usd: float
    """How much dearer history has become."""
    created_at: str
    created_by: str
    finished_at: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class PricesChanged(Event):
    """A price was set or withdrawn."""
