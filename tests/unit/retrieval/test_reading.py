"""From the bytes of a file to a document with names that depend on nothing but its content."""

from __future__ import annotations

import pytest

from quarterdeck.retrieval import reading
from quarterdeck.retrieval.reader import Reader, Reading, Unreadable, reader_for


def test_every_type_that_is_promised_has_a_reader() -> None:
    found = {suffix: reader_for(f"a{suffix}").name for suffix in (".md", ".html", ".htm", ".pdf", ".docx", ".txt")}

    assert found == {
        ".md": "markdown",
        ".html": "html",
        ".htm": "html",
        ".pdf": "pdf",
        ".docx": "docx",
        ".txt": "text",
    }


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pay.xlsx", "`.xlsx` files cannot be read. Quarterdeck reads .docx, .htm"),
        ("Makefile", "Files without an ending"),
    ],
)
def test_another_type_is_refused_with_those_that_can_be_read(path: str, reason: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        reading.read("kb", path, b"content", "now")

    assert reason in refusal.value.message


def test_the_ending_may_be_written_in_capitals() -> None:
    assert reader_for("POLICY.MD").name == "markdown"


@pytest.mark.parametrize(("content", "reason"), [(b"", "It is empty"), (b" \n\n ", "It holds no text")])
def test_an_empty_file_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        reading.read("kb", "a.md", content, "now")


def test_names_depend_on_the_content_alone() -> None:
    first = reading.read("kb", "a.md", b"# T\n\none\n", "now")
    again = reading.read("kb", "a.md", b"# T\n\none\n", "later")
    changed = reading.read("kb", "a.md", b"# T\n\ntwo\n", "now")

    assert (first.id, first.chunks) == (again.id, again.chunks)
    assert first.id != changed.id
    assert first.chunks[0].id != changed.chunks[0].id


def test_a_file_without_a_title_is_called_by_its_name() -> None:
    assert reading.read("kb", "time-off/annual_leave-2026.txt", b"Rest.", "now").title == "Annual leave 2026"


def test_the_same_words_under_the_same_headings_share_their_vector() -> None:
    one = reading.read("kb", "one.md", b"# Notice\n\nAsk the people team.\n", "now")
    two = reading.read("kb", "two.md", b"# Notice\n\nAsk the people team.\n", "now")
    other = reading.read("kb", "two.md", b"# Warning\n\nAsk the people team.\n", "now")

    assert one.chunks[0].text_sha256 == two.chunks[0].text_sha256
    assert one.chunks[0].text_sha256 != other.chunks[0].text_sha256


def test_a_reader_that_fails_unforeseen_refuses_the_file_and_not_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Reader, _content: bytes) -> Reading:
        raise RecursionError("too deep")

    monkeypatch.setattr(type(reader_for("a.txt")), "read", fail)

    with pytest.raises(Unreadable, match="RecursionError"):
        reading.read("kb", "a.txt", b"text", "now")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.md", b"{% comment %}" * 100_000),
        ("a.md", b"{% " * 200_000),
        ("a.md", b"<!--" * 200_000),
        ("a.md", b"[" * 20_000),
        ("a.md", b"|a" * 50_000),
        ("a.txt", b"One sentence and another. " * 20_000),
        ("a.html", b"<b>" * 50_000),
        ("a.html", b"<table>" + b"<tr><td rowspan=50 colspan=50>x" * 2_000),
    ],
)
@pytest.mark.timeout(20)
def test_no_text_makes_reading_endless(path: str, content: bytes) -> None:
    try:
        found = reading.read("kb", path, content, "now")
    except Unreadable:
        return
    assert found.chunks
