"""Cuts a document into passages that can be found, shown and cited: along its headings, never through a list item.

Sections keep apart; only tiny neighbours under one heading are put together, with their sub-headings written out.
A sentence that leads into a list or a table stays with its beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, takewhile

from quarterdeck.core.language import sentences
from quarterdeck.retrieval.reader import Block, Reading

VERSION = 1
"""Counted up when the same blocks would give other passages: documents are then cut again."""

MOST_WORDS = 160
TINY_WORDS = 25
_MOST_LEAD_IN_WORDS = 60
_MOST_TAIL_WORDS = 25
_WINDOW_CHARACTERS = 4_000

Path = tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    """One piece of a document, with the headings above it and its place."""

    heading_path: Path
    text: str
    words: int
    start: int
    end: int
    line_start: int
    line_end: int
    page: int | None


def chunk(reading: Reading) -> list[Passage]:
    """The passages of a document, in order. The same blocks always give the same passages."""
    blocks = [part for block in reading.blocks for part in _split(block)]
    sections = [(path, list(group)) for path, group in groupby(blocks, key=lambda block: block.heading_path)]
    return [_passage(path, part) for path, section in _merge_tiny(sections) for part in _pack(section)]


def titled(reading: Reading, fallback: str) -> Reading:
    """A document with its title found, and that title taken out of the heading paths, where it would stand twice."""
    tops = {block.heading_path[0] for block in reading.blocks if block.heading_path}
    title = reading.title or (tops.pop() if len(tops) == 1 else fallback)
    return Reading(title, [_below(block, title) for block in reading.blocks])


def _below(block: Block, title: str) -> Block:
    path = block.heading_path
    return replace(block, heading_path=path[1:]) if path and path[0].casefold() == title.casefold() else block


def _merge_tiny(sections: Sequence[tuple[Path, list[Block]]]) -> Iterator[tuple[Path, list[Block]]]:
    """Sections, the tiny ones put together with their neighbours under the same parent."""
    merged: list[tuple[Path, list[tuple[Path, list[Block]]], int]] = []
    for path, blocks in sections:
        words = sum(map(_words, blocks))
        if merged:
            above, parts, above_words = merged[-1]
            shared = _shared(above, path)
            related = bool(shared) or (len(above) <= 1 and len(path) <= 1)
            nearby = max(len(above), len(path)) - len(shared) <= 1
            if related and nearby and min(words, above_words) < TINY_WORDS and words + above_words <= MOST_WORDS:
                merged[-1] = (shared, [*parts, (path, blocks)], above_words + words)
                continue
        merged.append((path, [(path, blocks)], words))
    for path, parts, _ in merged:
        yield path, [block for part_path, part in parts for block in _under_sub_heading(part, part_path[len(path) :])]


def _shared(above: Path, path: Path) -> Path:
    """The headings that two sections have in common."""
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(above, path, strict=False)))


def _under_sub_heading(blocks: list[Block], sub_headings: Path) -> list[Block]:
    """The blocks of a section that lost its heading to a merge, with that heading written above them."""
    if not sub_headings:
        return blocks
    first, *rest = blocks
    return [replace(first, text=" > ".join(sub_headings) + "\n" + first.text), *rest]


def _pack(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks in passages of about the same length, none longer than `MOST_WORDS` where it can be helped."""
    units = _glued(blocks)
    left = sum(sum(map(_words, unit)) for unit in units)
    target = left / max(1, math.ceil(left / MOST_WORDS))
    packed: list[Block] = []
    words = 0
    for unit in units:
        size = sum(map(_words, unit))
        full = words + size > MOST_WORDS or words + size / 2 > target
        if packed and full and left > _MOST_TAIL_WORDS:
            yield packed
            packed, words = [], 0
        packed = packed + unit
        words += size
        left -= size
    if packed:
        yield packed


def _glued(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks, with each sentence that leads into a list, table or listing joined to the first piece of it."""
    units: list[list[Block]] = []
    for block in blocks:
        before = units[-1][-1] if units else None
        leads_in = (
            before is not None
            and before.kind == "paragraph"
            and (block.kind != "paragraph" or before.text.endswith(":"))
            and (before.text.rstrip("*_ ").endswith(":") or block.kind == "row")
            and _words(before) <= _MOST_LEAD_IN_WORDS
        )
        if leads_in:
            units[-1].append(block)
        else:
            units.append([block])
    return units


def _split(block: Block) -> Iterator[Block]:
    """A block, in parts where it is too long to be one passage: by sentences, or by lines in a listing."""
    if _words(block) <= MOST_WORDS:
        yield block
        return
    if block.kind == "code":
        pieces, glue = block.text.split("\n"), "\n"
    else:
        pieces, glue = [sentence for part in _windows(block.text) for sentence in sentences(part)], " "
    parts = math.ceil(_words(block) / MOST_WORDS)
    target = _words(block) / parts
    gathered: list[str] = []
    for piece in (torn for whole in pieces for torn in _torn(whole)):
        if gathered and len(" ".join([*gathered, piece]).split()) > min(target * 1.15, MOST_WORDS):
            yield replace(block, text=glue.join(gathered))
            gathered = []
        gathered.append(piece)
    if gathered:
        yield replace(block, text=glue.join(gathered))


def _windows(text: str) -> Iterator[str]:
    """A text in parts that are quickly cut into sentences, however long the whole is."""
    start = 0
    while len(text) - start > _WINDOW_CHARACTERS:
        furthest = start + _WINDOW_CHARACTERS
        end = next((at for at in range(furthest, start, -1) if text[at].isspace()), furthest)
        yield text[start:end]
        start = end
    yield text[start:]


def _torn(text: str) -> Iterator[str]:
    """A sentence; one without end is torn by its words."""
    words = text.split()
    if len(words) <= MOST_WORDS:
        yield text
        return
    for start in range(0, len(words), MOST_WORDS):
        yield " ".join(words[start : start + MOST_WORDS])


def _passage(path: Path, blocks: Sequence[Block]) -> Passage:
    text = blocks[0].text
    for before, block in pairwise(blocks):
        close = before.kind == block.kind in ("item", "row")
        text += ("\n" if close else "\n\n") + block.text
    return Passage(
        heading_path=path,
        text=text,
        words=len(text.split()),
        start=min(block.start for block in blocks),
        end=max(block.end for block in blocks),
        line_start=min(block.line_start for block in blocks),
        line_end=max(block.line_end for block in blocks),
        page=blocks[0].page,
    )


def _words(block: Block) -> int:
    return len(block.text.split())
