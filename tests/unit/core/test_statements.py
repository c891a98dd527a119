"""Markdown passages become statements that can be read alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from quarterdeck.core.statements import plain, statements


def test_list_items_carry_the_sentence_they_hang_from() -> None:
    passage = "Leave grows with service:\n\n* Fewer than 3 years: 4 hours\n* 15+ years: 8 hours\n\nAsk early."

    found = statements(passage)

    assert [(s.kind, s.text, s.lead) for s in found] == [
        ("lead", "Leave grows with service:", ""),
        ("item", "Fewer than 3 years: 4 hours", "Leave grows with service:"),
        ("item", "15+ years: 8 hours", "Leave grows with service:"),
        ("sentence", "Ask early.", ""),
    ]


def test_nested_items_hang_from_their_parent() -> None:
    found = statements("- Travel\n  - Book early\n  - Keep receipts\n- Meals")

    assert [s.lead for s in found] == ["", "Travel:", "Travel:", ""]


def test_table_rows_are_sentences_with_the_names_of_their_columns() -> None:
    passage = (
        "## Asking\n\n| Length | Ask at least |\n| --- | :--- |\n| Up to 3 days | 5 days before |\n| Longer | - |\n"
    )

    found = statements(passage)

    assert [(s.text, s.kind, s.heading) for s in found] == [
        ("Length: Up to 3 days; Ask at least: 5 days before.", "row", "Asking"),
        ("Length: Longer.", "row", "Asking"),
    ]


def test_rows_that_were_written_out_as_lines_stay_apart() -> None:
    found = statements(
        "Length: Up to 3 days; Ask: 5 days before\nLength: Longer; Ask: 4 weeks before\n\nAsk: early; it helps."
    )

    assert [(s.kind, s.text) for s in found] == [
        ("row", "Length: Up to 3 days; Ask: 5 days before."),
        ("row", "Length: Longer; Ask: 4 weeks before."),
        ("sentence", "Ask: early; it helps."),
    ]


def test_wrapped_lines_and_wrapped_items_are_joined() -> None:
    found = statements("One sentence over\ntwo lines. Another.\n\n1. A step that\n   goes on.\n2. Next")

    assert [s.text for s in found] == ["One sentence over two lines.", "Another.", "A step that goes on.", "Next"]


def test_headings_are_known_but_are_no_statements() -> None:
    found = statements("Pay day\n=======\n\nOn the 25th.\n\n### Late pay\nTell us.\n```\nrm -rf\n```\n")

    assert [(s.heading, s.text) for s in found] == [("Pay day", "On the 25th."), ("Late pay", "Tell us.")]


def test_a_short_bare_line_right_above_a_longer_one_is_a_heading() -> None:
    found = statements(
        "How much\nYou have 25 days of leave.\n\n5. Protection\nNobody may be dismissed for it, ever.\n\nA line\nwraps."
    )

    assert [(s.heading, s.text) for s in found] == [
        ("How much", "You have 25 days of leave."),
        ("5. Protection", "Nobody may be dismissed for it, ever."),
        ("5. Protection", "A line wraps."),
    ]


def test_markup_disappears_and_words_stay() -> None:
    line = 'See **the** [guide]({% page "/tools/x" %}), `qd up`, snake_case_name &amp; <b>more</b>[^1] ![logo](a.png).'

    assert plain(line) == "See the guide, qd up, snake_case_name & more ."


@given(some.text(alphabet=some.sampled_from("ab .:|-*#>`\n1)[](){}%_~="), max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(statement.text for statement in statements(text))
