"""A message is read as what it asks, however it is typed."""

from __future__ import annotations

import pytest

from quarterdeck.gateway.conversation import Message
from quarterdeck.gateway.extractive.answer_kinds import has_wanted
from quarterdeck.gateway.extractive.follow_up import with_context
from quarterdeck.gateway.extractive.question import read_question


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("How many days of leave do I have?", "amount"),
        ("What does a badge cost?", "amount"),
        ("What do I get per kilometre when I drive?", "amount"),
        ("When is the salary paid?", "time"),
        ("By what date do I have to ask?", "time"),
        ("How long is the notice period?", "duration"),
        ("How often are tools calibrated?", "frequency"),
        ("Who approves my request?", "person"),
        ("Where do I store it?", "place"),
        ("How do I apply for a card?", "way"),
        ("lost my receipt, what now", "way"),
        ("Can I report fraud without anyone knowing who I am?", "yes_no"),
        ("Which category is it?", "thing"),
        ("parental leave", "thing"),
    ],
)
def test_each_question_wants_a_kind_of_answer(text: str, want: str) -> None:
    assert read_question(text).asks[0].want == want


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("I joined in May. How much leave do I get?", ["How much leave do I get?"]),
        (
            "How many days can I carry over, and until when do I have to use them?",
            ["How many days can I carry over", "until when do I have to use them?"],
        ),
        ("How long do I have to appeal, and to whom?", ["How long do I have to appeal and to whom?"]),
        ("What should I do? who pays?", ["What should I do?", "Who pays?"]),
        ("no question at all", ["no question at all"]),
        ("", [""]),
    ],
)
def test_a_message_is_parted_into_what_it_asks(text: str, parts: list[str]) -> None:
    assert [ask.text for ask in read_question(text).asks] == parts


@pytest.mark.parametrize(
    ("question", "has", "has_not"),
    [
        ("How much does it cost?", "It costs NOK 200.", "It is expensive."),
        ("How many days off do I get?", "You get 2 days.", "You get 2 colleagues."),
        ("When is it paid?", "It is paid with the April salary.", "It is paid by the company."),
        ("When must I tell you?", "Tell us within 3 days.", "Tell us everything."),
        ("How often is it reviewed?", "It is reviewed every year.", "It is reviewed by Finance."),
        ("Who approves it?", "Your manager approves it.", "It needs approval."),
        ("How do I report it?", "Call extension 7000.", "Extension 7000 is red."),
        ("Can I bring a guest?", "Guests are not allowed.", "Guests, flowers, music."),
    ],
)
def test_a_statement_may_have_what_is_wanted_or_not(question: str, has: str, has_not: str) -> None:
    ask = read_question(question).asks[0]

    assert has_wanted(ask, has)
    assert not has_wanted(ask, has_not)


@pytest.mark.parametrize(
    ("last", "read"),
    [
        ("And in Halifax?", "How much leave do I have? And in Halifax?"),
        ("What about part-timers?", "How much leave do I have? What about part-timers?"),
        ("Why?", "How much leave do I have? Why?"),
        ("Can I sell it?", "How much leave do I have? Can I sell it?"),
        ("Which form do I need for a sabbatical?", "Which form do I need for a sabbatical?"),
    ],
)
def test_a_follow_up_is_read_with_the_question_before_it(last: str, read: str) -> None:
    messages = [Message("user", "How much leave do I have?"), Message("assistant", "25 days."), Message("user", last)]

    assert with_context(messages) == read
