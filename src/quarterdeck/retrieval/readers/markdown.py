"""Reads Markdown: front matter, headings, lists, tables, listings and HTML inside; template tags are taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser

from quarterdeck.retrieval.html_text import transcribe
from quarterdeck.retrieval.reader import Block, BlockKind, Outline, Reader, Reading, Transcript, decode
from quarterdeck.retrieval.tabular import row_texts

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n\1[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title\s*[:=]\s*(.+?)\s*$", re.MULTILINE)
_COMMENT = re.compile(r"\{%-?\s*comment\s*-?%\}"), re.compile(r"\{%-?\s*endcomment\s*-?%\}")
_HTML_COMMENT = re.compile(r"<!--"), re.compile(r"-->")
_TAG = re.compile(r"\{%-?"), re.compile(r"-?%\}")
_VALUE = re.compile(r"\{\{"), re.compile(r"\}\}")
_NAME = re.compile(r"\s*(\w+)")
_ATTRIBUTES = re.compile(r"[ \t]*\{:[^{}\n]*\}[ \t]*$", re.MULTILINE)
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")


class MarkdownReader(Reader):
    """Markdown with tables and front matter, as GitHub, Jekyll, Hugo and Eleventy have it."""

    name = "markdown"
    version = 1
    media_type = "text/markdown"
    suffixes = (".md", ".markdown", ".mdown", ".mkd")

    def read(self, content: bytes) -> Reading:
        source = decode(content)
        title, body = _without_front_matter(source)
        tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(_without_templates(body))
        return Reading(title, _Walk(source).blocks(tokens))


class _Walk:
    """One pass over the tokens of a document; positions are those of its source."""

    def __init__(self, source: str) -> None:
        self._offsets = [0]
        for line in source.split("\n"):
            self._offsets.append(self._offsets[-1] + len(line) + 1)
        self._outline = Outline()
        self._blocks: list[Block] = []
        self._lists = 0
        self._marker = ""

    def blocks(self, tokens: Sequence[Token]) -> list[Block]:
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type == "table_open":
                table = list(takewhile(lambda inner: inner.type != "table_close", tokens[position:]))
                self._table(table)
                position += len(table)
            else:
                self._visit(token, tokens[position + 1] if position + 1 < len(tokens) else None)
            position += 1
        return self._blocks

    def _visit(self, token: Token, inline: Token | None) -> None:
        if token.type == "heading_open" and inline is not None:
            if text := _plain(inline).replace("\n", " "):
                self._outline.enter(int(token.tag[1]), text)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self._lists += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._lists -= 1
            self._marker = "  " * self._lists  # what follows in the item around this list has no mark of its own
        elif token.type == "list_item_open":
            self._marker = "  " * (self._lists - 1) + (f"{token.info}. " if token.info else "- ")
        elif token.type == "paragraph_open" and inline is not None:
            self._paragraph(_plain(inline), token)
        elif token.type in ("fence", "code_block"):
            self._add("code", token.content.strip("\n"), token)
        elif token.type == "html_block":
            self._html(token)

    def _paragraph(self, text: str, token: Token) -> None:
        if not self._lists:
            self._add("paragraph", text, token)
        elif text:
            self._add("item", self._marker + text, token)
            self._marker = "  " * self._lists

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[tuple[Token, list[str]]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append((token, []))
            elif token.type == "inline":
                rows[-1][1].append(_plain(token))
        [(_, names), *below] = rows
        for token, cells in below:
            for text in row_texts([names, cells], header=any(names)):
                self._add("row", text, token)

    def _html(self, token: Token) -> None:
        """HTML between the Markdown: its headings join the outline, its text is found at the lines of the whole."""
        transcript = Transcript(self._outline)
        body = LexborHTMLParser(token.content).body
        if body is not None:
            transcribe(body, transcript, whole_page=False)
        for block in transcript.reading().blocks:
            self._add(block.kind, block.text, token, block.heading_path)

    def _add(self, kind: BlockKind, text: str, token: Token, path: tuple[str, ...] | None = None) -> None:
        if not text.strip() or token.map is None:
            return
        first, after = token.map
        after = max(first + 1, min(after, len(self._offsets) - 1))
        self._blocks.append(
            Block(
                kind,
                text.rstrip(),
                self._outline.path if path is None else path,
                start=self._offsets[first],
                end=self._offsets[after] - 1,
                line_start=first + 1,
                line_end=after,
            )
        )


def _plain(inline: Token) -> str:
    """Inline Markdown as a person reads it: links by their text, pictures by their description."""
    parts: list[str] = []
    for token in inline.children or []:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or (token.type == "html_inline" and token.content.startswith("<br")):
            parts.append("\n")
        elif token.type == "image":
            parts.append(token.content)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _without_front_matter(source: str) -> tuple[str | None, str]:
    """The title that the front matter gives, and the rest with every line where it was."""
    match = _FRONT_MATTER.match(source)
    if match is None:
        return None, source
    title = _TITLE.search(match[2])
    return (_unquoted(title[1]) if title else None), "\n" * match[0].count("\n") + source[match.end() :]


def _unquoted(text: str) -> str | None:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].replace('\\"', '"').replace("''", "'")
    return text.strip() or None


def _without_templates(source: str) -> str:
    """Template tags of static site builders say nothing to a reader, but for the names and titles inside some."""
    source = _replaced(source, _COMMENT, _no_text)
    source = _replaced(source, _HTML_COMMENT, _no_text)
    source = _replaced(source, _TAG, _tag_text)
    source = _replaced(source, _VALUE, _no_text)
    return _ATTRIBUTES.sub("", source)


def _replaced(source: str, marks: tuple[re.Pattern[str], re.Pattern[str]], shown: Callable[[str], str]) -> str:
    """A text with all that stands between two marks replaced; every line below stays the line it was.

    One pass: a pattern over both marks would look for the end of the text again and again where an end is missing.
    """
    begin, end = marks
    parts: list[str] = []
    position = 0
    while (opened := begin.search(source, position)) and (closed := end.search(source, opened.end())):
        inside = source[opened.end() : closed.start()]
        parts += [source[position : opened.start()], shown(inside), "\n" * inside.count("\n")]
        position = closed.end()
    return "".join([*parts, source[position:]])


def _tag_text(tag: str) -> str:
    """What a page shows in place of a tag: `#travel` for a channel, the title of an alert, nothing for most."""
    named = _NAME.match(tag)
    name = named[1] if named else ""
    quoted: list[str] = [double or single for double, single in _QUOTED.findall(tag)]
    if name == "slack_channel" and quoted:
        return quoted[1] if len(quoted) > 1 else "#" + quoted[0].removeprefix("#")
    if name in ("alert", "callout", "note", "warning", "details", "admonition") and quoted:
        return f"**{quoted[0]}**"
    return ""


def _no_text(_inside: str) -> str:
    return ""
