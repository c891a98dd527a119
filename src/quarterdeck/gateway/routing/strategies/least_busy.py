"""`least-busy`: the target with the fewest requests in flight, for its weight."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import ClassVar

from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, NoOptions, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class LeastBusy(Strategy):
    """A target of weight 2 is as busy with two requests as another with one."""

    name: ClassVar[str] = "least-busy"
    about: ClassVar[str] = "The target with the fewest requests in flight, for its weight."

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self.options(NoOptions)

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return sorted(candidates, key=_busy)


def _busy(candidate: Candidate) -> tuple[float, float]:
    weight = candidate.target.weight
    load = (candidate.health.in_flight + 1) / weight if weight > 0 else math.inf
    return load, random.random()  # noqa: S311
