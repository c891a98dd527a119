"""Where one semantic cache stands: what its checks allow now, and what to do with the next would-be hit."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable
from typing import Literal

from quarterdeck.gateway.semantic.promise import Check, Promise, calibrate, is_broken
from quarterdeck.gateway.semantic.records import CheckRecord, Policy, State

CANDIDATE = 0.5
"""From this score on a neighbour is a candidate; below it, nobody would serve it."""
REMEMBERED_CHECKS = 2000
_ANEW_AFTER = 20
_ANEW_AFTER_SHARE = 0.1
_ALARM_CONFIDENCE = 0.99
"""Looked at after every check, so stricter than the promise: else an honest cache would be stopped by chance."""

Decision = Literal["serve", "check", "pass"]


class Standing:
    """One app or model of one project. Pure memory: the cache writes down what is `unsaved`."""

    def __init__(self, policy: Policy, since: str, *, broken: str | None = None) -> None:
        self.policy = policy
        self.since = since
        self.broken = broken
        """Why nothing is served any more, once the promise has been broken."""
        self.unsaved: list[CheckRecord] = []
        self.served = 0
        self.saved_pico = 0
        """Both since they were last written down."""
        self._checks: deque[Check] = deque(maxlen=REMEMBERED_CHECKS)
        self._new = 0
        self._fresh = self._fresh_wrong = 0
        self.calibration = calibrate((), policy.promise)

    @property
    def state(self) -> State:
        if self.broken is not None:
            return "broken"
        return "learning" if self.calibration.threshold is None else "serving"

    @property
    def reason(self) -> str:
        """The state in a sentence, with what would change it."""
        calibration, promise = self.calibration, self.policy.promise
        if self.broken is not None:
            return f"{self.broken} Set it up again to begin anew."
        if calibration.threshold is not None:
            return f"{calibration.wrong} of {calibration.covered} checked hits were wrong; the promise is kept."
        missing = promise.least_checks - calibration.checks
        if missing > 0:
            return f"The promise takes {promise.least_checks} checks without a mistake at least; {missing} are missing."
        return f"After {calibration.checks} checks no threshold keeps the promise yet. It goes on comparing."

    def remember(self, checks: Iterable[Check]) -> None:
        """Checks of earlier, oldest first."""
        self._checks.extend(checks)
        self.recalibrate()

    def inherit(self, before: Standing) -> None:
        """Take over what an earlier standing of the same cache has not written down yet."""
        self.unsaved, self.served, self.saved_pico = before.unsaved, before.served, before.saved_pico

    def decide(self, score: float) -> Decision:
        """What to do with a neighbour of this score."""
        if score < CANDIDATE or self.broken is not None:
            return "pass"
        threshold = self.calibration.threshold
        if threshold is None:
            return "check"
        # Every candidate is checked with the same probability, whatever its score: the sample is not skewed.
        if drawn(self.policy.check_share):
            return "check"
        return "serve" if score >= threshold else "pass"

    def note(self, record: CheckRecord) -> None:
        """One more check. May loosen or tighten the threshold, and ends everything when the promise is plainly broken."""
        self.unsaved.append(record)
        self._checks.append(Check(record.score, record.wrong))
        threshold = self.calibration.threshold
        if threshold is not None and record.score >= threshold:
            self._fresh += 1
            self._fresh_wrong += record.wrong
            if is_broken(self._fresh_wrong, self._fresh, Promise(self.policy.promise.most_wrong, _ALARM_CONFIDENCE)):
                self.broken = (
                    f"{self._fresh_wrong} of the last {self._fresh} checked hits were wrong, so it turned itself off: "
                    f"the promise was {self.policy.promise.said()}."
                )
                return
        self._new += 1
        if self._new >= max(_ANEW_AFTER, _ANEW_AFTER_SHARE * len(self._checks)):
            self.recalibrate()

    def recalibrate(self) -> None:
        """Find the threshold anew. The fresh checks go on counting: a slow decay must not hide behind old good days."""
        before = self.calibration.threshold
        self.calibration = calibrate(list(self._checks), self.policy.promise)
        self._new = 0
        if before is None:
            self._fresh = self._fresh_wrong = 0


def drawn(share: float) -> bool:
    """Whether the lot falls on this one, as it does on this share of all; nobody can foresee it."""
    return secrets.randbelow(1_000_000) < share * 1_000_000
