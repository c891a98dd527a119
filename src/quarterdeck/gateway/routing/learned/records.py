"""The nouns of learned routers: outcomes to learn from, the router, and the report it is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.events import Event

RouterState = Literal["untrained", "on", "off"]
PolicyName = Literal["all-weak", "all-strong", "random", "length-only", "learned", "oracle"]


@dataclass(frozen=True)
class Outcome:
    """What one model made of one request."""

    text: str
    target: str
    score: float
    """From 0, wrong, to 1, right."""
    cost_usd: float | None = None
    topic: str | None = None
    """Where known, routers are also judged on topics that they have not seen."""


@dataclass(frozen=True)
class Sample:
    """A request with what both models made of it."""

    text: str
    weak: float
    strong: float
    weak_cost_usd: float | None = None
    strong_cost_usd: float | None = None
    topic: str | None = None


@dataclass(frozen=True)
class Interval:
    """A measured value, and where it lies with 95 % confidence."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """How one way to choose would have done on the outcomes."""

    policy: PolicyName
    quality: Interval
    """The mean score."""
    strong_share: float
    """Which part of the requests the strong model gets."""
    cost_usd: float | None
    """A request, on average; None when a cost is missing."""


@dataclass(frozen=True)
class Report:
    """A router beside its baselines. Every number is of requests that the router which is judged had not seen."""

    rows: int
    held_out: int
    """Of these, so many were kept from the model: the lines and what is kept are about them."""
    lines: list[Line]
    kept: float | None
    """The share of the strong model's quality that is kept."""
    kept_bound: float | None
    """At least this share, at the promised confidence."""
    apgr: Interval
    """The share of the gap between weak and strong that is recovered, averaged over all shares of strong calls."""
    apgr_length_only: Interval
    advantage: Interval
    """`apgr` less that of looking at the length alone: a router whose interval includes 0 turns itself off."""
    apgr_unseen_topics: Interval | None
    """The same on topics that were left out of training; None when outcomes tell no topics."""
    gap: Interval
    """The strong model's mean score less the weak one's."""


@dataclass(frozen=True)
class TrainedModel:
    """Where a router's model comes from."""

    format: int
    trained_at: str
    rows: int
    rows_sha256: str
    weak: str
    strong: str
    embedder: str
    keep: float
    confidence: float
    threshold: float | None
    """Requests with a predicted gain of at least this go to the strong model."""
    on: bool
    reason: str
    bytes: int = 0


@dataclass(frozen=True)
class RouterCard:
    """A learned router, as its owner sees it."""

    name: str
    weak: str
    strong: str
    keep: float
    """The promise: at least this share of the strong model's quality …"""
    confidence: float
    """… at this confidence."""
    state: RouterState
    reason: str
    outcomes: int
    pairs: int
    """Requests with an outcome of both models."""
    model: TrainedModel | None
    report: Report | None


@dataclass(frozen=True)
class Imported:
    """What an import of outcomes did."""

    router: str
    received: int
    outcomes: int
    """There are so many now."""


@dataclass(frozen=True)
class Prediction:
    """What a router would do with a text."""

    target: str
    gain: float
    """How much better the strong model is expected to do, from -1 to 1."""
    threshold: float | None
    reason: str


@dataclass(frozen=True)
class RoutersChanged(Event):
    """A router was made, trained or removed."""
