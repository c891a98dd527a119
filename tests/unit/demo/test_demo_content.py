"""Is the demo true: does the handbook say what its questions expect, in every format it is kept in?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import docx
import pypdfium2
import pytest
from selectolax.lexbor import LexborHTMLParser

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "src" / "quarterdeck" / "demo"
HANDBOOK = DEMO / "handbook"
MAKER = ROOT / "scripts" / "make_demo_documents.py"
MADE = sorted(path.relative_to(HANDBOOK).as_posix() for path in HANDBOOK.rglob("*") if path.suffix in {".docx", ".pdf"})


@dataclass(frozen=True)
class Question:
    id: str
    question: str
    kind: Literal["answerable", "unanswerable", "leading"]
    expected_sources: tuple[str, ...]
    expected_facts: tuple[str, ...]
    note: str


def load_questions() -> list[Question]:
    rows = json.loads((DEMO / "questions.json").read_text(encoding="utf-8"))["questions"]
    return [
        Question(
            **{
                **row,
                "expected_sources": tuple(row["expected_sources"]),
                "expected_facts": tuple(row["expected_facts"]),
            }
        )
        for row in rows
    ]


QUESTIONS = load_questions()
WITH_SOURCES = [question for question in QUESTIONS if question.kind != "unanswerable"]


@cache
def text_of(path: Path) -> str:
    """What a person reads in a document, without its boilerplate, in lower case and with single spaces."""
    return " ".join(read(path).split()).casefold()


def read(path: Path) -> str:
    match path.suffix:
        case ".docx":
            document = docx.Document(str(path))
            rows = (row for table in document.tables for row in table.rows)
            paragraphs = [paragraph.text for paragraph in document.paragraphs]
            return "\n".join([*paragraphs, *(cell.text for row in rows for cell in row.cells)])
        case ".pdf":
            with pypdfium2.PdfDocument(path) as document:
                return "\n".join(page.get_textpage().get_text_range() for page in document)
        case ".html":
            article = LexborHTMLParser(path.read_text(encoding="utf-8")).css_first("article")
            assert article is not None
            return article.text(separator=" ")
        case _:
            return path.read_text(encoding="utf-8")


def all_documents() -> list[Path]:
    return sorted(path for path in HANDBOOK.rglob("*") if path.is_file())


def test_the_handbook_has_27_policies_in_five_formats() -> None:
    formats = Counter(path.suffix for path in all_documents())

    assert formats == {".md": 15, ".html": 4, ".docx": 3, ".pdf": 3, ".txt": 2}


@pytest.mark.parametrize("path", all_documents(), ids=lambda path: path.stem)
def test_a_policy_is_neither_a_stub_nor_a_book(path: Path) -> None:
    words = len(text_of(path).split())

    assert 350 <= words <= 800


@pytest.mark.parametrize("path", sorted(HANDBOOK.rglob("*.html")), ids=lambda path: path.stem)
def test_a_web_page_wraps_its_policy_in_things_that_a_reader_must_strip(path: Path) -> None:
    page = path.read_text(encoding="utf-8")

    assert all(tag in page for tag in ("<nav", "<script>", "<style>", "<aside>", "<footer>"))
    assert "Was this page helpful?" in page
    assert "was this page helpful?" not in text_of(path)


def test_the_set_has_44_answerable_8_unanswerable_and_8_leading_questions() -> None:
    kinds = Counter(question.kind for question in QUESTIONS)

    assert kinds == {"answerable": 44, "unanswerable": 8, "leading": 8}


def test_no_two_questions_share_an_id_or_a_wording() -> None:
    ids = {question.id for question in QUESTIONS}
    wordings = {question.question.casefold() for question in QUESTIONS}

    assert len(ids) == len(wordings) == len(QUESTIONS)


def test_every_policy_is_asked_about() -> None:
    asked = {source for question in QUESTIONS for source in question.expected_sources}

    assert asked == {path.relative_to(HANDBOOK).as_posix() for path in all_documents()}


@pytest.mark.parametrize("question", WITH_SOURCES, ids=lambda question: question.id)
def test_every_expected_source_states_the_expected_facts(question: Question) -> None:
    texts = [text_of(HANDBOOK / source) for source in question.expected_sources]

    missing = [fact for fact in question.expected_facts for text in texts if fact.casefold() not in text]

    assert texts and question.expected_facts
    assert not missing


@pytest.mark.parametrize("question", WITH_SOURCES, ids=lambda question: question.id)
def test_no_question_is_a_sentence_of_its_source(question: Question) -> None:
    texts = [text_of(HANDBOOK / source) for source in question.expected_sources]
    wording = question.question.casefold().rstrip("?.!")

    assert not any(wording in text for text in texts)


def test_unanswerable_questions_expect_neither_sources_nor_facts() -> None:
    unanswerable = [question for question in QUESTIONS if question.kind == "unanswerable"]

    assert all(not question.expected_sources and not question.expected_facts for question in unanswerable)


@pytest.mark.parametrize(
    "subject",
    [
        "gym|fitness",
        "dogs?|pets?",
        "parking (space|lot|permit)s?",
        "(share|stock) options?",
        "nursery fees?|child ?care|day ?care",
        "relocat\\w+|moving costs?|removal\\w*",
        "christmas",
        "canteen|cafeteria",
    ],
)
def test_the_handbook_is_silent_on_what_nobody_can_answer(subject: str) -> None:
    speaking = [path.name for path in all_documents() if re.search(rf"\b({subject})\b", text_of(path))]

    assert not speaking


def make_documents(into: Path) -> Path:
    subprocess.run([sys.executable, str(MAKER), "--into", str(into)], check=True, timeout=120)
    return into


def test_the_committed_word_and_pdf_files_say_what_their_sources_say(tmp_path: Path) -> None:
    made_now = make_documents(tmp_path)

    different = [path for path in MADE if text_of(made_now / path) != text_of(HANDBOOK / path)]

    assert len(MADE) == 6
    assert not different


def test_making_the_documents_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_documents(tmp_path / "first"), make_documents(tmp_path / "second")

    different = [path for path in MADE if (first / path).read_bytes() != (second / path).read_bytes()]

    assert not different


@pytest.mark.parametrize("path", [path for path in MADE if path.endswith(".pdf")])
def test_a_pdf_has_several_pages_and_an_outline(path: str) -> None:
    with pypdfium2.PdfDocument(HANDBOOK / path) as document:
        pages, headings = len(document), list(document.get_toc())

    assert pages >= 2
    assert len(headings) >= 5


@pytest.mark.parametrize("path", [path for path in MADE if path.endswith(".docx")])
def test_a_word_file_has_real_headings(path: str) -> None:
    document = docx.Document(str(HANDBOOK / path))

    styles = Counter(paragraph.style.name for paragraph in document.paragraphs if paragraph.style)

    assert styles["Heading 1"] == 1
    assert styles["Heading 2"] >= 4
