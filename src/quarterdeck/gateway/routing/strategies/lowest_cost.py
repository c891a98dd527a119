"""`lowest-cost`: the target whose answer to this request costs least."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from quarterdeck.core import clock
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    output_tokens: int = 500
    """How long answers are expected to be, when the client sets no limit."""


class LowestCost(Strategy):
    """By today's prices, the length of the input, and the length that answers are expected to have."""

    name: ClassVar[str] = "lowest-cost"
    about: ClassVar[str] = "The target that costs least for this request; one without a price comes last."

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self._output_tokens = self.options(_Options).output_tokens

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        request, prices, now = question.request, self.runtime.part(Prices), clock.now()
        allowed = (request.max_completion_tokens or request.max_tokens) if request is not None else 0
        output = self._output_tokens if allowed is None else min(allowed, self._output_tokens)

        def cost(one: Candidate) -> float:
            rates = prices.rates(one.route.provider.account, one.route.model, now)
            if rates is None or rates.input is None:
                return math.inf
            return rates.input * question.input_tokens + (rates.output or 0) * output

        return sorted(candidates, key=cost)
