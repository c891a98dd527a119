"""Reads Word documents: headings by style, lists with their marks, tables, and text that is still being reviewed."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.retrieval.reader import Reader, Reading, Transcript, Unreadable
from quarterdeck.retrieval.tabular import row_texts

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element as Element

_MOST_UNPACKED_MB = 300
# What a broken package makes the libraries below raise, seen by breaking packages.
_DAMAGES = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, LookupError, ValueError, AttributeError,
            TypeError, RuntimeError)  # fmt: skip
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_W}val"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_BODY_OUTLINE_LEVEL = 9


class DocxReader(Reader):
    """Word 2007 and later."""

    name = "docx"
    version = 1
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    suffixes = (".docx",)

    def read(self, content: bytes) -> Reading:
        _require_sound_package(content)
        # Slow to load, and only some need it.
        import docx
        from docx.opc.exceptions import OpcError
        from lxml.etree import LxmlError

        try:
            document = docx.Document(io.BytesIO(content))
            title = (document.core_properties.title or "").strip()
            transcript = Transcript()
            _Walk(document, transcript).go()
        except (OpcError, LxmlError, *_DAMAGES) as error:
            raise Unreadable(f"It is damaged, or no Word document: {error}.") from error
        return transcript.reading(title or None)


def _require_sound_package(content: bytes) -> None:
    """Look into the ZIP before anything is unpacked: a small file may hold gigabytes."""
    if content.startswith(_OLD_OR_ENCRYPTED):
        raise Unreadable("It is protected by a password, or an old `.doc` file. Save it as an open `.docx`.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            unpacked = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable("It is damaged, or no Word document at all.") from error
    if unpacked > _MOST_UNPACKED_MB * 1_000_000:
        raise Unreadable(f"Unpacked it is larger than {_MOST_UNPACKED_MB} MB. Take the pictures out, or split it.")


class _Walk:
    """One pass over the body of a document."""

    def __init__(self, document: Document, transcript: Transcript) -> None:
        self._document = document
        self._transcript = transcript
        self._numbers: Counter[tuple[str, int]] = Counter()

    def go(self) -> None:
        for element in _blocks(self._document.element.body):
            if element.tag == f"{_W}tbl":
                self._table(element)
            else:
                self._paragraph(element)

    def _paragraph(self, paragraph: Element) -> None:
        text = _text(paragraph)
        style = self._style_of(paragraph)
        if not text or style.name.startswith("toc"):
            return
        level = self._heading_level(paragraph, style)
        if level is not None:
            self._transcript.heading(level, text.replace("\n", " "))
        elif (marker := self._marker(paragraph, style)) is not None:
            self._transcript.block("item", marker + text)
        else:
            self._transcript.block("paragraph", text)

    def _table(self, table: Element) -> None:
        rows = [list(_row(row)) for row in table.iterchildren(f"{_W}tr")]
        if rows and max(map(len, rows)) == 1:  # a frame around text
            for (text,) in (row for row in rows if row):
                self._transcript.block("paragraph", text)
            return
        for text in row_texts(rows, header=len(rows) > 1):
            self._transcript.block("row", text)

    def _heading_level(self, paragraph: Element, style: _Style) -> int | None:
        if style.name == "title":
            return 0
        own = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        outline = int(own.get(_VALUE, "9")) if own is not None else style.outline
        return outline + 1 if outline < _BODY_OUTLINE_LEVEL else None

    def _marker(self, paragraph: Element, style: _Style) -> str | None:
        """The mark of a list item, with its number where it has one; None for what is no item."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        numbering, level = _numbering(own) if own is not None else style.numbering
        if numbering in (None, "0"):
            return None
        indent = "  " * level
        if self._formats.get((numbering, level), "bullet") == "bullet":
            return f"{indent}- "
        self._numbers[numbering, level] += 1
        for deeper in range(level + 1, 9):
            self._numbers[numbering, deeper] = 0
        return f"{indent}{self._numbers[numbering, level]}. "

    def _style_of(self, paragraph: Element) -> _Style:
        named = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return self._styles[named.get(_VALUE, "") if named is not None else ""]

    @cached_property
    def _styles(self) -> defaultdict[str, _Style]:
        """What the styles say, by id; what a style does not say, the one it is based on says."""
        elements = {e.get(f"{_W}styleId", ""): e for e in self._document.styles.element.iterchildren(f"{_W}style")}
        found: defaultdict[str, _Style] = defaultdict(_Style)
        for style_id in elements:
            found[style_id] = _Style(list(_with_bases(style_id, elements)))
        return found

    @cached_property
    def _formats(self) -> dict[tuple[str, int], str]:
        """How the levels of each list are marked: `bullet`, `decimal`, …"""
        try:
            numbering = self._document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return {}
        abstract = {
            (each.get(f"{_W}abstractNumId"), int(level.get(f"{_W}ilvl", "0"))): _value(level.find(f"{_W}numFmt"))
            for each in numbering.iterchildren(f"{_W}abstractNum")
            for level in each.iterchildren(f"{_W}lvl")
        }
        return {
            (number.get(f"{_W}numId", ""), level): form
            for number in numbering.iterchildren(f"{_W}num")
            for (abstract_id, level), form in abstract.items()
            if abstract_id == _value(number.find(f"{_W}abstractNumId"))
        }


