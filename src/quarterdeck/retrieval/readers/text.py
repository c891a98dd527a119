"""Reads plain text: paragraphs between empty lines, lists by their marks, headings by underline, number or capitals."""

from __future__ import annotations

import re

from quarterdeck.retrieval.reader import Block, BlockKind, Outline, Reader, Reading, decode

_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,}|\*{3,}|_{3,})\s*$")
_LEVELS = {"=": 1, "-": 2, "~": 3, "*": 2, "_": 2}
_ITEM = re.compile(r"\s*(?:[-*•·–o]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S")
_MOST_HEADING_WORDS = 12


class TextReader(Reader):
    """Plain text."""

    name = "text"
    version = 1
    media_type = "text/plain"
    suffixes = (".txt", ".text")

    def read(self, content: bytes) -> Reading:
        return Reading(None, _Walk(decode(content).split("\n")).blocks())


class _Walk:
    """One pass over the lines of a text."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._offsets = [0]
        for line in lines:
            self._offsets.append(self._offsets[-1] + len(line) + 1)
        self._outline = Outline()
        self._blocks: list[Block] = []

    def blocks(self) -> list[Block]:
        first = 0
        while first < len(self._lines):
            if not self._lines[first].strip():
                first += 1
                continue
            after = first
            while after < len(self._lines) and self._lines[after].strip():
                after += 1
            self._paragraph(first, after)
            first = after
        return self._blocks

    def _paragraph(self, first: int, after: int) -> None:
        """The lines from `first` up to `after`, between two empty ones."""
        if first + 1 < after and (underline := _UNDERLINE.match(self._lines[first + 1])):
            self._outline.enter(_LEVELS[underline[1][0]], self._lines[first].strip())
            self._items(first + 2, after)
        elif first + 1 == after and _is_capitals(self._lines[first]):
            self._outline.enter(1 if not self._blocks and not self._outline.path else 2, self._lines[first].strip())
        elif not _UNDERLINE.match(self._lines[first]) or after > first + 1:
            self._items(first, after)

    def _items(self, first: int, after: int) -> None:
        """Lines as list items where they are marked so, as one paragraph where not."""
        begins = [first] + [n for n in range(first + 1, after) if _ITEM.match(self._lines[n])]
        for begin, end in zip(begins, [*begins[1:], after], strict=True):
            lines = [line for line in self._lines[begin:end] if not _UNDERLINE.match(line)]
            if not lines:
                continue
            is_item = bool(_ITEM.match(lines[0]))
            text = " ".join(line.strip() for line in lines)
            indent = "  " * ((len(lines[0]) - len(lines[0].lstrip())) // 4) if is_item else ""
            kind: BlockKind = "item" if is_item else "paragraph"
            end_offset = self._offsets[end] - 1
            self._blocks.append(
                Block(kind, indent + text, self._outline.path, self._offsets[begin], end_offset, begin + 1, end)
            )


def _is_capitals(line: str) -> bool:
    words = line.split()
    return line.strip().isupper() and len(words) <= _MOST_HEADING_WORDS and sum(map(str.isalpha, line)) >= 4
