"""A growing text: whatever the cuts, the same is found as in the whole, and nothing leaves too soon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.safety.check import LocalCheck, make_check
from quarterdeck.safety.records import Finding
from quarterdeck.safety.text_window import TextWindow, rewritten

TEXT = (
    "Dear all, please write to ada.lovelace@example.org or call +44 20 7946 0958 before noon. "
    "Her card is 4111 1111 1111 1111 and the account DE89 3704 0044 0532 0130 00; "
    "numbers such as 1234 5678 are harmless. " * 2
) + "The end: bob@example.org"


def check() -> LocalCheck[Any]:
    made = make_check({"kind": "personal_data"})
    assert isinstance(made, LocalCheck)
    return made


def through(text: str, cuts: Sequence[int]) -> tuple[str, list[str]]:
    """What comes out of a window, piece by piece, and what was found."""
    one = check()
    window = TextWindow(one.inspect, one.reach)
    bounds = [0, *sorted(cuts), len(text)]
    found: list[str] = []
    out: list[str] = []
    done = 0
    for start, end in [*pairwise(bounds), (len(text), len(text))]:
        new = window.feed(text[start:end]) if end > start else window.finish()
        found += [words for _, words in new]
        out.append(rewritten(window.findings, done, text[done : window.final]))
        done = window.final
    return "".join(out), found


def whole(text: str) -> tuple[str, list[str]]:
    found = check().inspect(text)
    return rewritten(found, 0, text), [text[one.start : one.end] for one in found]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, len(TEXT) - 1), max_size=60, unique=True))
def test_the_cuts_of_a_stream_change_nothing(cuts: list[int]) -> None:
    assert through(TEXT, cuts) == whole(TEXT)


def test_a_text_that_comes_letter_by_letter_is_read_as_one() -> None:
    assert through(TEXT, range(1, len(TEXT))) == whole(TEXT)


def test_half_a_key_is_held_back_however_long_it_grows() -> None:
    made = make_check({"kind": "secrets"})
    assert isinstance(made, LocalCheck)
    window = TextWindow(made.inspect, made.reach)
    key = "eyJ" + "a9Bk2Lm" * 120 + ".eyJ" + "c7Dp4Qr" * 120 + "." + "e5Fs8Tu" * 40

    for start in range(0, len(key), 50):
        window.feed(key[start : start + 50])
        assert window.final == 0
    found = window.finish()

    assert [finding.label for finding, _ in found] == ["jwt"]


def test_most_of_a_harmless_text_goes_out_at_once() -> None:
    one = check()
    window = TextWindow(one.inspect, one.reach)

    window.feed("word " * 100)

    assert window.final >= 500 - (one.reach or 0)


def test_what_needs_the_whole_text_holds_it_all() -> None:
    window = TextWindow(lambda text: [Finding("x", 0, len(text))], None)

    window.feed("a" * 1000)
    assert window.final == 0
    window.finish()

    assert window.final == 1000


@pytest.mark.parametrize("parts", [["[0123", "456789]"], ["[", "0123456789", "]"]])
def test_a_replacement_stands_where_the_finding_began(parts: list[str]) -> None:
    findings = [Finding("n", 1, 11)]
    out: list[str] = []
    start = 0
    for part in parts:
        out.append(rewritten(findings, start, part))
        start += len(part)

    assert "".join(out) == "[[N]]"
