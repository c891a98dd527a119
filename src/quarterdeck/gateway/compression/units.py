"""A text in units that may be left out whole: sentences and list items; and those that may not: code, tables, headings.

Units are cut out of the text as they stand, so what is kept is kept to the letter, numbers and all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.language import sentence_spans

Kind = Literal["sentence", "heading", "fixed", "gap"]
"""fixed: code and tables, which are kept whole. gap: blank lines, kept between what is kept."""

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+\S")
_TABLE = re.compile(r"^\s*\|.*\|\s*$|^[^;|]{1,160}(?:;\s[^;:|]{1,60}:\s[^;|]+)+$|^[^|]+(?:\s\|\s[^|]+){2,}$")
_CODE = re.compile(r"^(?:\t| {4,})\S.*[;{}()=]|[{};]\s*$|^\s*(?:def|class|import|from|return|SELECT|\$|>>>)\s")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of the text, with the blank that follows it."""

    text: str
    kind: Kind
    level: int = 0
    """Of a heading: 1 is the highest."""
    leads: bool = False
    """It ends with a colon: what follows hangs from it."""
    item: bool = False


def units_of(text: str) -> list[Unit]:
    """The units of a text; joining them gives the text again."""
    found: list[Unit] = []
    paragraph: list[str] = []
    fenced = False

    def close() -> None:
        if paragraph:
            found.extend(_sentences("".join(paragraph)))
            paragraph.clear()

    for line in text.splitlines(keepends=True):
        fence = _FENCE.match(line) is not None
        heading = _HEADING.match(line)
        if fenced or fence:
            close()
            found.append(Unit(line, "fixed"))
            fenced = fenced != fence
        elif not line.strip():
            close()
            found.append(Unit(line, "gap"))
        elif heading is not None:
            close()
            found.append(Unit(line, "heading", level=len(heading[1])))
        elif _TABLE.match(line) or _CODE.search(line):
            close()
            found.append(Unit(line, "fixed"))
        elif _ITEM.match(line):
            close()
            found.append(Unit(line, "sentence", leads=line.rstrip().endswith(":"), item=True))
        else:
            paragraph.append(line)
    close()
    return found


def _sentences(paragraph: str) -> list[Unit]:
    return [
        Unit(sentence := paragraph[start:end], "sentence", leads=sentence.rstrip().endswith(":"))
        for start, end in sentence_spans(paragraph)
    ]
