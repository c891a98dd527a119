"""The shared words: ids that sort, moments that compare as text, cursors nobody can forge, errors that know themselves."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quarterdeck.core import clock, errors, ids
from quarterdeck.core.errors import InvalidInput, QuarterdeckError
from quarterdeck.core.events import Event, Events
from quarterdeck.core.hashing import content_hash
from quarterdeck.core.money import to_pico, to_usd
from quarterdeck.core.paging import decode_cursor, encode_cursor


def test_ids_sort_by_the_time_they_were_made() -> None:
    def in_a_later_millisecond() -> str:
        last = clock.now_ns() // 1_000_000
        while clock.now_ns() // 1_000_000 == last:
            pass
        return ids.new_id("key")

    made = [in_a_later_millisecond() for _ in range(5)]

    assert made == sorted(made)
    assert all(name.startswith("key_") and len(name) == 30 for name in made)


def test_a_thousand_ids_are_a_thousand_ids() -> None:
    assert len({ids.new_id("x") for _ in range(1000)}) == 1000


@given(some.lists(some.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), min_size=2))  # noqa: DTZ001
def test_moments_sort_as_texts_as_they_do_in_time(moments: list[datetime]) -> None:
    aware = [moment.replace(tzinfo=UTC) for moment in moments]

    assert [clock.iso(moment) for moment in sorted(aware)] == sorted(clock.iso(moment) for moment in aware)


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    moment = datetime(2026, 11, 2, 9, 30, tzinfo=timezone(timedelta(hours=1)))

    assert clock.iso(moment) == "2026-11-02T08:30:00.000000Z"


@given(some.lists(some.one_of(some.text(), some.integers()), min_size=1))
def test_a_cursor_gives_back_its_key(key: list[str | int]) -> None:
    assert decode_cursor(encode_cursor(*key)) == key


@pytest.mark.parametrize("forged", ["", "x", "????", "bm90IGpzb24", "eyJhIjoxfQ", "é"])
def test_a_cursor_we_did_not_make_is_refused_by_name(forged: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decode_cursor(forged)

    assert refusal.value.param == "cursor"


def test_a_million_tiny_prices_add_up_to_the_cent() -> None:
    price = to_pico("0.15") // 1_000_000

    assert to_usd(price * 1_000_000) == 0.15
    assert to_usd(None) is None


def test_a_content_address_does_not_depend_on_the_order_of_keys() -> None:
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    assert content_hash({"b": [1, 2]}) != content_hash({"b": [2, 1]})


def test_every_error_has_a_status_a_code_and_something_to_say() -> None:
    known = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, QuarterdeckError)]

    for kind in known:
        error = kind()
        assert 400 <= error.status < 600
        assert error.code.replace("_", "").isalpha()
        assert error.message.endswith(".")


async def test_an_event_is_heard_in_order_before_publishing_ends_and_errors_are_not_swallowed() -> None:
    class Happened(Event):
        pass

    heard: list[str] = []
    events = Events()

    async def first(_event: Happened) -> None:
        heard.append("first")

    async def second(_event: Happened) -> None:
        heard.append("second")
        raise ValueError("second subscriber")

    events.subscribe(Happened, first)
    events.subscribe(Happened, second)

    with pytest.raises(ValueError, match="second subscriber"):
        await events.publish(Happened())

    assert heard == ["first", "second"]
