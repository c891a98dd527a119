"""The nouns of limits: what may be used, what was, and the alerts that tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from quarterdeck.core.events import Event
from quarterdeck.core.hashing import sha256
from quarterdeck.core.money import PICO, to_pico

Subject = Literal["project", "team", "user", "key", "tag", "model", "app"]
Metric = Literal["requests", "tokens", "input_tokens", "output_tokens", "concurrency", "cost"]
Window = Literal["second", "minute", "hour", "day", "week", "month", "total", "now"]
"""Calendar windows in UTC; a week begins on Monday. `now` is for `concurrency` and for nothing else."""
State = Literal["ok", "warned", "reached"]
StoreFailure = Literal["share", "open", "closed"]


@dataclass(frozen=True)
class Limit:
    """How much of one thing a subject may use in a window."""

    id: str
    name: str
    subject: Subject
    subject_id: str
    """Whom it concerns: an id or a name, or a pattern such as `openai/*`; `*` is everyone."""
    each: bool
    """Whether everyone whom it concerns has an amount of their own, or all share one."""
    metric: Metric
    amount: float
    """US dollars for `cost`, whole numbers for everything else."""
    window: Window
    hard: bool
    """Whether it refuses requests, or only raises alerts."""
    alert_at: list[float] = field(default_factory=list)
    """Shares of the amount at which an alert is raised: 0.8 is 80 %."""
    enabled: bool = True
    owner: str = "ui"
    created_at: str = ""
    changed_at: str = ""

    @property
    def units(self) -> int:
        """The amount as counters have it: pico-dollars, or pieces."""
        return units_of(self.metric, self.amount)

    @property
    def counter(self) -> str:
        """How its counters are named: alike on all machines, and another one when something else is counted."""
        # The ids of projects and keys are of one database; their limit's name stands for them.
        whom = "" if self.subject in ("project", "key") else self.subject_id
        counted = sha256("\n".join((self.subject, whom, str(self.each), self.metric, self.window)))
        return f"{self.name}~{counted[:8]}"


@dataclass(frozen=True)
class LimitUsage:
    """How far one limit is used, at this moment."""

    limit: Limit
    value: str
    """Of whom, where each has an amount of their own; empty where all share one."""
    used: float
    reserved: float
    """Held for calls that are under way."""
    left: float
    share: float
    state: State
    window_start: str | None
    resets_at: str | None


@dataclass(frozen=True)
class LimitAlert:
    """A share of a limit has been used."""

    id: str
    limit_id: str
    name: str
    value: str
    metric: Metric
    share: float
    used: float
    amount: float
    window_start: str
    raised_at: str


@dataclass(frozen=True)
class StoreStatus:
    """How the counters are kept, and whether they can be reached."""

    kind: str
    shared: bool
    reachable: bool
    away_since: str | None = None
    on_failure: StoreFailure | None = None
    failures: int = 0
    """How often the store did not answer, since this process began."""
    granted_while_away: int = 0
    refused_while_away: int = 0
    leases: int = 0
    """Reservations of this process that are open now."""
    charged_leases: int = 0
    """Reservations that nobody ended, such as those of a killed process: charged as they were reserved."""


@dataclass(frozen=True)
class LimitsChanged(Event):
    """A limit was set, changed or removed: limiters reload."""


@dataclass(frozen=True)
class LimitAlertRaised(Event):
    """A share of a limit has been used."""

    project_id: str
    alert: LimitAlert


@dataclass(frozen=True)
class LimitStoreLost(Event):
    """The shared store of counters does not answer."""

    reason: str


@dataclass(frozen=True)
class LimitStoreFound(Event):
    """It answers again."""


def units_of(metric: str, amount: float) -> int:
    """An amount as counters have it."""
    return to_pico(Decimal(str(amount))) if metric == "cost" else int(amount)


def amount_of(metric: str, units: int) -> float:
    """An amount as people read it."""
    return units / PICO if metric == "cost" else units
