"""Numbers that mean the same compare equal, however they are written."""

from __future__ import annotations

import pytest

from quarterdeck.core.quantities import quantities, values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two weeks", "2 weeks"),
        ("$1,500", "USD 1500"),
        ("$1.5 million", "1,500,000 dollars"),
        ("20 %", "twenty percent"),
        ("31 March", "March 31st"),
        ("5 p.m.", "17:00"),
        ("twenty-five working days", "25 days"),
        ("2026-06-30", "June 30, 2026"),
    ],
)
def test_equal_quantities_have_equal_values(one: str, other: str) -> None:
    assert [(q.kind, q.value) for q in quantities(one)] == [(q.kind, q.value) for q in quantities(other)]
    assert quantities(one)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("at most 10 hours in seven days", ["duration", "duration"]),
        ("NOK 4,200 or CAD 550 a week", ["money", "money"]),
        ("between 21:00 and 06:00 on 1 May 2026", ["time", "time", "date"]),
        ("you may 5 times; one of us", ["number"]),
        ("in 2026, 12 % of 40 people", ["year", "percent", "number"]),
        ("on the 20th, for the 3rd time", ["ordinal", "ordinal"]),
        ("nothing to count", []),
    ],
)
def test_each_quantity_knows_what_it_counts(text: str, kinds: list[str]) -> None:
    assert [quantity.kind for quantity in quantities(text)] == kinds


def test_values_forget_units_so_that_a_repeated_number_is_not_new() -> None:
    assert values("Up to 5 days, by 31 March, 12 %") == {"5", "31", "3", "12"}
