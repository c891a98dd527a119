"""Judging the demo: right answers count, and no answer can talk itself right."""

from __future__ import annotations

import pytest

from quarterdeck.demo.questions import HANDBOOK, load_questions
from quarterdeck.demo.records import Case, Question, Quote, Reply, Verdict
from quarterdeck.demo.report import judge, percentiles, sentences, states, summarise

LEAVE = "time-off/annual-leave.md"
DOCUMENTS = {
    LEAVE: "Annual leave. Everyone has **25 days** of paid leave a year.\nAt most 5 unused days are carried over.",
    "pay/pay.md": "There is no general or automatic raise. Salaries are reviewed in April.",
}
ANSWERABLE = Question("leave", "How much leave?", "answerable", (LEAVE,), ("25 days",))
UNANSWERABLE = Question("dog", "May I bring my dog?", "unanswerable")
LEADING = Question(
    "raise", "When is the 20 % raise paid?", "leading", ("pay/pay.md",), ("no general or automatic raise",)
)
RIGHT = Reply(
    "Everyone has 25 days of paid leave a year [1].",
    (Quote(1, LEAVE, "Everyone has 25 days of paid leave a year."),),
    declined=False,
)
DECLINED = Reply("The documents do not say.", (), declined=True)


def test_an_answer_with_the_fact_from_the_right_document_is_right() -> None:
    assert judge(ANSWERABLE, RIGHT, DOCUMENTS) == Verdict(True, "answered")


def test_a_quote_is_found_whatever_its_spacing_case_and_markdown() -> None:
    reply = Reply(
        "You have 25 days [1].", (Quote(1, LEAVE, "everyone has  25 days of\npaid leave A YEAR"),), declined=False
    )

    assert judge(ANSWERABLE, reply, DOCUMENTS).correct


def test_a_quote_that_stands_nowhere_makes_an_answer_wrong() -> None:
    reply = Reply("You have 25 days [1].", (Quote(1, LEAVE, "Everyone has 25 days and a car."),), declined=False)

    verdict = judge(ANSWERABLE, reply, DOCUMENTS)

    assert not verdict.correct
    assert verdict.faults == (f"`{LEAVE}` does not say: Everyone has 25 days and a car.",)


def test_the_bullets_of_a_list_are_no_words() -> None:
    documents = {LEAVE: "Everyone has:\n\n1. 25 days of leave;\n- a desk."}
    reply = Reply(
        "Everyone has: 25 days of leave; a desk. [1]", (Quote(1, LEAVE, "Everyone has: 25 days of leave;"),), False
    )

    assert judge(ANSWERABLE, reply, documents).correct


def test_the_lead_in_of_a_list_may_be_quoted_with_any_of_its_items() -> None:
    documents = {LEAVE: "There are three kinds:\n- rest;\n- 25 days of leave.\nNothing else."}

    told = Reply(
        "There are three kinds: 25 days of leave. [1]",
        (Quote(1, LEAVE, "There are three kinds: 25 days of leave."),),
        False,
    )
    invented = Reply(told.text, (Quote(1, LEAVE, "There are three kinds: 25 days and a car."),), False)

    assert judge(ANSWERABLE, told, documents).correct
    assert not judge(ANSWERABLE, invented, documents).correct


def test_a_quote_of_several_sentences_is_looked_for_sentence_by_sentence() -> None:
    both = "Everyone has 25 days of paid leave a year. There is no general or automatic raise."
    documents = {
        LEAVE: "There is no general or automatic raise. In between. Everyone has 25 days of paid leave a year."
    }

    told = judge(ANSWERABLE, Reply(f"{both} [1]", (Quote(1, LEAVE, both),), declined=False), documents)
    invented = judge(ANSWERABLE, Reply(RIGHT.text, (Quote(1, LEAVE, f"{both} And a car."),), declined=False), documents)

    assert told.faults == ("No source: Everyone has 25 days of paid leave a year.",)
    assert invented.faults == (f"`{LEAVE}` does not say: And a car.",)


def test_an_empty_quote_proves_nothing() -> None:
    reply = Reply("You have 25 days [1].", (Quote(1, LEAVE, " "),), declined=False)

    assert not judge(ANSWERABLE, reply, DOCUMENTS).correct


def test_a_document_outside_the_handbook_proves_nothing() -> None:
    reply = Reply("You have 25 days [1].", (Quote(1, "made/up.md", "25 days"),), declined=False)

    assert not judge(ANSWERABLE, reply, DOCUMENTS).correct


def test_every_sentence_needs_a_source() -> None:
    reply = Reply(RIGHT.text + " You may also have a car.", RIGHT.quotes, declined=False)

    assert judge(ANSWERABLE, reply, DOCUMENTS).faults == ("No source: You may also have a car.",)


def test_a_mark_must_lead_to_a_citation() -> None:
    reply = Reply("You have 25 days [1][7].", RIGHT.quotes, declined=False)

    assert judge(ANSWERABLE, reply, DOCUMENTS).faults == ("`[7]` leads nowhere.",)


def test_a_true_answer_without_the_expected_fact_is_wrong() -> None:
    text = "At most 5 unused days are carried over."
    reply = Reply(f"{text} [1]", (Quote(1, LEAVE, text),), declined=False)

    assert judge(ANSWERABLE, reply, DOCUMENTS).faults == ("It does not say: 25 days",)


