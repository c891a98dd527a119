"""Reading HTML: what the page is about, and nothing of what stands around it."""

from __future__ import annotations

import pytest

from quarterdeck.retrieval.reader import Reading, Unreadable, reader_for

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Sick leave | Intranet</title><style>p{}</style></head>
<body><header><nav><a href="/">Home</a></nav><form>Search</form></header>
<main><h1>Sick leave</h1>
<p>Call your manager <b>before nine</b>.<br>A text will do.</p>
<h2>Notes</h2><ul><li>From the <i>fourth</i> day on</li><li>Send it:<ol><li>scan</li><li>upload</li></ol></li></ul>
<div hidden>draft</div><p style="display: none">older rule</p><p aria-hidden="true">decoration</p>
<pre>form --sick
  --days 3</pre>
<table><thead><tr><th>Office</th><th>Days</th></tr></thead><tbody><tr><td>Bergen</td><td>24</td></tr></tbody></table>
<aside><p>This note is part of the rule.</p></aside><aside><a href="/x">Related: annual leave</a></aside>
<script>track()</script></main>
<footer>© Halyard</footer></body></html>"""


def read(text: str) -> Reading:
    return reader_for("page.html").read(text.encode())


def test_a_page_is_read_without_what_stands_around_its_content() -> None:
    reading = read(PAGE)

    assert reading.title == "Sick leave"
    assert [(block.kind, block.text, block.heading_path) for block in reading.blocks] == [
        ("paragraph", "Call your manager before nine.\nA text will do.", ("Sick leave",)),
        ("item", "- From the fourth day on", ("Sick leave", "Notes")),
        ("item", "- Send it:", ("Sick leave", "Notes")),
        ("item", "1. scan", ("Sick leave", "Notes")),
        ("item", "2. upload", ("Sick leave", "Notes")),
        ("code", "form --sick\n  --days 3", ("Sick leave", "Notes")),
        ("row", "Office: Bergen; Days: 24", ("Sick leave", "Notes")),
        ("paragraph", "This note is part of the rule.", ("Sick leave", "Notes")),
    ]


def test_a_page_without_marked_content_is_read_whole_but_for_its_frame() -> None:
    reading = read("<title>Rules</title><body><header>Logo</header><p>Be on time.</p><nav>Menu</nav></body>")

    assert reading.title == "Rules"
    assert [block.text for block in reading.blocks] == ["Be on time."]


def test_the_header_of_an_article_belongs_to_it() -> None:
    reading = read("<article><header><h1>Rules</h1><p>In force since May.</p></header><p>Be on time.</p></article>")

    assert [block.text for block in reading.blocks] == ["In force since May.", "Be on time."]


def test_cells_that_span_are_repeated_where_they_reach() -> None:
    table = (
        "<table><tr><th>Office</th><th>Who</th><th>Days</th></tr>"
        "<tr><td rowspan=2>Bergen</td><td>Crew</td><td>30</td></tr><tr><td>Others</td><td>25</td></tr>"
        "<tr><td>Halifax</td><td colspan=2>as agreed</td></tr></table>"
    )

    assert [block.text for block in read(table).blocks] == [
        "Office: Bergen; Who: Crew; Days: 30",
        "Office: Bergen; Who: Others; Days: 25",
        "Office: Halifax; Who: as agreed; Days: as agreed",
    ]


def test_a_table_that_lays_out_a_page_is_read_as_text() -> None:
    page = "<table><tr><td><h2>Left</h2><p>one</p></td><td><p>two</p></td></tr></table>"

    assert [(block.kind, block.text) for block in read(page).blocks] == [("paragraph", "one"), ("paragraph", "two")]


def test_lines_and_characters_count_in_the_text_that_was_taken_out() -> None:
    blocks = read("<h1>T</h1><p>one</p><p>two<br>three</p>").blocks

    assert [(block.line_start, block.line_end, block.start, block.end) for block in blocks] == [
        (2, 2, 2, 5),
        (3, 4, 6, 15),
    ]


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252"])
def test_a_page_may_say_which_encoding_it_has(declared: str) -> None:
    content = f'<meta charset="{declared}"><p>Café – “open”</p>'.encode("cp1252")

    [block] = reader_for("page.htm").read(content).blocks

    assert block.text == "Café – “open”"


def test_a_page_that_is_not_in_the_encoding_it_says_is_refused() -> None:
    with pytest.raises(Unreadable, match="says that it is shift_jis"):
        reader_for("page.html").read(b'<meta charset="shift_jis"><p>\xff\xfe\xfd</p>')


def test_endless_nesting_and_huge_spans_do_no_harm() -> None:
    page = (
        "<div>" * 5000 + "deep" + "</div>" * 5000 + "<table><tr><td colspan=999999999>wide</td><td>x</td></tr></table>"
    )

    found = " ".join(block.text for block in read(page).blocks)

    assert "deep" in found
    assert len(found) < 1000
