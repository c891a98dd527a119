"""How numbers are said in a terminal: with units, aligned, never in scientific notation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from quarterdeck.cli.exits import WrongUse
from quarterdeck.core import clock

NONE = "–"
"""What stands where there is no number."""


def duration(milliseconds: float | None) -> str:
    """`0.4 ms`, `212 ms`, `4.83 s`, `3 min 20 s`."""
    if milliseconds is None:
        return NONE
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 120_000:
        return f"{milliseconds / 1000:.2f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def money(usd: float | None, *, unpriced: bool = False) -> str:
    """Four decimals below a dollar, two above. A price nobody knows is said, not shown as nothing."""
    if unpriced and not usd:
        return "no price"
    if usd is None:
        return NONE
    if usd == 0:
        return "$0"
    if usd < 0.00005:
        return "<$0.0001"
    return f"${usd:.4f}" if usd < 1 else f"${usd:,.2f}"


def count(number: int | None) -> str:
    """`1,234`."""
    return NONE if number is None else f"{number:,}"


def plural(number: int, noun: str, nouns: str | None = None) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def size(octets: int) -> str:
    """`812 B`, `14 kB`, `3.2 MB`."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 1_000_000:
        return f"{octets / 1000:.0f} kB"
    return f"{octets / 1e6:.1f} MB" if octets < 1e9 else f"{octets / 1e9:.1f} GB"


def age(moment: str | None) -> str:
    """How long ago an API moment was: `12 s`, `5 min`, `3 h`, `12 d`."""
    if not moment:
        return NONE
    seconds = max(0.0, (clock.now() - datetime.fromisoformat(moment)).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(moment: str | None) -> str:
    """How long ago an API moment was, in a sentence."""
    return f"{age(moment)} ago" if moment else "never"


def day(moment: str | None) -> str:
    """The local date of an API moment."""
    return NONE if not moment else f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d}"


def read_duration_ms(text: str) -> float:
    """`250`, `250ms`, `1.5s` or `2m` as milliseconds."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min)?\s*", text)
    if found is None:
        raise WrongUse(f"`{text}` is no duration. Write `250ms`, `1.5s` or `2m`.")
    return float(found[1]) * {"s": 1000, "m": 60_000, "min": 60_000}.get(found[2] or "ms", 1)


def read_moment(text: str) -> str:
    """`30m`, `2h` or `7d` ago, or a date, or a moment in ISO 8601, as the API writes a moment."""
    found = re.fullmatch(r"(\d+)\s*([smhdw])(?:\s*ago)?", text.strip())
    if found is not None:
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[found[2]]
        return clock.iso(clock.now() - timedelta(**{unit: int(found[1])}))
    try:
        return clock.iso(datetime.fromisoformat(text.strip()).astimezone())
    except ValueError as error:
        raise WrongUse(f"`{text}` is no moment. Write `2h`, `7d`, `2026-11-02` or `2026-11-02T08:30`.") from error