def test_the_right_words_from_the_wrong_document_are_wrong() -> None:
    elsewhere = DOCUMENTS | {"old/leave.md": DOCUMENTS[LEAVE]}
    reply = Reply(RIGHT.text, (Quote(1, "old/leave.md", "25 days of paid leave"),), declined=False)

    assert judge(ANSWERABLE, reply, elsewhere).faults == (f"It cites none of {LEAVE}.",)


def test_declining_what_the_handbook_answers_is_wrong() -> None:
    assert not judge(ANSWERABLE, DECLINED, DOCUMENTS).correct


def test_declining_what_the_handbook_does_not_answer_is_right() -> None:
    assert judge(UNANSWERABLE, DECLINED, DOCUMENTS) == Verdict(True, "declined")


def test_answering_what_the_handbook_does_not_answer_is_wrong_however_well_it_is_cited() -> None:
    assert not judge(UNANSWERABLE, RIGHT, DOCUMENTS).correct


def test_to_say_that_one_declines_and_then_cite_is_not_declining() -> None:
    reply = Reply(RIGHT.text, RIGHT.quotes, declined=True)

    assert not judge(UNANSWERABLE, reply, DOCUMENTS).correct


def test_a_leading_question_may_be_declined() -> None:
    assert judge(LEADING, DECLINED, DOCUMENTS).correct


def test_a_leading_question_may_be_corrected_from_the_document() -> None:
    text = "There is no general or automatic raise."
    reply = Reply(f"{text} [1]", (Quote(1, "pay/pay.md", text),), declined=False)

    assert judge(LEADING, reply, DOCUMENTS) == Verdict(True, "answered")


def test_a_leading_question_answered_beside_the_point_is_wrong() -> None:
    text = "Salaries are reviewed in April."
    reply = Reply(f"{text} [1]", (Quote(1, "pay/pay.md", text),), declined=False)

    assert not judge(LEADING, reply, DOCUMENTS).correct


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One thing [1]. Another [2].", ["One thing [1].", "Another [2]."]),
        ("One thing. [1] Another. [2]", ["One thing. [1]", "Another. [2]"]),
        ("One thing.[1] Another.[2]", ["One thing.[1]", "Another.[2]"]),
        ("It costs 5.30 per km [1]", ["It costs 5.30 per km [1]"]),
        ("Card: Standard; Per month: CAD 4,000. [1]", ["Card: Standard; Per month: CAD 4,000. [1]"]),
    ],
)
def test_a_mark_belongs_to_the_sentence_it_stands_at(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_fact_may_be_said_in_another_order_but_not_spread_over_sentences() -> None:
    assert states("Within 3 working days you tell Finance [1].", "Tell Finance within 3 working days")
    assert not states(
        "Tell Finance [1]. Others wait 3 working days, within reason [2].", "Tell Finance within 3 working days"
    )
    assert not states("The limit is 250 days [1].", "25 days")


def test_a_fact_may_be_said_with_other_small_words_but_not_denied() -> None:
    assert states("Bergen: 7 % of salary; Halifax: as much as you [1].", "7 % of your salary")
    assert not states("These days are taken from your annual leave [1].", "not taken from your annual leave")
    assert not states("You get 100 crowns [1].", "100 %")


def test_percentiles_are_values_that_were_measured() -> None:
    measured = percentiles([float(n) for n in range(1, 61)])

    assert (measured.p50, measured.p95) == (30.0, 57.0)
    assert percentiles([]).p50 is None


def test_the_summary_counts_kinds_apart_and_compares_tokens() -> None:
    cases = [
        Case(ANSWERABLE, RIGHT, Verdict(True, "answered"), "a", 400, 40.0, 2.0),
        Case(ANSWERABLE, DECLINED, Verdict(False, "declined"), "b", 600, 60.0, None),
        Case(UNANSWERABLE, DECLINED, Verdict(True, "declined"), "c", 500, 20.0, 1.0),
    ]

    summary = summarise(cases, tokens_of_handbook=20_000)

    assert (summary.grounded.right, summary.grounded.of) == (1, 2)
    assert (summary.declined.right, summary.declined.of) == (1, 1)
    assert summary.times_fewer_tokens == 40.0
    assert (summary.cold_ms.p50, summary.cached_ms.p95) == (40.0, 2.0)


def test_every_question_of_the_demo_can_be_answered_rightly_from_the_handbook_as_it_is() -> None:
    questions = [question for question in load_questions() if question.kind != "unanswerable"]
    texts = {path.relative_to(HANDBOOK).as_posix(): path.read_text() for path in HANDBOOK.rglob("*.md")}

    judged = [
        judge(
            question,
            Reply(
                " ".join(f"{fact} [1]." for fact in question.expected_facts),
                tuple(Quote(1, path, fact) for path in question.expected_sources for fact in question.expected_facts),
                declined=False,
            ),
            texts,
        )
        for question in questions
        if all(path in texts for path in question.expected_sources)
    ]

    assert len(judged) > 25
    assert [verdict.faults for verdict in judged if not verdict.correct] == []
