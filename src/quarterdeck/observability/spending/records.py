"""The nouns of spending: reports by whoever spends, forecasts, unpriced models, and bills that were corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from pydantic import Field

from quarterdeck.observability.records import LedgerCheck
from quarterdeck.runtime.tracing import CostLine

Dimension = Literal["team", "key", "app", "model", "provider", "tag", "user", "environment", "release"]
"""What spending is told apart by."""
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
Step = Literal["hour", "day"]
REST = "\x00rest"
"""The key under which a store sums up the groups that nobody wants apart; no team or tag is called so."""


@dataclass(frozen=True)
class Spenders:
    """Whose calls, and of what; None means any, and an empty text those that have none."""

    team: str | None = None
    key: str | None = None
    app: str | None = None
    model: str | None = None
    provider: str | None = None
    tag: str | None = None
    user: str | None = None
    environment: str | None = None
    release: str | None = None


ALL_SPENDERS = Spenders()


@dataclass(frozen=True)
class SpendFilter:
    """Which calls of a project, in a window of time."""

    project_id: str
    from_ns: int
    to_ns: int
    of: Spenders = ALL_SPENDERS


@dataclass(frozen=True)
class SpendRow:
    """The sums of one group in one stretch of time, as a store has them. Money in pico-dollars."""

    at_ns: int
    key: str
    calls: int = 0
    errors: int = 0
    unpriced_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cost_pico: int = 0
    provided_pico: int = 0
    """What providers say that calls cost, as far as they say it; and what we say of the same calls."""
    beside_provided_pico: int = 0


@dataclass(frozen=True)
class SavingsRow:
    """What answers from our caches have saved."""

    hits: int = 0
    saved_pico: int = 0
    saved_ns: int = 0


@dataclass(frozen=True)
class Sums:
    """The sums of some calls."""

    calls: int
    errors: int
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    """Those of the input that a provider's prompt cache had."""
    cost_usd: float
    provided_usd: float
    """What providers themselves say, for the calls of which they say it."""
    mismatch_usd: float
    """How much more providers say than we, for the same calls."""


@dataclass(frozen=True)
class Group:
    """One team, key, model, … with its sums."""

    key: str
    """The id or name; empty for calls that have none."""
    label: str
    sums: Sums
    previous_cost_usd: float | None
    """The cost of the window before, of the same length."""


@dataclass(frozen=True)
class Series:
    """The cost of one group over time; `other` stands for the groups that are too small to show."""

    key: str
    label: str
    cost_usd: list[float]
    calls: list[int]


@dataclass(frozen=True)
class Savings:
    """What answers from our caches have saved."""

    hits: int
    saved_usd: float
    saved_ms: float


@dataclass(frozen=True)
class SpendReport:
    """Who spent how much, in a window and over its time."""

    from_: Annotated[str, Field(serialization_alias="from")]  # `from` is a word of Python
    to: str
    by: Dimension
    step: Step
    total: Sums
    previous: Sums | None
    """The sums of the window before, of the same length."""
    savings: Savings
    at: list[str] = field(default_factory=list)
    """The start of each step of `series`."""
    groups: list[Group] = field(default_factory=list)
    """The dearest first."""
    series: list[Series] = field(default_factory=list)


@dataclass(frozen=True)
class Forecast:
    """Where the month will end if the next days are like the last ones."""

    month: str
    spent_usd: float
    """So far in this month (UTC)."""
    expected_usd: float | None
    """At the end of the month; None when there is too little history to say."""
    low_usd: float | None
    """It ends between this and `high_usd` in four cases of five."""
    high_usd: float | None
    days_used: int
    """How many whole days of history it stands on."""
    says: str
    """The same in a sentence, or why nothing can be said."""


@dataclass(frozen=True)
class UnpricedModel:
    """A model that was called and whose price nobody knows."""

    provider: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    first_at: str
    last_at: str


@dataclass(frozen=True)
class Correction:
    """The right bill of a call."""

    trace_id: str
    span_id: str
    start_ns: int
    cost_pico: int | None
    cost_lines: tuple[CostLine, ...]
    price_id: str | None


@dataclass(frozen=True)
class CorrectedBill:
    """A bill as it was, and what it became."""

    span_id: str
    corrected_at: str
    repricing_id: str
    old_cost_usd: float | None
    old_price_id: str | None
    new_cost_usd: float | None
    new_price_id: str | None


@dataclass(frozen=True)
class ProviderUsage:
    """What a provider says it has counted for one model on one day (UTC). Cached input is part of the input."""

    day: str
    model: str
    input_tokens: Annotated[int, Field(ge=0, le=10**15)] = 0
    output_tokens: Annotated[int, Field(ge=0, le=10**15)] = 0


@dataclass(frozen=True)
class Difference:
    """Two books that do not agree."""

    book: Literal["ledger", "limit", "provider"]
    name: str
    """Which account: a limit, or a day and a model."""
    recorded: float
    """What our spans say."""
    counted: float
    """What the other book says."""
    unit: str
    reason: str
    """What it likely comes from."""
    remedy: str


@dataclass(frozen=True)
class Reconciliation:
    """The books, compared: balanced when there are no differences."""

    balanced: bool
    ledger: LedgerCheck
    limits_compared: int
    limits_left_out: list[str]
    """Limits whose calls spans do not tell apart: of models, and of patterns."""
    rows_compared: int
    """Rows of the provider's export."""
    differences: list[Difference] = field(default_factory=list)
