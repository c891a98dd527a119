"""Keeps a promise such as "at most 2 % wrong at 95 % confidence": from checks to a threshold, by exact binomial bounds.

A check is a would-be hit whose right answer became known. Thresholds are tried from strict to loose, and the first that
cannot be shown to keep the promise ends the search (fixed-sequence testing): so the confidence holds for the threshold that
is chosen, not just for one that was named beforehand. With many checks the search may begin in two places, each with half
of the risk: one early mistake then does not end it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = 8
_BISECTIONS = 60
_FIRST_START, _SECOND_START = 0.4, 0.7
"""The shares of all checks at which the search begins."""
_ENOUGH_FOR_TWO = 1.5
"""The first start must cover this many times the least number of checks before the risk is divided."""


@dataclass(frozen=True)
class Promise:
    """At most `most_wrong` of the hits are wrong, at this `confidence`."""

    most_wrong: float = 0.02
    confidence: float = 0.95

    @property
    def least_checks(self) -> int:
        """So many checks without one mistake it takes before the promise can be given at all."""
        return math.ceil(math.log(1.0 - self.confidence) / math.log(1.0 - self.most_wrong))

    def said(self) -> str:
        """The promise in words, as headers and spans tell it."""
        return f"at most {100 * self.most_wrong:g} % wrong at {100 * self.confidence:g} % confidence"


@dataclass(frozen=True, slots=True)
class Check:
    """A would-be hit: how sure we were, and whether it would have been wrong."""

    score: float
    wrong: bool


@dataclass(frozen=True)
class Calibration:
    """What the checks allow."""

    threshold: float | None
    """The least score that may be served; None while the promise cannot be given."""
    checks: int
    """All of them, below the threshold too."""
    covered: int
    """The checks at or above the threshold."""
    wrong: int
    """Of those, the wrong ones."""
    bound: float | None
    """The upper bound of the share of wrong hits at this threshold."""
    hit_share: float
    """The share of checks at or above the threshold: how many of the candidates become hits."""


def calibrate(checks: Sequence[Check], promise: Promise) -> Calibration:
    """The loosest threshold that keeps the promise, as far as these checks can show."""
    ordered = sorted(checks, key=lambda check: -check.score)
    scores = [check.score for check in ordered]
    wrong_until = _running_sum(ordered)
    kept = 0
    for start, risk in _starts(len(scores), promise):
        for count in _stops(scores, start):
            if at_most(wrong_until[count], count, promise.most_wrong) > risk:
                break
            kept = max(kept, count)
    if kept == 0:
        return Calibration(None, len(checks), 0, 0, None, 0.0)
    wrong = wrong_until[kept]
    bound = upper_bound(wrong, kept, promise.confidence)
    return Calibration(scores[kept - 1], len(checks), kept, wrong, bound, kept / len(checks))


def is_broken(wrong: int, of: int, promise: Promise) -> bool:
    """Whether so many mistakes show that the promise is not kept: its Clopper-Pearson lower bound is above it."""
    return wrong > 0 and 1.0 - at_most(wrong - 1, of, promise.most_wrong) <= 1.0 - promise.confidence


def upper_bound(wrong: int, of: int, confidence: float) -> float:
    """The one-sided Clopper-Pearson upper bound of a share."""
    if of == 0 or wrong >= of:
        return 1.0
    low, high = wrong / of, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(wrong, of, middle) > 1.0 - confidence else (low, middle)
    return high


def at_most(successes: int, trials: int, share: float) -> float:
    """The probability of at most so many successes in so many trials."""
    if successes >= trials or share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    log_term = trials * math.log1p(-share)
    odds = math.log(share) - math.log1p(-share)
    total = math.exp(log_term)
    for k in range(1, successes + 1):
        log_term += math.log(trials - k + 1) - math.log(k) + odds
        total += math.exp(log_term)
    return min(1.0, total)


def _starts(checks: int, promise: Promise) -> list[tuple[int, float]]:
    """Where the search begins, counted in checks, and the risk of a false promise that each beginning may take."""
    risk = 1.0 - promise.confidence
    if checks < promise.least_checks:
        return []
    if checks * _FIRST_START < promise.least_checks * _ENOUGH_FOR_TWO:
        return [(promise.least_checks, risk)]
    return [(round(checks * _FIRST_START), risk / 2), (round(checks * _SECOND_START), risk / 2)]


def _stops(scores: Sequence[float], start: int) -> list[int]:
    """How many of the best checks each tried threshold covers, from `start` to all of them.

    They depend on the scores alone, never on what was wrong, and equal scores stay together.
    """
    stops = []
    for step in range(_STEPS + 1):
        count = round(start + (len(scores) - start) * step / _STEPS)
        while count < len(scores) and scores[count] == scores[count - 1]:
            count += 1
        stops.append(count)
    return sorted(set(stops))


def _running_sum(ordered: Sequence[Check]) -> list[int]:
    sums = [0]
    for check in ordered:
        sums.append(sums[-1] + check.wrong)
    return sums
