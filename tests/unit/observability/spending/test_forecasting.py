"""Where a month will end: honest about what it stands on."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from quarterdeck.observability.spending.forecasting import foresee
from quarterdeck.observability.spending.reporting import month_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def spent(*usd: float, until: datetime = NOW) -> dict[int, float]:
    """What each of the last days has cost, the last one being yesterday."""
    return {
        int((until - timedelta(days=len(usd) - index)).timestamp()) * 10**9: amount for index, amount in enumerate(usd)
    }


def test_steady_spending_goes_on_steadily() -> None:
    forecast = foresee(spent(*[10.0] * 30), NOW)

    assert forecast.month == "2026-11"
    assert forecast.spent_usd == 200  # the 1st to the 20th
    assert forecast.expected_usd == forecast.low_usd == forecast.high_usd == 300
    assert forecast.days_used == 28


def test_too_little_history_says_so_and_nothing_else() -> None:
    for history in ({}, spent(5.0, 5.0)):
        forecast = foresee(history, NOW)

        assert forecast.expected_usd is None and forecast.low_usd is None
        assert "3 are needed" in forecast.says


def test_days_on_which_nothing_was_called_count_as_nothing() -> None:
    history = spent(*[7.0, 0, 0, 0, 0, 0, 0] * 2)
    history = {at: usd for at, usd in history.items() if usd}

    assert foresee(history, NOW).days_used == 14
    assert foresee(history, NOW).expected_usd == pytest.approx(14 + 10 * 1.0)


def test_the_interval_never_promises_less_than_what_is_spent_already() -> None:
    forecast = foresee(spent(0, 0, 0, 0, 0, 100), NOW)

    assert forecast.low_usd is not None and forecast.low_usd >= forecast.spent_usd


def test_four_of_five_months_end_within_the_interval() -> None:
    chance, within = random.Random(7), 0
    for _ in range(1000):
        days = [chance.lognormvariate(2, 0.5) for _ in range(28 + 10)]
        forecast = foresee(spent(*days[:28]), NOW)
        assert forecast.low_usd is not None and forecast.high_usd is not None
        end = sum(days[8:])  # this month has 20 days behind it and 10 before it
        within += forecast.low_usd <= end <= forecast.high_usd

    assert 0.76 <= within / 1000 <= 0.84


def test_a_month_ends_where_the_next_begins() -> None:
    assert month_of(datetime(2026, 12, 31, 23, tzinfo=UTC)) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
