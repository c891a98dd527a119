"""The contract of a reader: the bytes of one file type in, its text as blocks with headings and positions out.

Readers lie in `readers/`, one file type a file, and are found by being there.
"""

from __future__ import annotations

import codecs
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import ClassVar, Literal

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.retrieval import readers

BlockKind = Literal["paragraph", "item", "row", "code"]

MOST_TEXT_CHARACTERS = 20_000_000
"""A document with more text than this is refused: no handbook is that long, but a zip bomb is."""
_TOO_LONG = f"It holds more than {MOST_TEXT_CHARACTERS // 1_000_000} million characters of text. Split it."


class Unreadable(QuarterdeckError):
    """This file cannot be read."""

    status = 400
    kind = "invalid_request_error"


@dataclass(frozen=True)
class Block:
    """The smallest piece of a document that is never torn apart: a paragraph, a list item, a table row, a listing.

    Positions are those a person would look up: of the file itself where it is text, else of the text taken from it.
    """

    kind: BlockKind
    text: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    line_start: int
    """The first line is 1."""
    line_end: int
    page: int | None = None


@dataclass(frozen=True)
class Reading:
    """What a reader found in a file."""

    title: str | None
    blocks: list[Block]


class Reader(ABC):
    """Reads one type of file. Blocking: call it in a thread."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Counted up when the same file would give other blocks: documents are then read again."""
    media_type: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, content: bytes) -> Reading:
        """The text of a file. Raises `Unreadable`, with a reason that its owner understands."""


def reader_for(path: str) -> Reader:
    """The reader for a file of this name."""
    suffix = PurePosixPath(path).suffix.lower()
    known = _readers()
    if suffix not in known:
        what = f"`{suffix}` files" if suffix else "Files without an ending"
        raise Unreadable(f"{what} cannot be read. Quarterdeck reads {', '.join(sorted(known))}.")
    return known[suffix]


def decode(content: bytes) -> str:
    """Bytes of a text file as text: UTF-8, or UTF-16 that says so. A guess would only garble it silently."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"It is not valid UTF-8 (at byte {error.start}). Save it as UTF-8 and try again.") from error
    if "\0" in text:
        raise Unreadable("It holds binary data, not text.")
    if len(text) > MOST_TEXT_CHARACTERS:
        raise Unreadable(_TOO_LONG)
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Outline:
    """Where in the headings of a document a reader is."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, heading: str) -> None:
        """A heading begins; those of its level and below end."""
        self._open = [(above, text) for above, text in self._open if above < level]
        self._open.append((level, heading))

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._open)


class Transcript:
    """The text taken from a file whose own positions say nothing to a person, written down line by line."""

    def __init__(self, outline: Outline | None = None) -> None:
        self._outline = outline or Outline()
        self._length = 0
        self._line = 1
        self._blocks: list[Block] = []

    def heading(self, level: int, text: str) -> None:
        """A heading; what follows lies below it."""
        if text.strip():
            self._outline.enter(level, text.strip())
            self._advance(text.strip())

    def block(self, kind: BlockKind, text: str, *, page: int | None = None) -> None:
        """A piece of text; empty ones leave no trace."""
        text = text.strip("\n ") if kind == "code" else text.strip()
        if not text:
            return
        start, line = self._length, self._line
        self._advance(text)
        end = start + len(text)
        self._blocks.append(Block(kind, text, self._outline.path, start, end, line, line + text.count("\n"), page=page))

    def reading(self, title: str | None = None) -> Reading:
        """Everything that was written down."""
        return Reading(title, self._blocks)

    def _advance(self, text: str) -> None:
        self._length += len(text) + 1
        self._line += text.count("\n") + 1
        if self._length > MOST_TEXT_CHARACTERS:
            raise Unreadable(_TOO_LONG)


@cache
def _readers() -> Mapping[str, Reader]:
    found: dict[str, Reader] = {}
    for module in pkgutil.iter_modules(readers.__path__, f"{readers.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Reader) and value.__module__ == module.name:
                found |= dict.fromkeys(value.suffixes, value())
    return found
