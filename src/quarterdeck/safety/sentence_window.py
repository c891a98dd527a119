"""Cuts a stream of text into sentences as they become complete, keeping every space and bullet between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from quarterdeck.core.language import sentence_spans

_MARKUP = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])\s+)*")
_TRAILING_MARKS = re.compile(r"(?:[ \t]*(?:\[\d{1,3}(?:\s*,\s*\d{1,3})*\]|【\d{1,3}[^】]*】))+")
_FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass(frozen=True)
class Cut:
    """One sentence of the stream. `before` (spaces, a bullet) and `text` joined give the stream back."""

    before: str
    text: str
    is_code: bool = False
    is_heading: bool = False


class SentenceWindow:
    """Holds back only what could still grow: the last sentence, until something follows it."""

    def __init__(self) -> None:
        self._rest = ""
        self._in_code = False

    def feed(self, text: str) -> list[Cut]:
        """The sentences that this piece completes."""
        self._rest += text
        return list(self._complete(at_end=False))

    def flush(self) -> list[Cut]:
        """What is left when the stream has ended."""
        return list(self._complete(at_end=True))

    def _complete(self, *, at_end: bool) -> Iterator[Cut]:
        while "\n" in self._rest:
            line, self._rest = self._rest.split("\n", 1)
            yield from self._of_line(f"{line}\n")
        if at_end:
            line, self._rest = self._rest, ""
            yield from self._of_line(line)
        elif not self._in_code and not _FENCE.match(self._rest):
            *done, self._rest = _cuts(self._rest)
            yield from (_cut(part) for part in done)

    def _of_line(self, line: str) -> Iterator[Cut]:
        if _FENCE.match(line):
            self._in_code = not self._in_code
            yield Cut("", line, is_code=True)
        elif self._in_code:
            yield Cut("", line, is_code=True)
        else:
            yield from (_cut(part) for part in _cuts(line) if part)


def _cuts(text: str) -> list[str]:
    """Sentences with the citation marks that follow them; the last one may be unfinished."""
    parts: list[str] = []
    start = 0
    for _, end in sentence_spans(text):
        marks = _TRAILING_MARKS.match(text, end)
        stop = marks.end() if marks else end
        if stop > start:
            parts.append(text[start:stop])
            start = stop
    if start < len(text) or not parts:
        parts.append(text[start:])
    return parts


def _cut(part: str) -> Cut:
    markup = _MARKUP.match(part)
    before = markup.group() if markup else ""
    return Cut(before, part[len(before) :], is_heading="#" in before)
