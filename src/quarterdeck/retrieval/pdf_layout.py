"""Finds headings, paragraphs, lists and tables in the placed lines of a PDF, which itself knows none of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from quarterdeck.retrieval.pdf_tables import Cell, table_at
from quarterdeck.retrieval.reader import Transcript
from quarterdeck.retrieval.tabular import row_texts

_HEADING_FACTOR = 1.12
_MOST_HEADING_WORDS = 18
_MOST_HEADING_LEVELS = 4
_PARAGRAPH_GAP = 1.32
_ITEM = re.compile(r"(?:[•▪◦‣·●○■–*-]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S")
_BULLET = re.compile(r"[•▪◦‣·●○■–*]\s+")
_PAGE_NUMBER = re.compile(r"(?:page\s+)?[-–]?\s*\d{1,4}\s*[-–]?(?:\s*(?:of|/)\s*\d{1,4})?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_EDGE_LINES = 3


@dataclass(frozen=True)
class Line:
    """One line on a page. Heights grow upwards, as PDF has it."""

    cells: tuple[Cell, ...]
    size: float
    font: str
    top: float
    bottom: float
    page: int

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)

    @property
    def is_bold(self) -> bool:
        return any(word in self.font.lower() for word in ("bold", "black", "heavy"))


def transcribe(pages: Sequence[Sequence[Line]], transcript: Transcript) -> None:
    """Write the lines of all pages down as headings and blocks."""
    lines = [line for page in without_running_heads(pages) for line in page]
    if not lines:
        return
    headings = Headings(lines)
    pitch = _pitch(lines)
    position = 0
    while position < len(lines):
        first = lines[position]
        level = headings.level(first)
        table = table_at(lines, position) if level is None else None
        if table is not None:
            header = lines[position].font != lines[position + 1].font or _names_columns(table.rows)
            for text in row_texts(table.rows, header=header):
                transcript.block("row", text, page=first.page)
            position = table.after
            continue
        after = position + 1
        while after < len(lines) and _goes_on(lines[after - 1], lines[after], headings, pitch):
            if table_at(lines, after) is not None:
                break
            after += 1
        text = _joined(lines[position:after])
        if level is not None:
            transcript.heading(level, text)
        elif _ITEM.match(first.text):
            transcript.block("item", _BULLET.sub("- ", text, count=1), page=first.page)
        else:
            transcript.block("paragraph", text, page=first.page)
        position = after


def without_running_heads(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Pages without the lines that head or foot most of them, and without page numbers."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_numberless(line) for line in _edges(page)})
    often = {text for text, times in seen.items() if times >= 2 and times * 2 > len(pages)}
    kept = []
    for page in pages:
        edges = {id(line) for line in _edges(page)}
        kept.append([line for line in page if id(line) not in edges or not _is_running(line, often)])
    return kept


class Headings:
    """Which lines are headings, and of which level: larger than the running text, or bold and by themselves."""

    def __init__(self, lines: Sequence[Line]) -> None:
        characters: Counter[float] = Counter()
        for line in lines:
            characters[_size(line)] += len(line.text)
        self._body = characters.most_common(1)[0][0]
        self._sizes = sorted({_size(line) for line in lines if self._is_large(line)}, reverse=True)
        bold = sum(len(line.text) for line in lines if line.is_bold)
        self._bold_is_rare = bold * 4 < characters.total()

    def level(self, line: Line) -> int | None:
        """The level of a heading; None for everything else."""
        if self._is_large(line):
            return min(self._sizes.index(_size(line)) + 1, _MOST_HEADING_LEVELS)
        alone = len(line.cells) == 1 and not _SENTENCE_END.search(line.text) and not _ITEM.match(line.text)
        if self._bold_is_rare and line.is_bold and alone and _size(line) >= self._body and _is_short(line):
            return min(len(self._sizes), _MOST_HEADING_LEVELS) + 1
        return None

    def _is_large(self, line: Line) -> bool:
        return _size(line) > self._body * _HEADING_FACTOR and _is_short(line) and any(map(str.isalpha, line.text))


def _goes_on(before: Line, line: Line, headings: Headings, pitch: float) -> bool:
    """Whether a line continues the heading, paragraph or item of the line before it."""
    level = headings.level(before)
    if headings.level(line) != level:
        return False
    if level is None and _ITEM.match(line.text):
        return False
    if line.page != before.page:
        return level is None and not _SENTENCE_END.search(before.text) and line.text[:1].islower()
    spacing = before.bottom - line.bottom
    usual = pitch if level is None else _size(line) * 1.4
    return 0 <= spacing < usual * _PARAGRAPH_GAP


def _pitch(lines: Sequence[Line]) -> float:
    """The usual distance from one line of running text to the next."""
    distances: Counter[float] = Counter()
    for before, line in pairwise(lines):
        distance = before.bottom - line.bottom
        if before.page == line.page and _size(before) == _size(line) and 0 < distance < line.size * 2.2:
            distances[round(distance)] += 1
    if not distances:
        return max(line.size for line in lines) * 1.4
    # Paragraphs of one line each may be as many as lines inside paragraphs: the lines are the closer ones.
    often = max(distances.values()) / 3
    return min(distance for distance, times in distances.items() if times >= often)


def _joined(lines: Sequence[Line]) -> str:
    """Lines as running text, with words put together that were parted at the end of a line."""
    text = ""
    for line in lines:
        if text.endswith("\N{SOFT HYPHEN}") or (
            text.endswith("-") and text[-2:-1].islower() and line.text[:1].islower()
        ):
            text = text[:-1] + line.text
        else:
            text = f"{text} {line.text}" if text else line.text
    return text.replace("\N{SOFT HYPHEN}", "")


def _names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a first row without a number names columns that have numbers."""
    first, *below = rows
    return bool(below) and not re.search(r"\d", "".join(first)) and any(re.search(r"\d", "".join(row)) for row in below)


def _edges(page: Sequence[Line]) -> Iterator[Line]:
    """The lines nearest to the upper and lower end of a page, wherever they stand in its text."""
    by_height = sorted(page, key=lambda line: -line.bottom)
    yield from by_height[:_EDGE_LINES]
    yield from by_height[max(_EDGE_LINES, len(by_height) - _EDGE_LINES) :]


def _is_running(line: Line, often: set[str]) -> bool:
    return _numberless(line) in often or bool(_PAGE_NUMBER.fullmatch(line.text.strip()))


def _numberless(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _is_short(line: Line) -> bool:
    return len(line.text.split()) <= _MOST_HEADING_WORDS


def _size(line: Line) -> float:
    return round(line.size * 2) / 2
