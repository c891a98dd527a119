"""`weighted`: each target gets its share of the requests."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import ClassVar

from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, NoOptions, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class Weighted(Strategy):
    """Drawn by weight; the others follow in an order that is drawn by weight, too."""

    name: ClassVar[str] = "weighted"
    about: ClassVar[str] = "Each target gets a share of the requests by its weight."

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self.options(NoOptions)

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return sorted(candidates, key=_drawn)


def _drawn(candidate: Candidate) -> float:
    # The smallest of exponential waiting times: the odds to be first are exactly the weights, and so on down the line.
    weight = candidate.target.weight
    return -math.log(1.0 - random.random()) / weight if weight > 0 else math.inf  # noqa: S311
