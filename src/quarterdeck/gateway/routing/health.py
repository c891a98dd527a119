"""How well each model is doing, learnt from the calls themselves: latency, failures, and when to leave it alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from quarterdeck.core import clock
from quarterdeck.gateway.routing.records import FailureKind

BreakerState = Literal["closed", "open", "half_open"]

_LATENCY_MEMORY_S = 10.0
"""A latency counts e times less after so long."""
_STALE_AFTER_S = 30.0
_SLOTS, _SLOT_S = 6, 10.0
"""Outcomes are counted in slots of ten seconds; the window is a minute."""
_LONGEST_OPEN_S = 120.0
_LONGEST_COOLDOWN_S = 300.0
_FIRST_COOLDOWN_S = 1.0


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a model is left alone, and for how long."""

    error_share: float = 0.5
    least_calls: int = 5
    """Fewer calls than this in the last minute prove nothing."""
    open_s: float = 15.0
    """The first time; each failed probe doubles it."""


class Latency:
    """A moving average that forgets by time, and believes in bad news at once."""

    __slots__ = ("_at", "ms")

    def __init__(self) -> None:
        self.ms: float | None = None
        self._at = 0.0

    def note(self, ms: float, now: float) -> None:
        """One more measurement."""
        if self.ms is None or ms > self.ms:
            self.ms = ms if self.ms is None else self.ms + (ms - self.ms) * 0.5
        else:
            kept = math.exp(-max(0.0, now - self._at) / _LATENCY_MEMORY_S)
            self.ms = self.ms * min(kept, 0.9) + ms * (1 - min(kept, 0.9))
        self._at = now

    def fresh(self, now: float) -> float | None:
        """The average, unless it is so old that it says nothing."""
        return self.ms if now - self._at <= _STALE_AFTER_S else None


class Health:
    """One model of one provider account, as all aliases of all requests see it."""

    def __init__(self, rules: BreakerRules | None = None) -> None:
        rules = rules or BreakerRules()
        self.in_flight = 0
        self.to_first_token = Latency()
        self.to_end = Latency()
        self.last_error: str | None = None
        self.last_error_at: str | None = None
        self.last_check_ok: bool | None = None
        self.cooling_until = 0.0
        self._rules = rules
        self._slots: list[list[float]] = []  # [slot number, calls, failures]
        self._state: BreakerState = "closed"
        self._open_until = 0.0
        self._open_s = rules.open_s
        self._probing = False
        self._limits_in_a_row = 0

    @property
    def state(self) -> BreakerState:
        """Where the breaker stands at this moment."""
        if self._state == "open" and _now() >= self._open_until:
            return "half_open"
        return self._state

    def available(self) -> bool:
        """Whether it may be asked now: the breaker is closed, or one probe may go through, and it is not cooling down."""
        if self._state == "closed":
            return self.cooling_until <= 0.0 or _now() >= self.cooling_until
        return self.state == "half_open" and not self._probing

    def available_in_s(self) -> float:
        """How long it is to be left alone yet."""
        until = max(self.cooling_until, self._open_until if self._state != "closed" else 0.0)
        return max(0.0, until - _now())

    def begin(self) -> None:
        """A call begins. The first one that a half-open breaker lets through is its probe."""
        self.in_flight += 1
        if self._state != "closed":
            self._state, self._probing = "half_open", True

    def abandon(self) -> None:
        """The call ended without saying anything about the model: the client went away, or asked for nonsense."""
        self.in_flight -= 1
        self._probing = False

    def succeed(self, ms: float, first_token_ms: float | None = None) -> None:
        """The call ended well."""
        now = _now()
        self.in_flight -= 1
        self.to_end.note(ms, now)
        if first_token_ms is not None:
            self.to_first_token.note(first_token_ms, now)
        self._count(now, failed=False)
        self._limits_in_a_row, self.cooling_until = 0, 0.0
        if self._state != "closed":
            self._close()

    def fail(self, kind: FailureKind, said: str, retry_after_s: float | None = None) -> None:
        """The call failed, and that says something about the model."""
        self.in_flight -= 1
        self.last_error, self.last_error_at = said[:500], clock.iso(clock.now())
        now = _now()
        if kind in ("rate_limit", "budget"):
            self._cool_down(now, retry_after_s)
            self._probing = False
            return
        self._count(now, failed=True)
        if self._state != "closed":
            self._open_s = min(_LONGEST_OPEN_S, self._open_s * 2)
            self._open(now)
        elif self._is_bad(now):
            self._open(now)

    def checked(self, ok: bool, said: str | None = None) -> None:
        """What an active check found. One that fails opens the breaker, one that succeeds closes it."""
        self.last_check_ok = ok
        if ok:
            if self._state != "closed":
                self._close()
        else:
            self.last_error, self.last_error_at = (said or "the check failed")[:500], clock.iso(clock.now())
            self._open(_now())

    def latency_ms(self, stream: bool) -> float | None:
        """How long it takes of late: to the first token of a stream, to the end of a plain answer."""
        measured = self.to_first_token if stream else self.to_end
        return measured.fresh(_now())

    def calls_and_failures(self) -> tuple[int, int]:
        """Of the last minute."""
        oldest = int(_now() / _SLOT_S) - _SLOTS
        live = [slot for slot in self._slots if slot[0] > oldest]
        return int(sum(slot[1] for slot in live)), int(sum(slot[2] for slot in live))

    def _count(self, now: float, *, failed: bool) -> None:
        number = int(now / _SLOT_S)
        if not self._slots or self._slots[-1][0] != number:
            self._slots = [*self._slots[-_SLOTS + 1 :], [number, 0, 0]]
        self._slots[-1][1] += 1
        self._slots[-1][2] += failed

    def _is_bad(self, now: float) -> bool:
        calls, failures = self.calls_and_failures()
        return calls >= self._rules.least_calls and failures >= calls * self._rules.error_share

    def _open(self, now: float) -> None:
        self._state, self._probing = "open", False
        self._open_until = now + self._open_s

    def _close(self) -> None:
        self._state, self._probing, self._slots = "closed", False, []
        self._open_s = self._rules.open_s

    def _cool_down(self, now: float, retry_after_s: float | None) -> None:
        self._limits_in_a_row += 1
        doubled = _FIRST_COOLDOWN_S * 2 ** min(self._limits_in_a_row - 1, 6)
        self.cooling_until = now + min(_LONGEST_COOLDOWN_S, doubled if retry_after_s is None else retry_after_s)


class HealthBook:
    """The health of every model that some alias has called, kept while configuration comes and goes."""

    _MOST = 10_000

    def __init__(self, rules: BreakerRules | None = None) -> None:
        self._rules = rules or BreakerRules()
        self._of: dict[tuple[str, str], Health] = {}

    def of(self, project_id: str | None, route_id: str) -> Health:
        """The health of a model; that of a provider which all projects share is shared by them."""
        key = (project_id or "", route_id)
        health = self._of.get(key)
        if health is None:
            if len(self._of) >= self._MOST:
                self._of.pop(next(iter(self._of)))
            health = self._of[key] = Health(self._rules)
        return health

    def all(self) -> list[tuple[tuple[str, str], Health]]:
        """Every model that was called, by project (empty when all share it) and full name."""
        return list(self._of.items())


def _now() -> float:
    return clock.monotonic_ns() / 1e9
