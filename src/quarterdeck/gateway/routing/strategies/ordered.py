"""`ordered`: the targets in the order of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, NoOptions, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class Ordered(Strategy):
    """The first one answers; the others stand by."""

    name: ClassVar[str] = "ordered"
    about: ClassVar[str] = "The targets in the order of the plan: the first answers, the others stand by."

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self.options(NoOptions)

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return candidates
