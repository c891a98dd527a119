"""`rules`: the target whose condition says most about a request answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import ClassVar

from quarterdeck.gateway.routing.records import Condition, Plan
from quarterdeck.gateway.routing.strategy import Candidate, NoOptions, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class Rules(Strategy):
    """Targets whose condition does not hold are left out before, as with every strategy.

    Of those that are left, the one with the most that must hold stands first, and those without a condition stand last.
    """

    name: ClassVar[str] = "rules"
    about: ClassVar[str] = (
        "The target whose condition (`when`) says most about the request; those without one come last."
    )

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self.options(NoOptions)

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return sorted(candidates, key=lambda one: -_says(one.target.when))


def _says(condition: Condition | None) -> int:
    if condition is None:
        return 0
    said = (getattr(condition, one.name) for one in fields(condition))
    return sum(len(value) if isinstance(value, dict) else 1 for value in said if value not in ((), {}, None))
