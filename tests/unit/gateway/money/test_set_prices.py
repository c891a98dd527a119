"""Prices that somebody sets: they win from their date on, are never changed, and belong to their project."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from quarterdeck.core.errors import InvalidInput, NotAllowed, NotFound
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.money import pricing
from quarterdeck.gateway.money.records import PriceStep, PriceWish
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account
from quarterdeck.runtime.work import Work

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
OPENAI = Account("openai", "openai")


def wish(model: str = "gpt-4o-mini", **fields: Any) -> PriceWish:
    prices = fields.pop("prices", {"input": Decimal("0.10"), "output": Decimal("0.40")})
    return PriceWish(**{"provider": "openai", "model": model, "prices": prices, **fields})


def cost(work: Work, usage: Usage = Usage(1_000_000, 0), at: datetime = AT, **options: Any) -> int | None:  # noqa: B008
    bill = work.part(Prices).bill(OPENAI, ["gpt-4o-mini"], usage, at, project_id=work.project_id, **options)
    return bill.cost_pico


async def test_a_set_price_wins_from_its_date_on_and_the_price_list_before(work: Work) -> None:
    listed = cost(work)

    set_ = await pricing.set_price(work, wish(since="2026-11-01"))

    assert listed == 150_000_000_000
    assert cost(work) == 100_000_000_000
    assert cost(work, at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC)) == listed
    bill = work.part(Prices).bill(OPENAI, ["gpt-4o-mini"], Usage(1, 0), AT, project_id=work.project_id)
    assert bill.price_id == f"set:{set_.id}@2026-11-01"


async def test_a_pattern_means_all_models_that_fit_and_may_name_a_provider_nobody_has_prices_for(work: Work) -> None:
    await pricing.set_price(work, wish("house-*", provider="*", prices={"input": Decimal(1), "output": Decimal(0)}))

    bill = work.part(Prices).bill(
        Account("ours", "openai-compatible", "http://gpu"), ["house-7b"], Usage(3, 9), AT, project_id=work.project_id
    )

    assert bill.cost_pico == 3_000_000


async def test_the_newer_row_wins_and_a_withdrawn_one_gives_way_to_what_was_before(work: Work) -> None:
    await pricing.set_price(work, wish())
    newer = await pricing.set_price(work, wish(prices={"input": Decimal("0.05"), "output": Decimal(1)}))
    with_newer = cost(work)

    await pricing.withdraw(work, newer.id)
    await pricing.withdraw(work, newer.id)

    assert (with_newer, cost(work)) == (50_000_000_000, 100_000_000_000)
    kept = await pricing.history(work)
    assert kept.intact
    assert [(one.id == newer.id, one.withdrawn_by is not None) for one in kept.items] == [(True, True), (False, False)]


async def test_steps_tiers_and_units_are_priced_as_set(work: Work) -> None:
    await pricing.set_price(
        work,
        wish(
            prices={"input": Decimal(1), "output": Decimal(2), "search": Decimal("0.01")},
            above=[PriceStep(200_000, {"input": Decimal(2), "output": Decimal(3)})],
        ),
    )
    await pricing.set_price(work, wish(service_tier="batch", prices={"input": Decimal("0.25")}))

    assert cost(work, Usage(100, 10, units=(("search", 2),))) == 100 * 10**6 + 10 * 2 * 10**6 + 2 * 10**10
    assert cost(work, Usage(200_001, 0)) == 200_001 * 2 * 10**6
    assert cost(work, Usage(100, 10), service_tier="batch") == 100 * 250_000 + 10 * 2 * 10**6


async def test_a_set_price_without_a_batch_price_is_halved_where_the_seller_halves(work: Work) -> None:
    await pricing.set_price(work, wish())

    assert cost(work, service_tier="batch") == 50_000_000_000


async def test_a_price_of_one_project_is_not_another_ones_and_only_the_administrator_sets_one_for_all(
    work: Work,
) -> None:
    elsewhere = replace(work, actor=replace(work.actor, project_id="prj_other"))
    key = replace(work, actor=replace(work.actor, kind="key"))
    mine = await pricing.set_price(work, wish())

    assert cost(elsewhere) == 150_000_000_000
    with pytest.raises(NotFound):
        await pricing.withdraw(elsewhere, mine.id)
    assert (await pricing.history(elsewhere)).items == []
    with pytest.raises(NotAllowed):
        await pricing.set_price(key, wish(everywhere=True))
    for_all = await pricing.set_price(work, wish(everywhere=True, prices={"input": Decimal("0.01")}))
    assert (cost(elsewhere), cost(work)) == (10_000_000_000, 100_000_000_000)
    with pytest.raises(NotAllowed):
        await pricing.withdraw(key, for_all.id)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"prices": {}}, "`prices` is empty"),
        ({"prices": {"words": Decimal(1)}}, "Nothing is paid by `words`"),
        ({"prices": {"input": Decimal(-1)}}, "an amount in US dollars"),
        ({"prices": {"input": Decimal("NaN")}}, "an amount in US dollars"),
        ({"since": "tomorrow"}, "a day such as"),
        ({"hours": ("25:00", "1:00")}, "no time of day"),
        ({"provider": " "}, "`provider` is a name or a pattern"),
        ({"service_tier": "Very Fast"}, "is no tier"),
        ({"above": [PriceStep(0, {"input": Decimal(1)})]}, "a number of tokens of its own"),
    ],
)
async def test_a_price_that_makes_no_sense_is_refused_with_what_would(
    work: Work, changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        await pricing.set_price(work, wish(**changed))

    assert (await pricing.history(work)).items == []


async def test_a_row_that_was_changed_by_hand_shows(work: Work) -> None:
    await pricing.set_price(work, wish())
    await pricing.set_price(work, wish("other"))

    with sqlite3.connect(work.runtime.home / "quarterdeck.db") as database:
        database.execute("UPDATE set_prices SET note = 'cheaper' WHERE number = 1")

    assert not (await pricing.history(work)).intact


async def test_one_model_is_shown_with_what_holds_now_and_every_row_about_it(work: Work) -> None:
    before = await pricing.of_model(work, "openai", "gpt-4o-mini")
    mine = await pricing.set_price(work, wish(note="our contract"))

    now = await pricing.of_model(work, "openai", "gpt-4o-mini")
    unknown = await pricing.of_model(work, "openai", "no-such-model")

    assert before.priced and before.prices["input"] == 0.15
    assert (now.price_id, now.prices["output"]) == (f"set:{mine.id}", 0.4)
    assert [row.source for row in now.rows][:2] == ["set", "list"]
    assert not unknown.priced and unknown.rows == []


async def test_prices_are_found_by_a_part_of_their_name_those_that_were_set_first(work: Work) -> None:
    await pricing.set_price(work, wish())

    found = await pricing.find(work, "openai/gpt-4o-mini", limit=5)
    only_set = await pricing.find(work, only_set=True)

    assert found.items[0].source == "set" and {one.source for one in found.items[1:]} == {"list"}
    assert [one.model for one in only_set.items] == ["gpt-4o-mini"]


async def test_what_is_set_holds_after_a_restart_of_the_table(work: Work) -> None:
    await pricing.set_price(work, wish())
    work.runtime.part(Prices).overrides = type(work.runtime.part(Prices).overrides)()

    await pricing.keep_fresh(work.runtime)

    assert cost(work) == 100_000_000_000