class _Style:
    """What a paragraph style says, with the styles it is based on behind it."""

    def __init__(self, chain: list[Element] | None = None) -> None:
        chain = chain or []
        names = [_value(style.find(f"{_W}name")).lower() for style in chain]
        self.name = names[0] if names else ""
        self.outline = _BODY_OUTLINE_LEVEL
        self.numbering: tuple[str | None, int] = (None, 0)
        for style, name in reversed(list(zip(chain, names, strict=True))):
            heading = _HEADING.fullmatch(name)
            outline = style.find(f"{_W}pPr/{_W}outlineLvl")
            numbering = style.find(f"{_W}pPr/{_W}numPr")
            if heading is not None:
                self.outline = int(heading[1]) - 1
            elif outline is not None:
                self.outline = int(_value(outline) or _BODY_OUTLINE_LEVEL)
            if numbering is not None:
                self.numbering = _numbering(numbering)


def _blocks(parent: Element) -> Iterator[Element]:
    """Paragraphs and tables in order, those inside content controls and unaccepted changes too."""
    for child in parent.iterchildren():
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag == f"{_W}sdt":
            gallery = child.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
            inner = child.find(f"{_W}sdtContent")
            if inner is not None and "Contents" not in _value(gallery):
                yield from _blocks(inner)
        elif child.tag in (f"{_W}ins", f"{_W}moveTo", f"{_W}customXml", f"{_W}smartTag"):
            yield from _blocks(child)


def _row(row: Element) -> Iterator[str]:
    """The cells of a row; one that spans columns is repeated in each."""
    for cell in row.iterchildren(f"{_W}tc"):
        text = "\n".join(_text(paragraph) for paragraph in cell.iter(f"{_W}p"))
        span = _value(cell.find(f"{_W}tcPr/{_W}gridSpan")) or "1"
        for _ in range(min(int(span), 50) if span.isdigit() else 1):
            yield text


def _text(paragraph: Element) -> str:
    """What a paragraph says when all changes are accepted; links, fields and boxes by their text."""
    parts: list[str] = []
    for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}noBreakHyphen"):
        if any(above.tag in (f"{_W}del", f"{_W}moveFrom", f"{_W}tabs") for above in node.iterancestors()):
            continue
        if node.tag == f"{_W}t":
            parts.append(node.text or "")
        elif node.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        else:
            parts.append(" " if node.tag == f"{_W}tab" else "\n")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _with_bases(style_id: str, elements: dict[str, Element]) -> Iterator[Element]:
    seen = set()
    while style_id in elements and style_id not in seen:
        seen.add(style_id)
        yield elements[style_id]
        style_id = _value(elements[style_id].find(f"{_W}basedOn"))


def _numbering(element: Element) -> tuple[str | None, int]:
    level = _value(element.find(f"{_W}ilvl")) or "0"
    return _value(element.find(f"{_W}numId")) or None, int(level) if level.isdigit() else 0


def _value(element: Element | None) -> str:
    return "" if element is None else element.get(_VALUE, "")
