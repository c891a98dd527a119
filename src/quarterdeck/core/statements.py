"""A passage as the statements it makes: sentences, list items with their lead-in, table rows with their header.

A cell such as `4 weeks before` says nothing alone. As `Length of leave: 4 days or more; Ask at least: 4 weeks before`
it can be searched, checked and quoted. Reads Markdown and plain text; never fails, whatever it is given.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.language import sentences

StatementKind = Literal["sentence", "lead", "item", "row"]


@dataclass(frozen=True)
class Statement:
    """One thing a passage says, readable without markup."""

    text: str
    kind: StatementKind
    position: int
    """Its place among the statements of the passage."""
    block: int
    """Statements of one paragraph, list or table share it."""
    heading: str = ""
    """The nearest heading above it inside the passage."""
    lead: str = ""
    """What the statement hangs from: the sentence before a list, the parent item, the table's first column."""

    def whole(self) -> str:
        """The statement with its lead-in: what it takes to understand it alone."""
        return f"{self.lead} {self.text}" if self.lead else self.text


_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-{3,})\s*$")
_ITEM = re.compile(r"^(\s*)(?:[-*+•◦‣·–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+(?:\[[ xX]\]\s+)?(.*)$")
_DIVIDER = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\s*\n", re.DOTALL)
# How our own readers write a table row: `Country: Norway; Days: 25`, or `Norway | 25`.
_ROW_LINE = re.compile(r"^\s*(?:[^;|]{1,160}(?:;\s[^;:|]{1,60}:\s[^;|]+)+|[^|]+(?:\s\|\s[^|]+)+)$")
_BARE = re.compile(r"^(?:\d{1,3}[.)]\s+)?[^\W\d_][^|;:]*[^\s.,;:!?|\\]$")
_BEGINS = re.compile(r"^[\"“‘(]?[A-ZÀ-Ý0-9]")
_LONGEST_HEADING = 60
_LONG_ITEM = 320

_INLINE = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), ""),
    (re.compile(r"\[([^\]]+)\]\((?:\{%.*?%\}|[^()]|\([^()]*\))*\)"), r"\1"),
    (re.compile(r"\[([^\]]+)\]\[[^\]]*\]"), r"\1"),
    (re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{:[^}]*\}"), ""),
    (re.compile(r"<((?:https?|mailto):[^>\s]+)>"), r"\1"),
    (re.compile(r"<br\s*/?>", re.IGNORECASE), " "),
    (re.compile(r"</?[a-zA-Z][^<>]*>"), ""),
    (re.compile(r"\[\^?\d{1,3}\]"), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?!\w)"), r"\1"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), r"\1"),
    (re.compile(r"`+([^`]*)`+"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!~<>|=-])"), r"\1"),
)


def statements(passage: str) -> list[Statement]:
    """What a passage says, in order."""
    found: list[Statement] = []
    heading = ""
    lead = ""
    for number, block in enumerate(_blocks(passage)):
        if block.kind == "heading":
            heading, lead = block.lines[0], ""
            continue
        for text, kind, hangs_from in _of_block(block, lead):
            if re.search(r"\w", text):
                found.append(Statement(text, kind, len(found), number, heading, hangs_from))
        last = found[-1] if found and block.kind == "paragraph" else None
        lead = last.text if last is not None and last.kind == "lead" else ""
    return found


def plain(text: str) -> str:
    """A line of Markdown as the words a reader sees."""
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return re.sub(r"\s+", " ", html.unescape(text)).strip()


@dataclass(frozen=True)
class _Block:
    kind: Literal["heading", "paragraph", "list", "table"]
    lines: list[str]


def _blocks(passage: str) -> Iterator[_Block]:
    """The passage in blocks of lines. Code is left out: it is neither checked nor quoted as a sentence."""
    kind: Literal["paragraph", "list", "table"] = "paragraph"
    lines: list[str] = []
    fenced = False
    for line in [*_with_headings_marked(_FRONT_MATTER.sub("", passage).splitlines()), ""]:
        if _FENCE.match(line):
            fenced = not fenced
            line = ""
        elif fenced:
            continue
        line = re.sub(r"^\s{0,3}>+\s?", "", line.expandtabs(4))
        line_kind = _kind_of(line, lines, kind)
        if line_kind == "blank":
            if lines and kind == "list":
                lines.append("")
            elif lines:
                yield _Block(kind, lines)
                lines = []
        elif line_kind == "underline":
            *above, title = lines
            if above:
                yield _Block("paragraph", above)
            yield _Block("heading", [plain(title)])
            lines = []
        elif line_kind == "heading":
            if lines:
                yield _Block(kind, lines)
            lines = []
            yield _Block("heading", [plain(_HEADING.sub(r"\1", line))])
        elif lines and line_kind == kind:
            lines.append(line)
        else:
            if lines:
                yield _Block(kind, lines)
            kind, lines = line_kind, [line]
    if lines:
        yield _Block(kind, lines)


