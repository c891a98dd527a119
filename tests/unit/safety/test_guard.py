"""The guard shows what is supported, mends citations and holds back the rest, while the answer streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quarterdeck.safety.guard import Guard
from quarterdeck.safety.sentence_window import SentenceWindow

PASSAGES = [
    "A full-time employee has 25 days of paid annual leave in each calendar year. Ask in Mooring, our HR system.",
    "There is no general or automatic raise. The budget for the 2026 review is 3.8 % of total payroll.",
]


def guarded(text: str, *, size: int = 7) -> tuple[str, Guard]:
    guard = Guard(PASSAGES)
    shown = "".join(part for start in range(0, len(text), size) for part in guard.feed(text[start : start + size]))
    return shown + "".join(guard.flush()), guard


def test_a_supported_and_rightly_cited_answer_is_shown_as_it_is() -> None:
    text = "You have 25 days of paid annual leave in each calendar year [1]. There is no general raise [2]."

    shown, guard = guarded(text)

    assert shown == text
    assert [verdict.outcome for verdict in guard.verdicts] == ["passed", "passed"]
    assert guard.cited == [1, 2]


def test_a_missing_citation_is_added() -> None:
    shown, guard = guarded("You have 25 days of paid annual leave in each year. There is no automatic raise.")

    assert shown == "You have 25 days of paid annual leave in each year. [1] There is no automatic raise. [2]"
    assert {verdict.outcome for verdict in guard.verdicts} == {"corrected"}


@pytest.mark.parametrize("wrong", ["[2]", "[9]", "[0]", "【2】"])
def test_a_wrong_citation_is_mended(wrong: str) -> None:
    shown, guard = guarded(f"A full-time employee has 25 days of paid annual leave. {wrong}")

    assert shown == "A full-time employee has 25 days of paid annual leave. [1]"
    assert guard.verdicts[0].outcome == "corrected"


def test_an_unsupported_sentence_is_withheld_and_the_verdict_says_why() -> None:
    shown, guard = guarded(
        "You have 25 days of paid annual leave. [1] Everyone gets a raise of 20 % in May. [2] There is no general raise. [2]"
    )

    assert shown == "You have 25 days of paid annual leave. [1] There is no general raise. [2]"
    assert [verdict.outcome for verdict in guard.verdicts] == ["passed", "withheld", "passed"]
    assert "`20 %` is not in the passages" in guard.verdicts[1].problems


def test_bullets_go_with_their_sentences() -> None:
    shown, _ = guarded(
        "- A full-time employee has 25 days of paid annual leave. [1]\n- Dogs may sleep under any desk.\n- Ask in Mooring, our HR system. [1]\n"
    )

    assert shown == "- A full-time employee has 25 days of paid annual leave. [1]\n- Ask in Mooring, our HR system. [1]"


def test_words_that_claim_nothing_accompany_others_but_never_stand_alone() -> None:
    with_claim, _ = guarded("Sure! You have 25 days of paid annual leave. [1]")
    alone, guard = guarded("Sure! Everyone gets a free boat and a private island.")

    assert with_claim == "Sure! You have 25 days of paid annual leave. [1]"
    assert alone == ""
    assert not guard.supported


@pytest.mark.parametrize(
    "sentence",
    [
        "I could not find this in the handbook.",
        "The passages do not mention share options.",
        "There is no information about dogs in the documents.",
        "I don't know whether the canteen is open.",
    ],
)
def test_saying_that_the_passages_do_not_answer_is_shown_and_known_as_declining(sentence: str) -> None:
    shown, guard = guarded(sentence)

    assert shown == sentence
    assert guard.declined


def test_sentences_are_shown_before_the_answer_has_ended() -> None:
    guard = Guard(PASSAGES)

    shown = "".join(guard.feed("A full-time employee has 25 days of paid annual leave. [1] There is"))

    assert shown.strip() == "A full-time employee has 25 days of paid annual leave. [1]"


@given(
    some.lists(
        some.sampled_from(
            ["One. ", "Two [1].", " Three", "\n- four? ", "e.g. five", "\n```\ncode. x\n```\n", "[2]", " "]
        ),
        max_size=12,
    )
)
def test_the_cuts_of_a_stream_join_to_the_stream_however_it_comes(parts: list[str]) -> None:
    window = SentenceWindow()

    cuts = [cut for part in parts for cut in window.feed(part)] + window.flush()

    assert "".join(cut.before + cut.text for cut in cuts) == "".join(parts)
