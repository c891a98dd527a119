"""Reading plain text: its headings, lists and paragraphs, by the marks people use."""

from __future__ import annotations

from quarterdeck.retrieval.reader import Block, reader_for

TEXT = """WHISTLEBLOWING
==============

Owner: the board.
In force from January.

1. What to report
-----------------

Report anything
that breaks the law.


2. Where
--------

Choose:

  - your manager, or
    their manager;
  - the line.

QUESTIONS

Ask.
"""


def read(text: str) -> list[Block]:
    return reader_for("a.txt").read(text.encode()).blocks


def test_underlined_and_capital_lines_are_headings() -> None:
    assert [(block.text, block.heading_path) for block in read(TEXT)] == [
        ("Owner: the board. In force from January.", ("WHISTLEBLOWING",)),
        ("Report anything that breaks the law.", ("WHISTLEBLOWING", "1. What to report")),
        ("Choose:", ("WHISTLEBLOWING", "2. Where")),
        ("- your manager, or their manager;", ("WHISTLEBLOWING", "2. Where")),
        ("- the line.", ("WHISTLEBLOWING", "2. Where")),
        ("Ask.", ("WHISTLEBLOWING", "QUESTIONS")),
    ]


def test_positions_are_those_of_the_file() -> None:
    block = read(TEXT)[1]

    assert (block.line_start, block.line_end) == (10, 11)
    assert TEXT[block.start : block.end] == "Report anything\nthat breaks the law."


def test_a_rule_across_the_page_is_no_heading() -> None:
    assert [(block.text, block.heading_path) for block in read("one\n\n----------\n\ntwo\n")] == [
        ("one", ()),
        ("two", ()),
    ]


def test_text_without_any_marks_is_paragraphs() -> None:
    assert [block.text for block in read("Just a line")] == ["Just a line"]
    assert read("  \n\n \n") == []