def _with_headings_marked(lines: list[str]) -> Iterator[str]:
    """The lines, with `#` before those that are headings by their looks: short, bare, with a longer line right below."""
    for number, line in enumerate(lines):
        above = lines[number - 1].strip() if number else ""
        below = lines[number + 1].strip() if number + 1 < len(lines) else ""
        alone = not above and 0 < len(line.strip()) <= _LONGEST_HEADING and line[:1].strip() != ""
        if (
            alone
            and _BARE.match(line)
            and _BEGINS.match(below)
            and len(below) > 1.3 * len(line)
            and not _ITEM.match(below)
        ):
            yield f"## {line.strip()}"
        else:
            yield line


def _kind_of(
    line: str, before: list[str], kind: str
) -> Literal["blank", "underline", "heading", "table", "list", "paragraph"]:
    if not line.strip():
        return "blank"
    if _HEADING.match(line):
        return "heading"
    if _UNDERLINE.match(line):
        return "underline" if before and kind == "paragraph" and len(before[-1]) < 120 else "blank"
    if line.lstrip().startswith("|") or (kind == "table" and before and "|" in line):
        return "table"
    if _ITEM.match(line):
        return "list"
    goes_on = kind == "list" and before and (before[-1] != "" or line.startswith("  "))
    return "list" if goes_on else "paragraph"


def _of_block(block: _Block, lead: str) -> Iterator[tuple[str, StatementKind, str]]:
    if block.kind == "paragraph":
        yield from _of_paragraph(block.lines)
    elif block.kind == "list":
        yield from _of_list(block.lines, lead)
    else:
        yield from _of_table(block.lines)


def _of_paragraph(lines: list[str]) -> Iterator[tuple[str, StatementKind, str]]:
    if all(_ROW_LINE.match(line) for line in lines):
        for line in lines:
            text = plain(line)
            yield text if text.endswith((".", "!", "?")) else f"{text}.", "row", ""
        return
    parts = sentences(plain("\n".join(lines)))
    for part in parts[:-1]:
        yield part, "sentence", ""
    for part in parts[-1:]:
        yield part, "lead" if part.endswith(":") else "sentence", ""


def _of_list(lines: list[str], lead: str) -> Iterator[tuple[str, StatementKind, str]]:
    items: list[tuple[int, list[str]]] = []
    for line in lines:
        match = _ITEM.match(line)
        if match:
            items.append((len(match[1]), [match[2]]))
        elif items and line:
            items[-1][1].append(line)
    parents: list[tuple[int, str]] = []
    for number, (indent, parts) in enumerate(items):
        text = plain("\n".join(parts))
        parents = [(depth, parent) for depth, parent in parents if depth < indent]
        hangs_from = parents[-1][1] if parents else lead
        has_children = number + 1 < len(items) and items[number + 1][0] > indent
        if has_children:
            parents.append((indent, text if text.endswith(":") else f"{text.rstrip('.')}:"))
        if len(text) <= _LONG_ITEM:
            yield text, "item", hangs_from
        else:
            for part in sentences(text):
                yield part, "item", hangs_from


def _of_table(lines: list[str]) -> Iterator[tuple[str, StatementKind, str]]:
    header: list[str] = []
    rows = [_cells(line) for line in lines if not _DIVIDER.match(line)]
    if len(lines) > 1 and _DIVIDER.match(lines[1]):
        header, rows = rows[0], rows[1:]
    for row in rows:
        yield _row(header, row), "row", ""


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [plain(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", inner)]


def _row(header: list[str], cells: list[str]) -> str:
    """A row as a sentence. Only cells that say something, each after the name of its column."""
    said = []
    for number, cell in enumerate(cells):
        name = header[number] if number < len(header) else ""
        if cell and cell not in {"-", "–", "—"}:
            said.append(f"{name.rstrip(':')}: {cell}" if name and name != cell else cell)
    text = "; ".join(said)
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
