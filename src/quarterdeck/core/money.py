"""Money, exact: US dollars as whole pico-dollars, so that a million tiny calls add up to the cent."""

from __future__ import annotations

from decimal import Decimal

PICO = 10**12


def to_pico(usd: Decimal | str | int) -> int:
    """Dollars as pico-dollars (10⁻¹² USD). A price of $0.15 per million tokens is 150,000 a token, exactly."""
    return int((Decimal(usd) * PICO).to_integral_value())


def to_usd(pico: int | None) -> float | None:
    """Pico-dollars as a float for JSON; None, an unknown price, stays None."""
    return None if pico is None else pico / PICO
