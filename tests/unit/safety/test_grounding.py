"""Supported sentences score high, and the evidence is named; invented ones are told apart, and why."""

from __future__ import annotations

import pytest

from quarterdeck.safety.grounding import ENOUGH, Passages

LEAVE = "A full-time employee has 25 days of paid annual leave. After five years of service this becomes 27 days."
PAY = "There is no general or automatic raise.\n\n| Office | Pay day |\n| --- | --- |\n| Bergen | the 20th |\n| Halifax | the 15th |"


@pytest.fixture
def passages() -> Passages:
    return Passages([LEAVE, PAY])


@pytest.mark.parametrize(
    ("sentence", "n"),
    [
        ("A full-time employee has 25 days of paid annual leave.", 1),
        ("Full-time employees have 25 days of annual leave.", 1),
        ("There is no automatic raise.", 2),
        ("Office: Bergen; Pay day: the 20th.", 2),
        ("After 5 years of service you have 27 days.", 1),
    ],
)
def test_a_sentence_that_the_passages_say_is_supported_by_the_right_one(
    passages: Passages, sentence: str, n: int
) -> None:
    support = passages.support(sentence)

    assert support.score >= ENOUGH
    assert (support.n, support.problems) == (n, ())


def test_the_evidence_is_the_sentence_of_the_source_that_is_nearest(passages: Passages) -> None:
    support = passages.support("After five years it becomes 27 days.")

    assert support.evidence == "After five years of service this becomes 27 days."


@pytest.mark.parametrize(
    "sentence",
    [
        "Dogs are welcome in every meeting room of the building.",
        "The canteen serves breakfast until ten.",
    ],
)
def test_a_sentence_about_something_else_is_not_supported(passages: Passages, sentence: str) -> None:
    assert passages.support(sentence).score < ENOUGH


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("A full-time employee has 35 days of paid annual leave.", "`35 days` is not in the passages"),
        ("There is a general raise of 20 %.", "`20 %` is not in the passages"),
        ("Employees in Oslo have 25 days of paid annual leave.", "`Oslo` is not in the passages"),
        ("There is a general and automatic raise.", "one denies what the other says"),
    ],
)
def test_an_invented_number_or_name_or_a_lost_denial_is_named(passages: Passages, sentence: str, problem: str) -> None:
    assert problem in passages.support(sentence).problems


def test_what_the_question_names_is_no_news() -> None:
    passages = Passages([LEAVE], also_known="Does Oslo have leave?")

    assert passages.support("In Oslo, a full-time employee has 25 days of paid annual leave.").problems == ()


def test_without_passages_nothing_is_supported() -> None:
    assert Passages([]).support("Anything at all can be claimed here.").score == 0.0
