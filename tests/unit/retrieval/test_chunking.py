"""Cutting documents: passages of a good length that keep to the headings, and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.retrieval.chunking import MOST_WORDS, Passage, chunk, titled
from quarterdeck.retrieval.reader import Block, BlockKind, Reading, reader_for

SENTENCE = "Every employee may carry over five unused days into the next year. "


def passages(markdown: str) -> list[Passage]:
    return chunk(titled(reader_for("a.md").read(markdown.encode()), "A"))


def words(count: int, word: str = "word") -> str:
    return " ".join(f"{word}{number}" for number in range(count)) + "."


def test_each_section_is_a_passage_of_its_own() -> None:
    found = passages(f"# T\n\n## One\n\n{words(50)}\n\n## Two\n\n{words(60)}\n")

    assert [(passage.heading_path, passage.words) for passage in found] == [(("One",), 50), (("Two",), 60)]


def test_tiny_sections_under_one_heading_are_put_together_with_their_headings_written_out() -> None:
    [found] = passages("# T\n\n## Leave\n\n### Sick\n\nCall us.\n\n### Unpaid\n\nAsk us.\n")

    assert found.heading_path == ("Leave",)
    assert found.text == "Sick\nCall us.\n\nUnpaid\nAsk us."


def test_tiny_sections_under_different_headings_stay_apart() -> None:
    found = passages("# T\n\n## Leave\n\n### Sick\n\nCall us.\n\n## Pay\n\n### Bonus\n\nIn April.\n")

    assert [passage.heading_path for passage in found] == [("Leave", "Sick"), ("Pay", "Bonus")]


def test_a_long_section_is_cut_into_parts_of_about_the_same_length() -> None:
    found = passages("# T\n\n" + "\n\n".join(words(40) for _ in range(9)))

    assert [passage.words for passage in found] == [120, 120, 120]


def test_a_long_paragraph_is_cut_between_its_sentences() -> None:
    found = passages("# T\n\n" + SENTENCE * 30)

    assert len(found) == 3
    assert all(passage.text.endswith("year.") and passage.words <= MOST_WORDS for passage in found)


def test_a_paragraph_without_an_end_is_cut_all_the_same() -> None:
    found = passages("# T\n\n" + "endless " * 1000)

    assert max(passage.words for passage in found) < MOST_WORDS * 1.2
    assert sum(passage.words for passage in found) == 1000


def test_the_sentence_before_a_list_stays_with_it() -> None:
    found = passages(f"# T\n\n{words(140)}\n\nBring all of these:\n\n- {words(10)}\n- {words(10)}\n")

    assert len(found) == 2
    assert found[1].text.startswith("Bring all of these:\n\n- word0")


def test_a_list_item_is_never_cut_in_two() -> None:
    found = passages("# T\n\n" + "\n".join(f"- {words(30)}" for _ in range(12)))

    assert len(found) > 1
    assert all(line.startswith("- ") and line.endswith(".") for passage in found for line in passage.text.split("\n"))


def test_the_title_is_not_repeated_in_the_heading_path() -> None:
    reading = titled(reader_for("a.md").read(b"# Leave\n\nRest.\n\n## Sick\n\nCall.\n"), "fallback")

    assert reading.title == "Leave"
    assert [block.heading_path for block in reading.blocks] == [(), ("Sick",)]


def test_a_document_with_several_main_headings_is_called_by_its_file() -> None:
    reading = titled(reader_for("a.md").read(b"# One\n\nx\n\n# Two\n\ny\n"), "fallback")

    assert reading.title == "fallback"
    assert [block.heading_path for block in reading.blocks] == [("One",), ("Two",)]


def test_a_passage_knows_where_it_stands() -> None:
    source = f"---\ntitle: T\n---\n\n## One\n\n{words(50)}\n\n- {words(30)}\n\n## Two\n\n{words(60)}\n"

    first, second = passages(source)

    assert (first.line_start, first.line_end) == (7, 9)
    assert source[first.start : first.end].startswith("word0 word1")
    assert source[first.start : first.end].endswith("word29.")
    assert (second.line_start, second.line_end) == (13, 13)


BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(["paragraph", "item", "row", "code"]),
        st.sampled_from([(), ("A",), ("A", "B"), ("A", "C"), ("D",), ("D", "E", "F")]),
        st.integers(1, 400),
        st.sampled_from([" ", ". ", ": ", "\n"]),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=150)
@given(BLOCKS)
def test_no_word_is_lost_added_or_moved(drawn: list[tuple[BlockKind, tuple[str, ...], int, str]]) -> None:
    blocks = [
        Block(kind, glue.join(f"Word{n}x{m}" for m in range(size)), path, n * 10, n * 10 + 9, n + 1, n + 1)
        for n, (kind, path, size, glue) in enumerate(drawn)
    ]

    found = chunk(Reading("T", blocks))

    expected = " ".join(block.text for block in blocks).replace(":", "").replace(".", "").split()
    said = [word.strip(".:") for passage in found for word in passage.text.split() if word.startswith("Word")]
    assert said == expected
    assert [passage.start for passage in found] == sorted(passage.start for passage in found)


@pytest.mark.parametrize("gap", [" ", "\n", "\u00a0"])
def test_a_long_text_is_cut_between_words_whatever_parts_them(gap: str) -> None:
    spoken = [f"Word10x{number}" for number in range(1_000)]

    found = chunk(Reading("T", [Block("paragraph", gap.join(spoken), (), 0, 9, 1, 1)]))

    assert [word for passage in found for word in passage.text.split()] == spoken


@settings(deadline=None, max_examples=50)
@given(BLOCKS)
def test_the_same_document_gives_the_same_passages(drawn: list[tuple[BlockKind, tuple[str, ...], int, str]]) -> None:
    blocks = [
        Block(kind, glue.join(["Word"] * size), path, n, n, n, n) for n, (kind, path, size, glue) in enumerate(drawn)
    ]

    assert chunk(Reading("T", blocks)) == chunk(Reading("T", list(blocks)))
