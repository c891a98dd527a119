"""Numbers, durations and moments as people write and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.quantities import age, ago, duration, money, read_duration_ms, read_moment, size
from quarterdeck.core import clock


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0.04, "0.0 ms"),
        (9.94, "9.9 ms"),
        (212.4, "212 ms"),
        (999.7, "1.00 s"),
        (4830, "4.83 s"),
        (200_000, "3 min 20 s"),
    ],
)
def test_durations_have_the_unit_that_fits(milliseconds: float, said: str) -> None:
    assert duration(milliseconds) == said


@pytest.mark.parametrize(
    ("usd", "said"),
    [(0, "$0"), (0.0000002, "<$0.0001"), (0.0191, "$0.0191"), (1.5, "$1.50"), (1234.5, "$1,234.50"), (None, "–")],
)
def test_money_is_never_scientific(usd: float | None, said: str) -> None:
    assert money(usd) == said


def test_an_unknown_price_is_said_and_not_shown_as_nothing() -> None:
    assert money(None, unpriced=True) == "no price"
    assert money(0, unpriced=True) == "no price"
    assert money(0.02, unpriced=True) == "$0.0200"


@pytest.mark.parametrize(
    ("octets", "said"), [(12, "12 B"), (14_200, "14 kB"), (3_200_000, "3.2 MB"), (12_300_000_000, "12.3 GB")]
)
def test_sizes_have_the_unit_that_fits(octets: int, said: str) -> None:
    assert size(octets) == said


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=12), "12 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=12), "12 d"),
    ],
)
def test_an_age_has_the_unit_that_fits_and_is_never_negative(since: timedelta, said: str) -> None:
    moment = clock.iso(clock.now() - since)

    assert age(moment) == said
    assert ago(moment) == f"{said} ago"


def test_what_never_happened_is_said_so() -> None:
    assert age(None) == "–"
    assert ago(None) == "never"


@pytest.mark.parametrize(("text", "milliseconds"), [("250", 250), ("250ms", 250), ("1.5s", 1500), ("2m", 120_000)])
def test_a_duration_is_read_with_or_without_its_unit(text: str, milliseconds: float) -> None:
    assert read_duration_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["soon", "-3s", "3h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        read_duration_ms(text)


def test_a_moment_is_read_as_a_distance_or_in_iso() -> None:
    two_hours_ago = clock.iso(clock.now() - timedelta(hours=2))

    assert abs(_seconds(read_moment("2h")) - _seconds(two_hours_ago)) < 5
    assert read_moment("2026-11-02T08:30:00Z") == "2026-11-02T08:30:00.000000Z"


@pytest.mark.parametrize("text", ["yesterday-ish", "2y", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        read_moment(text)


def _seconds(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()
