"""Setting limits: by name, for a subject that is there, in amounts and windows that make sense."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from quarterdeck.access import keys
from quarterdeck.access.limits import limits, windows
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.access.limits.records import Window
from quarterdeck.access.limits.rulebook import Asking, Rulebook
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.runtime.work import Work


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ("second", "2026-02-28T23:59:58", "2026-02-28T23:59:59"),
        ("minute", "2026-02-28T23:59:00", "2026-03-01T00:00:00"),
        ("hour", "2026-02-28T23:00:00", "2026-03-01T00:00:00"),
        ("day", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
        ("week", "2026-02-23T00:00:00", "2026-03-02T00:00:00"),
        ("month", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
    ],
)
def test_windows_are_those_of_the_calendar_in_utc(window: Window, start: str, end: str) -> None:
    assert windows.bounds_s(window, second("2026-02-28T23:59:58")) == (second(start), second(end))


def test_december_is_followed_by_january() -> None:
    bounds = windows.bounds_s("month", second("2026-12-31T12:00:00"))

    assert bounds == (second("2026-12-01T00:00:00"), second("2027-01-01T00:00:00"))


async def test_a_limit_is_found_again_as_it_was_set(work: Work) -> None:
    made = await limits.create(work, "month", LimitWish("project", "cost", 12.34, "month", alert_at=(1, 0.5)))

    assert await limits.get(work, "month") == made
    assert (made.amount, made.units, made.alert_at) == (12.34, 12_340_000_000_000, [0.5, 1])
    assert (await limits.all_limits(work)).items == [made]


async def test_one_name_is_one_limit(work: Work) -> None:
    wish = LimitWish("project", "requests", 5, "day")
    made = await limits.create(work, "slow", wish)

    with pytest.raises(Conflict, match="a limit `slow` already"):
        await limits.create(work, "slow", wish)
    put = await limits.put(work, "slow", LimitWish("project", "requests", 9, "day"))

    assert (put.id, put.amount, put.created_at) == (made.id, 9, made.created_at)


async def test_what_counts_something_else_begins_at_nothing(work: Work) -> None:
    made = await limits.create(work, "slow", LimitWish("project", "requests", 5, "day"))

    put = await limits.put(work, "slow", LimitWish("project", "tokens", 5, "day"))

    assert put.id != made.id


async def test_a_key_is_named_by_its_name_or_its_id(work: Work) -> None:
    key = (await keys.create(work, "bot")).key

    by_name = await limits.create(work, "a", LimitWish("key", "requests", 5, "day", "bot"))
    by_id = await limits.create(work, "b", LimitWish("key", "requests", 5, "day", key.id))

    assert by_name.subject_id == by_id.subject_id == key.id
    with pytest.raises(NotFound, match="No single key is called `nobody`"):
        await limits.create(work, "c", LimitWish("key", "requests", 5, "day", "nobody"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"amount": -1}, "not below 0"),
        ({"amount": float("nan")}, "must be a number"),
        ({"amount": 1.5}, "whole numbers"),
        ({"metric": "cost", "amount": 6_000_000}, "at most"),
        ({"window": None}, "Say in which `window`"),
        ({"metric": "concurrency"}, "has no window"),
        ({"subject": "team"}, "Say which team"),
        ({"subject_id": "another"}, "concerns the project it is made in"),
        ({"alert_at": (0.0,)}, "shares above 0"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(work: Work, wrong: dict[str, Any], said: str) -> None:
    wish: dict[str, Any] = {"subject": "project", "metric": "requests", "amount": 5, "window": "day", **wrong}

    with pytest.raises(InvalidInput, match=said):
        await limits.create(work, "slow", LimitWish(**wish))


async def test_a_request_falls_under_a_limit_once_even_with_two_of_its_tags(work: Work) -> None:
    shared = await limits.create(work, "a", LimitWish("tag", "requests", 5, "day", "team-*"))
    each = await limits.create(work, "b", LimitWish("tag", "requests", 5, "day", "team-*", each=True))
    rules = Rulebook([(work.project_id, "default", shared), (work.project_id, "default", each)]).projects[
        work.project_id
    ]

    found = rules.concerning(Asking(work.project_id, tags=("team-x", "other", "team-y")))

    assert [(rule.limit.name, value) for rule, value in found] == [("a", "team-x"), ("b", "team-x"), ("b", "team-y")]


async def test_a_limit_that_is_off_limits_nothing(work: Work) -> None:
    limit = await limits.create(work, "a", LimitWish("project", "requests", 0, "day", enabled=False))

    assert Rulebook([(work.project_id, "default", limit)]).projects == {}
