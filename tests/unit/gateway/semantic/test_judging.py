"""The judgements of the semantic cache, one by one: promise, vetoes, personal data, agreement, standing."""

from __future__ import annotations

import random

import numpy as np
import pytest

from quarterdeck.gateway.semantic import likeness
from quarterdeck.gateway.semantic.agreement import agree
from quarterdeck.gateway.semantic.likeness import Neighbour, probability
from quarterdeck.gateway.semantic.personal_data import personal_data
from quarterdeck.gateway.semantic.promise import Check, Promise, at_most, calibrate, is_broken, upper_bound
from quarterdeck.gateway.semantic.records import CheckRecord, Policy
from quarterdeck.gateway.semantic.rehearsing import LabelledQuestion, rehearse
from quarterdeck.gateway.semantic.standing import Standing
from quarterdeck.gateway.semantic.vetoes import veto

NOW = "2026-11-21T00:00:00.000000Z"


# The bounds are those of a published table of exact binomial intervals.
@pytest.mark.parametrize(
    ("wrong", "of", "bound"), [(0, 149, 0.0199), (0, 59, 0.0495), (1, 100, 0.0466), (10, 100, 0.1637), (5, 5, 1.0)]
)
def test_the_upper_bound_is_clopper_and_pearsons(wrong: int, of: int, bound: float) -> None:
    assert upper_bound(wrong, of, 0.95) == pytest.approx(bound, abs=1e-4)


def test_the_binomial_is_summed_exactly() -> None:
    assert at_most(1, 3, 0.5) == pytest.approx(0.5)
    assert at_most(0, 10_000, 0.02) == pytest.approx(0.98**10_000)
    assert at_most(3, 3, 0.9) == 1.0


def test_without_enough_checks_nothing_is_promised() -> None:
    promise = Promise()

    assert promise.least_checks == 149
    assert calibrate([Check(0.9, False)] * 148, promise).threshold is None
    assert calibrate([Check(0.9, False)] * 149, promise).threshold == 0.9


def test_the_threshold_stands_above_the_scores_that_are_often_wrong() -> None:
    chance = random.Random(1)
    checks = [Check(score := chance.random(), chance.random() > score + 0.45) for _ in range(1500)]

    found = calibrate(checks, Promise())

    assert found.threshold is not None
    assert 0.4 < found.threshold < 0.8
    assert found.bound is not None
    assert found.bound <= 0.02
    assert found.covered == sum(check.score >= found.threshold for check in checks)


def test_the_promise_holds_in_at_least_95_of_100_worlds() -> None:
    chance = random.Random(7)
    kept = 0
    for _ in range(300):
        checks = [Check(score := chance.random(), chance.random() < 0.08 * (1 - score)) for _ in range(700)]
        threshold = calibrate(checks, Promise()).threshold
        # The share that is wrong at or above a threshold in this world, exactly: the mean of 0.08 (1 - s) from there to 1.
        kept += threshold is None or 0.04 * (1 - threshold) <= 0.02

    assert kept >= 285


def test_equal_scores_are_served_together_or_not_at_all() -> None:
    checks = [Check(0.9, False)] * 200 + [Check(0.9, True)] * 20

    assert calibrate(checks, Promise()).threshold is None


def test_a_promise_is_broken_only_when_that_is_shown() -> None:
    assert not is_broken(1, 20, Promise(0.02, 0.99))
    assert is_broken(4, 20, Promise(0.02, 0.99))
    assert not is_broken(0, 0, Promise())


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("How do I transfer 50 euros?", "How do I transfer 500 euros?", "numbers"),
        ("Give me two weeks of leave", "Give me 3 weeks of leave", "numbers"),
        ("Can I take leave in May?", "Can I not take leave in May?", "negation"),
        ("How do I turn on alerts?", "How do I turn off alerts?", "alternatives"),
        ("What is open on monday", "What is open on friday", "alternatives"),
        ("What is the capital of France?", "What is the capital of Norway?", "names"),
        ("Who runs the Berlin office?", "Who runs the office?", "names"),
        ("How many days of leave do I get?", "How much leave do I have a year?", None),
        ("My card has not come yet", "I am still waiting for my card", None),
        ("Is 1,000 the limit?", "Is the limit 1000?", None),
        ("two weeks notice", "2 weeks of notice", None),
        ("is paris big", "Is Paris big?", None),
    ],
)
def test_what_makes_two_questions_two(one: str, other: str, why: str | None) -> None:
    assert veto(one, other) == why
    assert veto(other, one) == why


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to jane.doe@example.com please", "email"),
        ("My card is 4111 1111 1111 1111", "card"),
        ("Order 4111 1111 1111 1112 is late", None),
        ("Pay to DE89 3704 0044 0532 0130 00", "iban"),
        ("SSN 536-22-8726", "ssn"),
        ("Call me at +44 20 7946 0958", "phone"),
        ("Call (555) 123-4567", "phone"),
        ("Is 192.168.10.4 mine?", "ip-address"),
        ("What happened on 2026-11-21?", None),
        ("How many of the 12500 people took 25 days?", None),
        ("What is 3.14159 times 2?", None),
        ("How many days of leave do I get?", None),
    ],
)
def test_personal_data_with_a_form_is_found(text: str, kind: str | None) -> None:
    assert personal_data(text) == kind


