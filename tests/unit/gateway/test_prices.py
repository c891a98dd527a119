"""What calls cost, exactly, held against the source of the prices itself."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.money import PICO
from quarterdeck.gateway import price_book
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.price_rows import NO_PRICES, PriceBook, PricedModel, PriceList, PriceRow, Rates
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account
from quarterdeck.observability.pricing import TokenUsage

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
OPENAI = Account("openai", "openai")
ANTHROPIC = Account("anthropic", "anthropic")
REAL = Prices(price_book.compile_book())


def invented(*rows: PriceRow) -> Prices:
    model = PricedModel("m-1", {"or": [{"equals": "m-1"}, {"starts_with": "m-1-"}]}, rows)
    return Prices(PriceBook("test", {"openai": PriceList("https://nowhere", (model,))}))


@pytest.mark.parametrize(
    ("account", "seller", "model"),
    [
        (OPENAI, "openai", "gpt-4o"),
        (OPENAI, "openai", "gpt-4o-mini-2024-07-18"),
        (OPENAI, "openai", "gpt-5"),
        (OPENAI, "openai", "o3"),
        (ANTHROPIC, "anthropic", "claude-sonnet-4-5-20250929"),
        (ANTHROPIC, "anthropic", "claude-3-5-haiku-20241022"),
        (Account("groq", "openai-compatible", origin="env:GROQ_API_KEY"), "groq", "llama-3.3-70b-versatile"),
        (Account("deepseek", "openai-compatible", origin="env:DEEPSEEK_API_KEY"), "deepseek", "deepseek-chat"),
        (Account("mine", "openai-compatible", base_url="https://api.mistral.ai/v1"), "mistral", "mistral-large-latest"),
    ],
)
@given(
    fresh=st.integers(0, 400_000),
    read=st.integers(0, 300_000),
    written=st.integers(0, 9000),
    output=st.integers(0, 90_000),
)
def test_our_bill_is_to_the_pico_dollar_what_the_price_list_says(
    account: Account, seller: str, model: str, fresh: int, read: int, written: int, output: int
) -> None:
    usage = Usage(fresh + read + written, output, cache_read_tokens=read, cache_write_tokens=written)
    theirs = genai_prices.Usage(
        input_tokens=usage.input_tokens, output_tokens=output, cache_read_tokens=read, cache_write_tokens=written
    )

    bill = REAL.bill(account, [model], usage, AT)

    expected = genai_prices.calc_price(theirs, model, provider_id=seller, genai_request_timestamp=AT).total_price
    assert bill.cost_pico is not None
    assert Decimal(bill.cost_pico) / PICO == expected


def test_every_price_in_the_source_is_in_our_table() -> None:
    names = set(REAL.book.lists)

    assert {"openai", "anthropic", "groq", "mistral", "google", "openrouter"} <= names
    assert len(REAL.models("openai")) > 20 and len(REAL.models("anthropic")) > 10
    assert {model.kind for model in REAL.models("openai")} == {"chat", "embedding"}


@given(usage=st.builds(Usage, *[st.integers(0, 10**6)] * 6))
def test_buckets_do_not_overlap_whatever_a_provider_claims(usage: Usage) -> None:
    one_for_each = Rates(input=1, output=1, cache_read=1, cache_write=1, cache_write_1h=1, reasoning=1)
    prices = invented(PriceRow(rates=(one_for_each,)))

    bill = prices.bill(OPENAI, ["m-1"], usage, AT)

    cached = usage.cache_read_tokens + usage.cache_write_tokens
    assert bill.cost_pico == max(usage.input_tokens, cached) + usage.output_tokens


def test_an_unknown_price_is_unknown_and_never_nothing() -> None:
    usage = Usage(10, 10)

    for prices, model in ((REAL, "gpt-unheard-of"), (Prices(NO_PRICES), "gpt-4o"), (invented(), "m-1")):
        bill = prices.bill(OPENAI, [model], usage, AT)
        assert bill.unpriced and bill.cost_pico is None


def test_a_bucket_that_has_tokens_but_no_price_makes_the_whole_bill_unknown() -> None:
    prices = invented(PriceRow(rates=(Rates(input=5),)))

    assert prices.bill(OPENAI, ["m-1"], Usage(10, 0), AT).cost_pico == 50
    assert prices.bill(OPENAI, ["m-1"], Usage(10, 1), AT).unpriced


def test_the_price_of_the_day_counts() -> None:
    prices = invented(PriceRow(rates=(Rates(input=10),)), PriceRow(since="2026-06-01", rates=(Rates(input=7),)))

    before = prices.bill(OPENAI, ["m-1"], Usage(1, 0), datetime(2026, 5, 31, 23, 59, tzinfo=UTC))
    after = prices.bill(OPENAI, ["m-1"], Usage(1, 0), datetime(2026, 6, 1, tzinfo=UTC))

    assert (before.cost_pico, after.cost_pico) == (10, 7)
    assert after.price_id == "test:openai/m-1@2026-06-01"


def test_the_price_of_the_hour_counts_also_across_midnight() -> None:
    prices = invented(
        PriceRow(rates=(Rates(input=10),)), PriceRow(hours=("22:30:00", "06:00:00"), rates=(Rates(input=5),))
    )

    def cost(hour: int) -> int | None:
        return prices.bill(OPENAI, ["m-1"], Usage(1, 0), AT.replace(hour=hour)).cost_pico

    assert [cost(hour) for hour in (5, 6, 22, 23)] == [5, 10, 10, 5]


def test_a_long_prompt_pays_the_rate_of_its_size_for_all_its_tokens() -> None:
    prices = invented(PriceRow(rates=(Rates(input=1, output=1), Rates(above=100, input=3, output=2))))

    assert prices.bill(OPENAI, ["m-1"], Usage(100, 1), AT).cost_pico == 101
    assert prices.bill(OPENAI, ["m-1"], Usage(101, 1), AT).cost_pico == 305


def test_a_service_tier_replaces_the_rates_it_names() -> None:
    prices = invented(
        PriceRow(rates=(Rates(input=1, output=1),)), PriceRow(service_tier="priority", rates=(Rates(output=9),))
    )

    assert prices.bill(OPENAI, ["m-1"], Usage(1, 1), AT, "priority").cost_pico == 10
    assert prices.bill(OPENAI, ["m-1"], Usage(1, 1), AT, "default").cost_pico == 2


def test_models_that_run_here_cost_nothing_and_the_bill_says_so() -> None:
    bill = REAL.bill(Account("local", "local", origin="built-in"), ["extractive"], Usage(10, 5), AT)

    assert bill.cost_pico == 0 and not bill.unpriced
    assert bill.price_id == "free:run-here"
    assert [(line.unit, line.quantity, line.cost_pico) for line in bill.lines] == [("input", 10, 0), ("output", 5, 0)]


def test_spans_from_outside_are_priced_by_the_same_table() -> None:
    usage = TokenUsage(input=1000, output=0)

    named = REAL.price("azure.ai.openai", ["gpt-4o"], usage, AT)
    nameless = REAL.price(None, ["gpt-4o"], usage, AT)

    assert named is not None and named.cost_pico == 1000 * 2_500_000
    assert nameless is not None and nameless.cost_pico == 1000 * 2_500_000
    assert REAL.price("openai", ["no-such-model"], usage, AT) is None
