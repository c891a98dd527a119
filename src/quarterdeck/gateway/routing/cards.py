"""What people see of an alias: its plan, and how well each model behind it is doing at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.gateway.routing.health import BreakerState, Health
from quarterdeck.gateway.routing.records import Alias, Plan
from quarterdeck.gateway.routing.selection import Selection

Standing = Literal["target", "fallback", "shadow"]


@dataclass(frozen=True)
class TargetHealth:
    """One model behind an alias, as calls through aliases have found it."""

    model: str
    provider: str
    standing: Standing
    weight: float
    breaker: BreakerState
    """`open`: it has failed too often and is left alone; `half_open`: one call finds out whether it is back."""
    available: bool
    available_in_s: float
    in_flight: int
    calls: int
    """Of the last minute."""
    failures: int
    first_token_ms: float | None
    """A moving average of streams; None when there was none of late."""
    whole_ms: float | None
    """The same for plain answers, to their end."""
    last_error: str | None
    last_error_at: str | None
    last_check_ok: bool | None
    """What the last active check found; None when there are none."""


@dataclass(frozen=True)
class AliasCard:
    """An alias with its plan and live health."""

    name: str
    owner: str
    plan: Plan
    models: list[TargetHealth]
    broken: str | None
    """Why it cannot be used at all, if it cannot."""
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class StrategyCard:
    """A strategy that a plan may name."""

    name: str
    about: str


@dataclass(frozen=True)
class AttemptCard:
    """One call of a test, and why it was left."""

    number: int
    model: str
    left: str | None
    error: str | None
    duration_ms: float


@dataclass(frozen=True)
class TestCall:
    """What a model or an alias said to a test."""

    __test__ = False  # for pytest, which would take it for tests

    ok: bool
    answer: str
    error: str | None
    model: str | None
    """Who answered."""
    attempts: list[AttemptCard]
    duration_ms: float
    first_token_ms: float | None
    cost_usd: float | None
    trace_id: str


def card_of(alias: Alias, selection: Selection | str | None) -> AliasCard:
    """An alias as people see it."""
    models: list[TargetHealth] = []
    if isinstance(selection, Selection):
        targets = {one.route.id for one in selection.candidates}
        for one in selection.everybody():
            standing: Standing = "target" if one.route.id in targets else "fallback"
            account = one.route.provider.account
            models.append(_seen(one.route.id, account.name, standing, one.target.weight, one.health))
    broken = selection if isinstance(selection, str) else None
    return AliasCard(alias.name, alias.owner, alias.plan, models, broken, alias.created_at, alias.updated_at)


def _seen(model: str, provider: str, standing: Standing, weight: float, health: Health) -> TargetHealth:
    calls, failures = health.calls_and_failures()
    return TargetHealth(
        model=model,
        provider=provider,
        standing=standing,
        weight=weight,
        breaker=health.state,
        available=health.available(),
        available_in_s=round(health.available_in_s(), 1),
        in_flight=health.in_flight,
        calls=calls,
        failures=failures,
        first_token_ms=health.latency_ms(stream=True),
        whole_ms=health.latency_ms(stream=False),
        last_error=health.last_error,
        last_error_at=health.last_error_at,
        last_check_ok=health.last_check_ok,
    )
