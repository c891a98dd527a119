"""Reads PDF: the text of each page with headings by size, paragraphs by spacing, and tables by columns."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from threading import Lock

import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument, PdfiumError, PdfTextPage

from quarterdeck.retrieval import pdf_layout
from quarterdeck.retrieval.pdf_layout import Line
from quarterdeck.retrieval.pdf_tables import Cell
from quarterdeck.retrieval.reader import Reader, Reading, Transcript, Unreadable

_MOST_PAGES = 3000
_WIDE_GAP = 1.4  # in font sizes: wider than any space of running text, even if it is justified
_NO_TITLE = re.compile(r"untitled|microsoft word|\.docx?$|\.pdf$|^document\d*$", re.IGNORECASE)
_WORD = re.compile(r"[^\s\x00-\x1f]+")
_HYPHEN_AT_LINE_END = "\x02"  # what pdfium makes of a hyphen that parts a word
_FONT_NAME_BYTES = 128

# pdfium keeps state of its own and crashes when two threads use it at once.
_ONE_AT_A_TIME = Lock()


class PdfReader(Reader):
    """PDF with text in it; scans are refused by name."""

    name = "pdf"
    version = 1
    media_type = "application/pdf"
    suffixes = (".pdf",)

    def read(self, content: bytes) -> Reading:
        with _ONE_AT_A_TIME:
            document = _open(content)
            try:
                pages = [list(_lines(document, number)) for number in range(len(document))]
                title = str(document.get_metadata_value("Title") or "").strip()
            except PdfiumError as error:
                raise Unreadable(f"It is damaged: {error}.") from error
            finally:
                document.close()
        if not any(pages):
            raise Unreadable("It has no text, only pictures. Run it through text recognition (OCR) first.")
        transcript = Transcript()
        pdf_layout.transcribe(pages, transcript)
        return transcript.reading(None if len(title) < 3 or _NO_TITLE.search(title) else title)


def _open(content: bytes) -> PdfDocument:
    try:
        document = PdfDocument(content)
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("It is protected by a password. Remove the protection and try again.") from error
        if "security" in str(error).lower():
            raise Unreadable("It is encrypted in a way that cannot be read. Remove the protection.") from error
        raise Unreadable("It is damaged, or no PDF at all.") from error
    if len(document) > _MOST_PAGES:
        pages = len(document)
        document.close()
        raise Unreadable(f"It has {pages:,} pages; {_MOST_PAGES:,} is the most. Split it.")
    return document


def _lines(document: PdfDocument, number: int) -> Iterator[Line]:
    """The lines of a page in the order of its text."""
    page = document[number]
    text_page = page.get_textpage()
    try:
        text = _text(text_page)
        start = 0
        for part in text.splitlines(keepends=True) if text else ():
            line = _line(text_page, part, start, number + 1)
            if line is not None:
                yield line
            start += len(part)
    finally:
        text_page.close()
        page.close()


def _text(text_page: PdfTextPage) -> str:
    """The text of a page, one character for each that pdfium counts."""
    count = text_page.count_chars()
    text: str = text_page.get_text_range() if count else ""
    if len(text) == count:
        return text
    return "".join(chr(pdfium.FPDFText_GetUnicode(text_page.raw, index)) for index in range(count))


def _line(text_page: PdfTextPage, text: str, start: int, page: int) -> Line | None:
    words = list(_WORD.finditer(text))
    if not words:
        return None
    size = float(pdfium.FPDFText_GetFontSize(text_page.raw, start + words[0].start()))
    placed: list[tuple[str, float, float]] = []
    top, bottom = float("-inf"), float("inf")
    for word in words:
        left, low, _, high = text_page.get_charbox(start + word.start(), loose=True)
        _, _, right, _ = text_page.get_charbox(start + word.end() - 1, loose=True)
        placed.append((_clean(word[0]), left, right))
        top, bottom = max(top, high), min(bottom, low)
    if text.rstrip("\r\n").endswith(_HYPHEN_AT_LINE_END):
        last, left, right = placed[-1]
        placed[-1] = (last + "\N{SOFT HYPHEN}", left, right)
    font = _font(text_page, start + words[0].start())
    return Line(tuple(_cells(placed, size)), size, font, top, bottom, page)


def _cells(words: list[tuple[str, float, float]], size: float) -> Iterator[Cell]:
    """Words in runs, parted where a gap is too wide to be a space."""
    run, run_left, run_right = [words[0][0]], words[0][1], words[0][2]
    for text, left, right in words[1:]:
        if left - run_right > _WIDE_GAP * size:
            yield Cell(" ".join(run), run_left, run_right)
            run, run_left = [], left
        run.append(text)
        run_right = right
    yield Cell(" ".join(run), run_left, run_right)


def _clean(word: str) -> str:
    """A word with the two halves of a rare character put together again."""
    return word.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\N{NO-BREAK SPACE}", " ")


def _font(text_page: PdfTextPage, index: int) -> str:
    name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text_page.raw, index, name, _FONT_NAME_BYTES, flags)
    return name.value.decode("utf-8", "replace")
