"""The nouns of shorter inputs: what an app or model may be sent, and what was done to stay within it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.events import Event

WhenOver = Literal["refuse", "trim"]
"""refuse: a request that is too long gets an error that says so. trim: the oldest turns of the conversation are left out."""


@dataclass(frozen=True)
class InputBudget:
    """How much a request to an app or model may say."""

    most_tokens: int | None = None
    """Estimated at four characters a token; None means no limit."""
    when_over: WhenOver = "refuse"
    keep_share: float | None = None
    """Marked context is cut down to this share of itself; None leaves it alone."""


@dataclass(frozen=True)
class InputBudgetCard:
    """The input budget of an app or model."""

    target: str
    most_tokens: int | None
    when_over: WhenOver
    keep_share: float | None
    changed_at: str


@dataclass(frozen=True)
class InputBudgetsChanged(Event):
    """An input budget was set or removed: the data plane reads them anew."""
