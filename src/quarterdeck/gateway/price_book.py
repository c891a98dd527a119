"""Where the price table comes from: `genai-prices`, compiled once in a process of its own and kept in the data folder.

Importing that package costs a second and much memory, so the server never does.
`python -m quarterdeck.gateway.price_book FILE` is the process that does.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.core import ids
from quarterdeck.core.money import to_pico
from quarterdeck.gateway.price_rows import PriceBook, PricedModel, PriceList, PriceRow, Rates

log = logging.getLogger(__name__)

_FORMAT = 3
_COMPILER_TIMEOUT_S = 60.0
_MILLION, _THOUSAND, _HOUR = 1_000_000, 1000, 3600
_UNITS: Mapping[str, tuple[str, int]] = {
    "input_mtok": ("input", _MILLION),
    "output_mtok": ("output", _MILLION),
    "cache_read_mtok": ("cache_read", _MILLION),
    "cache_write_mtok": ("cache_write", _MILLION),
    "cache_write_1h_mtok": ("cache_write_1h", _MILLION),
    "output_reasoning_mtok": ("reasoning", _MILLION),
    "input_audio_mtok": ("audio_input", _MILLION),
    "input_image_mtok": ("image_input", _MILLION),
    "input_video_mtok": ("video_input", _MILLION),
    "output_audio_mtok": ("audio_output", _MILLION),
    "output_image_mtok": ("image_output", _MILLION),
    "cache_audio_read_mtok": ("audio_cache_read", _MILLION),
    "cache_image_read_mtok": ("image_cache_read", _MILLION),
    "output_citation_mtok": ("citation", _MILLION),
    "input_mchars": ("character", _MILLION),
    "requests_kcount": ("request", _THOUSAND),
    "web_searches_kcount": ("search", _THOUSAND),
    "input_document_kpages": ("page", _THOUSAND),
    "audio_hours": ("audio_second", _HOUR),
}
"""Our name of each unit, and how many of ours are one of theirs."""
_TIERS = {"processing": "batch", "speed": "fast"}
"""Variants that are no service tiers in the list's words, but are in ours."""


async def price_book(home: Path) -> PriceBook:
    """The price table of the installed `genai-prices`; compiled when this data folder does not have it yet."""
    path = path_in(home)
    book = await asyncio.to_thread(_read, path)
    if book is None:
        compiler = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, str(path), stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(_COMPILER_TIMEOUT_S):
                _, said = await compiler.communicate()
        except BaseException:
            compiler.kill()
            await compiler.wait()
            raise
        book = await asyncio.to_thread(_read, path)
        if book is None:
            raise RuntimeError(f"The price table could not be compiled: {said.decode(errors='replace').strip()}")
    return book


def path_in(home: Path) -> Path:
    """Where a data folder keeps the table of the installed edition."""
    return home / f"prices-{version('genai-prices')}-{_FORMAT}.json"


def compile_book() -> PriceBook:
    """All prices of `genai-prices`, in pico-dollars a piece."""
    from genai_prices.data import providers

    return PriceBook(
        edition=f"genai-prices-{version('genai-prices')}",
        lists={
            provider.id: PriceList(
                url_pattern=provider.api_pattern,
                models=tuple(PricedModel(m.id, _clause(m.match), _rows(m)) for m in provider.models),
                resells=tuple(provider.fallback_model_providers or ()),
            )
            for provider in providers
        },
    )


def _read(path: Path) -> PriceBook | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PriceBook)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


# Any, below: objects of `genai-prices`, which is imported in the compiling process only.


def _rows(model: Any) -> tuple[PriceRow, ...]:
    standard = model.prices if isinstance(model.prices, list) else [None]
    rows = []
    for conditional in standard:
        prices = model.prices if conditional is None else conditional.prices
        rows.append(_row(prices, None if conditional is None else conditional.constraint, None))
    rows += [
        _row(variant.prices, variant.constraint, tier)
        for variant in model.price_variants or ()
        if (tier := _tier(variant.when)) is not None
    ]
    return tuple(row for row in rows if row.rates)


def _tier(when: Mapping[str, str]) -> str | None:
    if len(when) != 1:
        return None
    ((chosen_by, value),) = when.items()
    if chosen_by == "service_tier":
        return value
    return value if _TIERS.get(chosen_by) == value else None


def _row(prices: Any, constraint: Any, service_tier: str | None) -> PriceRow:
    since = getattr(constraint, "start_date", None)
    start = getattr(constraint, "start_time", None)
    hours = (
        (start.replace(tzinfo=None).isoformat(), constraint.end_time.replace(tzinfo=None).isoformat())
        if start
        else None
    )
    return PriceRow(
        since=since.isoformat() if since else None, hours=hours, service_tier=service_tier, rates=_rates(prices)
    )


def _rates(prices: Any) -> tuple[Rates, ...]:
    said = {unit: price for unit, price in vars(prices).items() if unit in _UNITS and price is not None}
    if not said:
        return ()
    starts = sorted({0, *(tier.start for price in said.values() for tier in getattr(price, "tiers", ()))})
    return tuple(
        Rates(above=start, **dict(_pico(unit, _at(price, start)) for unit, price in said.items())) for start in starts
    )


def _at(price: Any, start: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    held: Decimal = price.base
    for tier in price.tiers:
        held = tier.price if tier.start <= start and start else held
    return held


def _pico(unit: str, usd: Decimal) -> tuple[str, int]:
    ours, so_many = _UNITS[unit]
    return ours, to_pico(usd / so_many)


def _clause(clause: Any) -> dict[str, Any]:
    ((name, value),) = vars(clause).items()
    name = name.rstrip("_")
    return {name: [_clause(inner) for inner in value] if isinstance(value, list) else value}


def main(path: Path) -> None:
    """Compile into `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(ids.new_id("prices"))
    draft.write_bytes(msgspec.json.encode(compile_book()))
    draft.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
