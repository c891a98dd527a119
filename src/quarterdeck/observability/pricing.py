"""The contract of prices: what the tokens of a span cost. The gateway knows; spans from outside are priced by asking it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from quarterdeck.runtime.tracing import CostLine


class TokenUsage(NamedTuple):
    """Tokens as OpenTelemetry counts them: `input` includes cached ones, `output` includes reasoning."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


class Price(NamedTuple):
    """What some tokens cost, line by line, and by which price list."""

    cost_pico: int
    lines: tuple[CostLine, ...]
    price_id: str


class Pricing(ABC):
    """Says what tokens cost. Asked for every span with usage, so it answers from memory."""

    @abstractmethod
    def price(
        self,
        provider: str | None,
        models: Sequence[str],
        usage: TokenUsage,
        at: datetime,
        project_id: str | None = None,
    ) -> Price | None:
        """The price of `usage` at the first of `models` that has one; None when nobody knows, which is not 0.

        `provider` is as `gen_ai.provider.name` has it (`openai`, `aws.bedrock`, …); `models` has the answering model
        before the asked one. A project may have prices of its own.
        """
