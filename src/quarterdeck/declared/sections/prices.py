"""Declared prices: overrides of the price lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from decimal import Decimal

from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.gateway.money import pricing
from quarterdeck.gateway.money.records import PricesChanged, PriceStep, PriceWish, ShownPrice
from quarterdeck.runtime.work import Work


class SetPrices(Section):
    """Prices that were set for this project. They have no name of their own: what they are for is one."""

    key = "prices"
    kind = "price"
    changed = PricesChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        # Oldest first: of two for the same, the newer one holds.
        return {name_of(_fields(one)): Standing(one.owner or "ui", _fields(one)) for one in await _set(work)}

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        return {name: normal(fields) for name, fields in declared.items()}

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        await self._withdraw(work, name, owner)
        wish = PriceWish(
            provider=fields["provider"],
            model=fields["model"],
            prices=_decimal(fields["prices"]),
            above=[PriceStep(step["tokens"], _decimal(step["prices"])) for step in fields["above"]],
            since=fields["since"],
            hours=None if fields["hours"] is None else (fields["hours"][0], fields["hours"][1]),
            service_tier=fields["service_tier"],
            note=fields["note"],
        )
        await pricing.set_price(work, wish, owner=owner)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await self._withdraw(work, name, owner)

    async def _withdraw(self, work: Work, name: str, owner: str) -> None:
        for one in await _set(work):
            if name_of(_fields(one)) == name:
                await pricing.withdraw(work, one.id, owner=owner)


def name_of(fields: Fields) -> str:
    """What a price is for."""
    found = f"{fields['provider']}/{fields['model']}"
    for word, value in (("since", fields["since"]), ("tier", fields["service_tier"])):
        found += f" {word} {value}" if value else ""
    return found + (f" from {fields['hours'][0]} to {fields['hours'][1]}" if fields["hours"] else "")


def normal(fields: Fields) -> Fields:
    """A declared price in the words of one that was set."""
    hours = fields["hours"]
    return {
        **fields,
        "prices": {unit: float(usd) for unit, usd in fields["prices"].items()},
        "above": [
            {"tokens": step["tokens"], "prices": {unit: float(usd) for unit, usd in step["prices"].items()}}
            for step in sorted(fields["above"], key=lambda step: int(step["tokens"]))
        ],
        "hours": None if hours is None else [_clock_time(hours[0]), _clock_time(hours[1])],
        "note": fields["note"].strip(),
    }


async def _set(work: Work) -> list[ShownPrice]:
    found = (await pricing.history(work)).items
    return [one for one in reversed(found) if not one.everywhere and one.withdrawn_at is None]


def _fields(price: ShownPrice) -> Fields:
    return {
        "provider": price.provider,
        "model": price.model,
        "prices": dict(price.prices),
        "above": [{"tokens": step.tokens, "prices": dict(step.prices)} for step in price.above],
        "since": price.since,
        "hours": None if price.hours is None else list(price.hours),
        "service_tier": price.service_tier,
        "note": price.note,
    }


def _decimal(prices: Mapping[str, object]) -> dict[str, Decimal]:
    return {unit: Decimal(str(usd)) for unit, usd in prices.items()}


def _clock_time(text: str) -> str:
    try:
        return time.fromisoformat(text).replace(tzinfo=None, microsecond=0).isoformat()
    except ValueError:
        return text  # refused when it is set, with the reason