def vector(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


@pytest.mark.parametrize(
    ("one", "other", "cosine", "same"),
    [
        ("You get 25 days.", "you get 25 days", 0.1, True),
        ("You get 25 days [1].", "You get 25 days.", 0.1, True),
        ("You get 25 days.", "You get 28 days.", 0.99, False),
        ("It is allowed.", "It is not allowed.", 0.99, False),
        ("Ask your manager.", "Your manager is the one to ask.", 0.9, True),
        ("Ask your manager.", "The office is closed.", 0.3, False),
    ],
)
def test_answers_agree_when_they_say_the_same(one: str, other: str, cosine: float, same: bool) -> None:
    assert agree(one, other, vector(1, 0), vector(cosine, 0)) is same


def test_a_near_rival_with_another_answer_makes_us_doubt() -> None:
    question, near = "how do i renew my passport", Neighbour("how can i renew a passport", 0.92, True)

    alone = probability(question, [near, Neighbour("passport renewal steps", 0.9, True)])
    doubtful = probability(question, [near, Neighbour("how do i replace my passport", 0.9, False)])

    assert doubtful < alone


def test_a_single_neighbour_is_no_reason_to_be_sure() -> None:
    one, other = Neighbour("how do i close my card account", 0.75, True), Neighbour("card account closing", 0.74, True)

    assert probability("how do i get a new card", [one]) < probability("how do i get a new card", [one, other])


def test_the_shipped_model_has_a_card_that_says_where_it_comes_from() -> None:
    card = likeness.model().card

    assert {"version", "rows", "sets", "rows_sha256", "embedder", "date", "measured"} <= card.keys()


def test_a_rehearsal_asks_each_question_of_those_before_it() -> None:
    labels = [LabelledQuestion(text, answer) for text, answer in (("a", "1"), ("b", "2"), ("a again", "1"))]
    vectors = np.array([[1, 0], [0, 1], [1, 0.1]], dtype=np.float32)

    second, third = rehearse(labels, vectors)

    assert (second.neighbours[0].text, second.wrong) == ("a", True)
    assert (third.neighbours[0].text, third.wrong) == ("a", False)
    assert [one.agrees for one in third.neighbours] == [True, False]


def check(score: float, wrong: bool = False) -> CheckRecord:
    return CheckRecord(NOW, score, 0.9, wrong, "live", None, None)


def serving(check_share: float = 0.01) -> Standing:
    standing = Standing(Policy(promise=Promise(0.05, 0.9), check_share=check_share), NOW)
    standing.remember([Check(0.95, False)] * 100)
    return standing


def test_a_cache_learns_first_and_serves_then() -> None:
    standing = Standing(Policy(promise=Promise(0.05, 0.9)), NOW)
    decisions = set()
    while standing.state == "learning":
        decisions.add(standing.decide(0.95))
        standing.note(check(0.95))

    assert decisions == {"check"}
    assert standing.calibration.checks >= standing.policy.promise.least_checks
    assert "are missing" in Standing(Policy(), NOW).reason
    assert {standing.decide(0.95) for _ in range(300)} == {"serve", "check"}
    assert standing.decide(0.2) == "pass"


def test_below_the_threshold_nothing_is_served_and_some_of_it_compared() -> None:
    standing = serving(check_share=0.5)

    assert {standing.decide(0.6) for _ in range(100)} == {"check", "pass"}


def test_a_broken_promise_turns_the_cache_off_and_says_so() -> None:
    standing = serving()
    while standing.state == "serving":
        standing.note(check(0.97, wrong=True))

    assert standing.state == "broken"
    assert "turned itself off" in standing.reason
    assert standing.decide(0.99) == "pass"


def test_mistakes_that_are_few_only_tighten_the_threshold() -> None:
    standing = serving()
    for number in range(400):
        standing.note(check(0.9, wrong=number % 12 == 0) if number % 4 == 0 else check(0.96))

    assert standing.state == "serving"
    assert standing.calibration.threshold is not None
    assert standing.calibration.threshold > 0.9
