"""What of a call is paid at which price: every token once, in the one bucket that is its own."""

from __future__ import annotations

from typing import NamedTuple

from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.price_rows import Rates


class Bucket(NamedTuple):
    """So many of one unit; a price of None means that nobody knows it."""

    unit: str
    quantity: int
    price_pico: int | None


def buckets(usage: Usage, rates: Rates) -> list[Bucket]:
    """The buckets of a call, without empty ones. They do not overlap, whatever a provider claims."""
    found = [*_read_and_written(usage, rates), *_fresh(usage, rates), *_said(usage, rates)]
    if rates.request is not None:
        found.append(Bucket("request", 1, rates.request))
    found += [Bucket(unit, count, getattr(rates, unit, None)) for unit, count in usage.units]
    return [bucket for bucket in found if bucket.quantity]


def _fresh(usage: Usage, rates: Rates) -> list[Bucket]:
    """The input that no cache had, by what it is: text is what is left."""
    left = max(0, usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens)
    parts = []
    for unit, count, price in (
        ("audio_input", usage.audio_input_tokens - usage.audio_cache_read_tokens, rates.audio_input),
        ("image_input", usage.image_input_tokens - usage.image_cache_read_tokens, rates.image_input),
        ("video_input", usage.video_input_tokens, rates.video_input),
    ):
        if price is not None and count > 0:
            taken = min(count, left)
            parts.append(Bucket(unit, taken, price))
            left -= taken
    return [Bucket("input", left, rates.input), *parts]


def _read_and_written(usage: Usage, rates: Rates) -> list[Bucket]:
    read_price = _or(rates.cache_read, rates.input)
    left, parts = usage.cache_read_tokens, []
    for unit, count, price in (
        ("audio_cache_read", usage.audio_cache_read_tokens, rates.audio_cache_read),
        ("image_cache_read", usage.image_cache_read_tokens, rates.image_cache_read),
    ):
        if price is not None and count > 0:
            taken = min(count, left)
            parts.append(Bucket(unit, taken, price))
            left -= taken
    hour = min(usage.cache_write_1h_tokens, usage.cache_write_tokens)
    write_price = _or(rates.cache_write, rates.input)
    return [
        Bucket("cache_read", left, read_price),
        *parts,
        Bucket("cache_write", usage.cache_write_tokens - hour, write_price),
        Bucket("cache_write_1h", hour, _or(rates.cache_write_1h, write_price)),
    ]


def _said(usage: Usage, rates: Rates) -> list[Bucket]:
    """The output, by what it is: text is what is left."""
    left, parts = usage.output_tokens, []
    for unit, count, price in (
        ("audio_output", usage.audio_output_tokens, rates.audio_output),
        ("image_output", usage.image_output_tokens, rates.image_output),
        ("reasoning", usage.reasoning_tokens, rates.reasoning),
    ):
        if price is not None and count > 0:
            taken = min(count, left)
            parts.append(Bucket(unit, taken, price))
            left -= taken
    return [Bucket("output", left, rates.output), *parts]


def _or(price: int | None, otherwise: int | None) -> int | None:
    return otherwise if price is None else price
