"""What a provider itself says that a call costs: kept beside our own bill, so that a mismatch shows.

OpenRouter and Perplexity tell it in `usage`, xAI in ticks, other gateways in a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from quarterdeck.core.money import PICO, to_pico

_TICKS_PER_USD = 10**10  # https://docs.x.ai/docs/key-information/consumption-and-rate-limits
_HEADERS = ("x-litellm-response-cost", "x-quarterdeck-cost-usd")
_MOST_USD = 1_000_000


def cost_in_usage(cost: Any, ticks: int | None = None) -> int | None:
    """The cost that `usage` tells, in pico-dollars; None when it tells none. Any: a number, or Perplexity's object."""
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if isinstance(cost, int | float | str) and not isinstance(cost, bool):
        return _pico(cost)
    if ticks is not None and 0 <= ticks < _MOST_USD * _TICKS_PER_USD:
        return ticks * (PICO // _TICKS_PER_USD)
    return None


def cost_in_headers(headers: Mapping[str, str]) -> int | None:
    """The cost that a gateway before us tells in a header."""
    for name in _HEADERS:
        if (said := headers.get(name)) is not None:
            return _pico(said)
    return None


def _pico(usd: float | str) -> int | None:
    try:
        amount = Decimal(str(usd))
    except InvalidOperation:
        return None
    return to_pico(amount) if amount.is_finite() and 0 <= amount < _MOST_USD else None
