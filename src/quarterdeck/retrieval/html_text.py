"""Takes the text out of HTML: headings, paragraphs, list items, table rows and listings, without the page around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from quarterdeck.retrieval.reader import Transcript
from quarterdeck.retrieval.tabular import row_texts

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_SKIPPED = frozenset(
    """head title script style noscript template svg canvas iframe object nav footer form button input select textarea
    label dialog menu audio video map math""".split()  # noqa: SIM905 - reads better than a list
)
_SKIPPED_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "dialog", "alertdialog"})
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd mark meter output picture progress q
    rp rt ruby s samp small source span strike strong sub sup time tt u var wbr""".split()  # noqa: SIM905 - likewise
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BREAK = "\0"  # stands for <br>: every other line break of the source is only a space
_DEEPEST = 150
_WIDEST_SPAN = 50


def transcribe(root: LexborNode, transcript: Transcript, *, whole_page: bool) -> None:
    """Write down what a reader of the page came for. The header of a `whole_page` is not part of that."""
    _Walk(transcript, whole_page=whole_page).go(root)


class _Walk:
    """One pass over a tree: inline text gathers in a buffer, and each block boundary writes it down."""

    def __init__(self, transcript: Transcript, *, whole_page: bool) -> None:
        self._transcript = transcript
        self._whole_page = whole_page
        self._gathered: list[str] = []
        self._items_seen: list[int | None] = []
        """The open lists, outermost first: how many items of a numbered one were seen, None for a bulleted one."""
        self._marker = ""

    def go(self, root: LexborNode) -> None:
        self._inside(root, 0)
        self._flush()

    def _inside(self, node: LexborNode, depth: int) -> None:
        if depth > _DEEPEST:
            self._gathered.append(node.text(deep=True))
            return
        for child in _children(node):
            self._visit(child, depth + 1)

    def _visit(self, node: LexborNode, depth: int) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._gathered.append(node.text_content or "")
        elif tag == "br":
            self._gathered.append(_BREAK)
        elif tag.startswith("-") or self._is_left_out(node, tag):
            return
        elif tag in _INLINE:
            self._inside(node, depth)
        else:
            self._flush()
            self._block(node, tag, depth)
            self._flush()

    def _block(self, node: LexborNode, tag: str, depth: int) -> None:
        if tag in _HEADINGS:
            self._transcript.heading(_HEADINGS[tag], _shown(_text(node)).replace("\n", " "))
        elif tag == "pre":
            self._transcript.block("code", node.text(deep=True))
        elif tag == "table" and _holds_data(node):
            rows, header = _grid(node)
            for text in row_texts(rows, header=header):
                self._transcript.block("row", text)
        elif tag in ("ul", "ol"):
            self._items_seen.append(0 if tag == "ol" else None)
            self._inside(node, depth)
            self._flush()
            self._items_seen.pop()
            self._marker = "  " * len(self._items_seen)  # what follows in the item around has no mark of its own
        elif tag == "li":
            self._marker = self._next_marker()
            self._inside(node, depth)
        else:
            self._inside(node, depth)

    def _next_marker(self) -> str:
        seen = self._items_seen.pop() if self._items_seen else None
        self._items_seen.append(None if seen is None else seen + 1)
        return "  " * (len(self._items_seen) - 1) + ("- " if seen is None else f"{seen + 1}. ")

    def _flush(self) -> None:
        text = _shown("".join(self._gathered))
        self._gathered.clear()
        if text and self._items_seen:
            self._transcript.block("item", self._marker + text)
            self._marker = "  " * len(self._items_seen)
        elif text:
            self._transcript.block("paragraph", text)

    def _is_left_out(self, node: LexborNode, tag: str) -> bool:
        attributes = node.attributes
        if tag in _SKIPPED or (tag == "header" and self._whole_page and not _is_inside_content(node)):
            return True
        if attributes.get("role") in _SKIPPED_ROLES or attributes.get("aria-hidden") == "true":
            return True
        if "hidden" in attributes or _HIDDEN_STYLE.search(attributes.get("style") or ""):
            return True
        return tag == "aside" and _is_mostly_links(node)


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _text(node: LexborNode, depth: int = 0) -> str:
    """All text of a node in one piece, with its line breaks marked."""
    if depth > _DEEPEST:
        return node.text(deep=True)
    parts = []
    for child in _children(node):
        tag = child.tag or ""
        if tag == "-text":
            parts.append(child.text_content or "")
        elif tag == "br":
            parts.append(_BREAK)
        elif not tag.startswith("-") and tag not in _SKIPPED:
            inner = _text(child, depth + 1)
            parts.append(inner if tag in _INLINE else f"{_BREAK}{inner}{_BREAK}")
    return "".join(parts)


def _shown(text: str) -> str:
    """Text with the white space that a browser would show."""
    lines = (" ".join(line.split()) for line in text.split(_BREAK))
    return "\n".join(line for line in lines if line)


def _is_inside_content(node: LexborNode) -> bool:
    above = node.parent
    while above is not None:
        if above.tag in ("article", "main", "section"):
            return True
        above = above.parent
    return False


def _is_mostly_links(node: LexborNode) -> bool:
    everything = len("".join(node.text(deep=True).split()))
    linked = sum(len("".join(link.text(deep=True).split())) for link in node.css("a"))
    return linked * 2 > everything


def _holds_data(table: LexborNode) -> bool:
    """Whether a table holds data; one that only lays out a page holds other tables or headings."""
    return table.css_first("table table, h1, h2, h3, h4, form") is None and len(table.css("td, th")) > 1


def _grid(table: LexborNode) -> tuple[list[list[str]], bool]:
    """The cells of a table, those that span repeated where they reach, and whether the first row names the columns."""
    rows: list[list[str]] = []
    reaching: dict[int, tuple[int, str]] = {}
    """Columns taken by a cell of a row above: for how many more rows, and with what text."""
    header = False
    for row in table.css("tr"):
        cells: list[str] = []
        kinds = set()
        for cell in (child for child in _children(row) if child.tag in ("td", "th")):
            kinds.add(cell.tag)
            _fill_from_above(cells, reaching)
            text = _shown(_text(cell)).replace("\n", " ")
            for _ in range(_span(cell, "colspan")):
                if (down := _span(cell, "rowspan")) > 1:
                    reaching[len(cells)] = (down - 1, text)
                cells.append(text)
        _fill_from_above(cells, reaching)
        if not rows:
            header = kinds == {"th"} or (row.parent is not None and row.parent.tag == "thead")
        rows.append(cells)
    return rows, header


def _fill_from_above(cells: list[str], reaching: dict[int, tuple[int, str]]) -> None:
    while len(cells) in reaching:
        rows_left, text = reaching.pop(len(cells))
        if rows_left > 1:
            reaching[len(cells)] = (rows_left - 1, text)
        cells.append(text)


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return min(max(int(value), 1), _WIDEST_SPAN) if value.isdigit() else 1
