"""`lowest-latency`: of two targets drawn at random, the one that answers sooner of late."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import ClassVar

from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, NoOptions, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class LowestLatency(Strategy):
    """The moving average of a target, times what it has in flight already.

    Two are drawn and compared, instead of taking the best of all: everybody running to the best one would make it the
    worst. A target of which nothing is known of late is as good as the best, so that it is tried.
    """

    name: ClassVar[str] = "lowest-latency"
    about: ClassVar[str] = (
        "Of two targets drawn at random, the one that answers sooner: to the first token of a stream."
    )

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self.options(NoOptions)

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        known = [ms for one in candidates if (ms := one.health.latency_ms(question.stream)) is not None]
        unknown_ms = min(known, default=1.0)

        def wait_ms(one: Candidate) -> float:
            measured = one.health.latency_ms(question.stream)
            return (unknown_ms if measured is None else measured) * (one.health.in_flight + 1)

        standing = [one for one in candidates if one.target.weight > 0] or list(candidates)
        drawn = sorted(random.sample(standing, min(2, len(standing))), key=wait_ms)
        others = sorted(
            (one for one in candidates if one not in drawn), key=lambda one: (one.target.weight <= 0, wait_ms(one))
        )
        return [*drawn, *others]
