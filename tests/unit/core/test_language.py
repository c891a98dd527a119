"""Words, stems and sentences, on the texts that break naive splitters."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from quarterdeck.core.language import names, negations, sentence_spans, sentences, terms, words
from quarterdeck.core.stemming import stem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask Dr. Smith, e.g. by mail. He knows.", ["Ask Dr. Smith, e.g. by mail.", "He knows."]),
        ("Closed from 5 p.m. The shop opens at 9 a.m. on Monday.",
         ["Closed from 5 p.m.", "The shop opens at 9 a.m. on Monday."]),
        ("Under U.S. law it is 3.5 days. Not 4.", ["Under U.S. law it is 3.5 days.", "Not 4."]),
        ("It is paid. [1] It is late [2]. Why?", ["It is paid. [1]", "It is late [2].", "Why?"]),
        ('"Really?" Yes. (See no. 5.) Done!', ['"Really?"', "Yes.", "(See no. 5.)", "Done!"]),
        ("1. Open the door. 2. Leave", ["1. Open the door.", "2. Leave"]),
        ("Ask J. R. Smith about it. **Now** do it.", ["Ask J. R. Smith about it.", "**Now** do it."]),
        ("It is paid. [1]", ["It is paid. [1]"]),
        ('It is dear. [1] "Early bird" is less. [2] (Ask first.) [1][2]',
         ["It is dear. [1]", '"Early bird" is less. [2]', "(Ask first.) [1][2]"]),
        ("no capitals here. so this is one", ["no capitals here. so this is one"]),
        ("", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(some.text(alphabet=some.sampled_from('aA1. ?![]\n"e.g.Dr '), max_size=80))
def test_sentence_spans_join_to_the_text_again(text: str) -> None:
    spans = sentence_spans(text)

    assert "".join(text[start:end] for start, end in spans) == text


def test_words_are_lower_case_without_possessives_and_accents() -> None:
    assert words("The company's Café opens part-time, at 08:30 — don't wait!") == [
        "the", "company", "cafe", "opens", "part", "time", "at", "08:30", "don't", "wait",
    ]  # fmt: skip


def test_terms_are_the_stems_that_carry_meaning() -> None:
    assert terms("How much is paid for approved holidays?") == [stem("pay"), stem("approve"), stem("holiday")]


@pytest.mark.parametrize(
    "family",
    [
        ["approve", "approved", "approves", "approval", "approving"],
        ["policy", "policies"],
        ["month", "monthly", "months"],
        ["pay", "paid", "pays", "paying"],
        ["reimburse", "reimbursed", "reimbursement"],
        ["child", "children"],
        ["hop", "hopping", "hopped"],
    ],
)
def test_words_of_one_family_share_a_stem(family: list[str]) -> None:
    assert len({stem(word) for word in family}) == 1


@example("lies")
@given(some.text(alphabet="aeiylsngdt", max_size=24))
def test_any_word_has_a_stem_no_longer_than_itself_by_more_than_a_letter(word: str) -> None:
    assert len(stem(word)) <= len(word) + 1 or stem(word) in {"person", "choose"}


def test_negations_are_counted_however_they_are_written() -> None:
    assert negations("You may not carry it, can't sell it, and never without approval.") == 4


def test_names_are_capitals_inside_a_sentence_and_codes_anywhere() -> None:
    assert names("Ask Mary in Bergen. The VPN needs Mooring. NOK is money.") == [
        "Mary",
        "Bergen",
        "VPN",
        "Mooring",
        "NOK",
    ]
