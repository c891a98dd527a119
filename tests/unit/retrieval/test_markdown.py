"""Reading Markdown as handbooks have it: front matter, template tags, tables, lists, HTML in between."""

from __future__ import annotations

import pytest

from quarterdeck.retrieval.reader import Block, Reading, Unreadable, reader_for


def read(text: str) -> Reading:
    return reader_for("page.md").read(text.encode())


def texts(text: str) -> list[str]:
    return [block.text for block in read(text).blocks]


def test_blocks_carry_the_headings_above_them() -> None:
    blocks = read("# Leave\n\nRest.\n\n## Sick\n\nGet well.\n\n### Notes\n\nBring one.\n\n## Unpaid\n\nAsk.\n").blocks

    assert [(block.text, block.heading_path) for block in blocks] == [
        ("Rest.", ("Leave",)),
        ("Get well.", ("Leave", "Sick")),
        ("Bring one.", ("Leave", "Sick", "Notes")),
        ("Ask.", ("Leave", "Unpaid")),
    ]


def test_a_skipped_heading_level_does_not_confuse_the_outline() -> None:
    blocks = read("## A\n\n#### Deep\n\none\n\n### Less deep\n\ntwo\n").blocks

    assert [block.heading_path for block in blocks] == [("A", "Deep"), ("A", "Less deep")]


@pytest.mark.parametrize("title", ["Code of conduct", '"Code of conduct"', "'Code of conduct'", "Code of conduct  "])
def test_the_title_comes_from_the_front_matter_which_is_not_text(title: str) -> None:
    reading = read(f"---\ntitle: {title}\nredirect_from:\n  - /conduct/\n---\n\nBe kind.\n")

    assert reading.title == "Code of conduct"
    assert [block.text for block in reading.blocks] == ["Be kind."]


def test_lines_are_those_of_the_file_with_its_front_matter() -> None:
    source = "---\ntitle: T\n---\n\n# T\n\nFirst line\nsecond line.\n\n- item\n"

    paragraph, item = read(source).blocks

    assert (paragraph.line_start, paragraph.line_end) == (7, 8)
    assert source[paragraph.start : paragraph.end] == "First line\nsecond line."
    assert (item.line_start, item.line_end) == (10, 10)
    assert source[item.start : item.end] == "- item"


def test_template_tags_leave_what_a_reader_of_the_page_would_see() -> None:
    source = (
        '{% alert "Heads up!" %}\nAsk in {% slack_channel "travel" %} or {% slack_channel "hr" "the HR channel" %}.\n'
        '{% endalert %}\n\nSee the [travel guide]({% page "/travel/" %}).\n\n{% image "_img/flight.png" "a flight" %}\n'
        "\n{% comment %}\nnever shown\n{% endcomment %}\n\n{{ site.base_url }} stays away.\n"
    )

    assert texts(source) == [
        "Heads up! Ask in #travel or the HR channel.",
        "See the travel guide.",
        "stays away.",
    ]


def test_tags_over_several_lines_keep_the_lines_below_in_place() -> None:
    blocks = read('{% include "steps.html"\n  step: 1\n%}\n\nAfter.\n').blocks

    assert [(block.text, block.line_start) for block in blocks] == [("After.", 5)]


def test_list_items_are_pieces_of_their_own_with_their_marks() -> None:
    assert texts("Pack:\n\n1. shoes\n2. a coat\n   - with buttons\n\n   and a lining\n") == [
        "Pack:",
        "1. shoes",
        "2. a coat",
        "  - with buttons",
        "  and a lining",
    ]


def test_table_rows_say_what_their_columns_mean() -> None:
    table = "| Length | Ask before |\n| --- | --- |\n| 3 days | a week |\n| longer | a month |\n"

    blocks = read(table).blocks

    assert [(block.kind, block.text, block.line_start) for block in blocks] == [
        ("row", "Length: 3 days; Ask before: a week", 3),
        ("row", "Length: longer; Ask before: a month", 4),
    ]


def test_listings_stay_as_they_are() -> None:
    [block] = read("```python\ndef leave():\n    return 25\n```\n").blocks

    assert (block.kind, block.text) == ("code", "def leave():\n    return 25")


def test_html_inside_is_read_as_html() -> None:
    source = (
        "Before.\n\n<h3>Inside</h3>\n<table><tr><th>Who</th><th>Days</th></tr><tr><td>All</td><td>25</td></tr></table>\n"
        "\nAfter <em>all</em><br>of it. <!-- not this -->\n\n<script>track()</script>\n"
    )

    blocks = read(source).blocks

    assert [(block.text, block.heading_path) for block in blocks] == [
        ("Before.", ()),
        ("Who: All; Days: 25", ("Inside",)),
        ("After all\nof it.", ("Inside",)),
    ]


def test_links_and_pictures_are_read_by_their_words() -> None:
    assert texts("See [the *policy*](https://example.com/very/long) and ![a chart of leave](x.png).\n") == [
        "See the policy and a chart of leave."
    ]


def test_windows_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    plain = reader_for("a.md").read(b"# T\n\none\n\ntwo\n").blocks
    windows = reader_for("a.md").read(b"\xef\xbb\xbf# T\r\n\r\none\r\n\r\ntwo\r\n").blocks

    assert windows == plain


def test_utf16_is_read_when_it_says_so() -> None:
    [block] = reader_for("a.md").read("Grüße".encode("utf-16")).blocks

    assert block.text == "Grüße"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"caf\xe9 is Latin-1", "not valid UTF-8 \\(at byte 3\\)"), (b"text\x00\x01", "binary data")],
)
def test_what_is_no_text_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        reader_for("a.md").read(content)


def test_front_matter_alone_is_no_text() -> None:
    assert read("---\ntitle: Moved\nredirect_to: /elsewhere/\n---\n").blocks == []


def test_positions_never_run_backwards() -> None:
    blocks: list[Block] = read(
        "# A\n\nx\n\n- a\n- b\n\n> quoted\n\n```\ncode\n```\n\n| a | b |\n|--|--|\n| 1 | 2 |\n"
    ).blocks

    assert [block.start for block in blocks] == sorted(block.start for block in blocks)
    assert all(block.start < block.end and block.line_start <= block.line_end for block in blocks)
