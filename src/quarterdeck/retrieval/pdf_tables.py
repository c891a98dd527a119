"""Finds a table among placed lines: neighbouring lines whose cells stand in the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_MOST_WRAPPED_LINES = 4
_MOST_LINES = 400
_ROW_GAP = 3.0


@dataclass(frozen=True)
class Cell:
    """A run of words without a wide gap between them."""

    text: str
    left: float
    right: float


class PlacedLine(Protocol):
    """What a table needs to know of a line."""

    @property
    def cells(self) -> tuple[Cell, ...]: ...
    @property
    def size(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def bottom(self) -> float: ...
    @property
    def page(self) -> int: ...


@dataclass(frozen=True)
class Table:
    """A table, and the number of the first line after it."""

    rows: list[list[str]]
    after: int


Column = tuple[float, float]


def table_at(lines: Sequence[PlacedLine], start: int) -> Table | None:
    """The table that begins at a line, or None. At least two lines must have several cells."""
    after = _end_of_region(lines, start)
    region = lines[start:after]
    anchors = [line for line in region if len(line.cells) > 1]
    if len(anchors) < 2:
        return None
    columns = _columns(anchors)
    if len(columns) < 2 or any(_column(columns, cell) is None for line in region for cell in line.cells):
        return None
    rows = [[""] * len(columns) for _ in anchors]
    for line in region:
        # The lines of a cell with several lie around the one line that has the other cells.
        row = rows[min(range(len(anchors)), key=lambda number: abs(_middle(anchors[number]) - _middle(line)))]
        for cell in line.cells:
            column = _column(columns, cell) or 0
            row[column] = f"{row[column]} {cell.text}".strip()
    return Table(rows, after)


def _end_of_region(lines: Sequence[PlacedLine], start: int) -> int:
    """Where lines end that are close, and have several cells or stand between such lines within one column."""
    if len(lines[start].cells) == 1 and not _begins_beside(lines, start):
        return start
    after, wrapped = start, 0
    for number in range(start, min(start + _MOST_LINES, len(lines))):
        line = lines[number]
        if number > start and not any(_is_close(before, line) for before in lines[max(start, number - 3) : number]):
            break
        if len(line.cells) > 1:
            after, wrapped = number + 1, 0
            continue
        wrapped += 1
        anchors = [one for one in lines[start:number] if len(one.cells) > 1]
        if wrapped > _MOST_WRAPPED_LINES or (anchors and _column(_columns(anchors), line.cells[0]) is None):
            break
    # Below the last full line, the rest of a cell that wraps is set tighter than a new paragraph.
    while start + 1 < after < len(lines) and _is_rest_of_cell(lines, start, after):
        after += 1
    return after


def _begins_beside(lines: Sequence[PlacedLine], start: int) -> bool:
    """Whether a line is the upper half of a cell, at half the height of the line that has the cells beside it."""
    for line in lines[start + 1 : start + 3]:
        if len(line.cells) > 1:
            return _is_close(lines[start], line) and abs(_middle(lines[start]) - _middle(line)) < line.size * 0.95
    return False


def _is_rest_of_cell(lines: Sequence[PlacedLine], start: int, number: int) -> bool:
    before, line = lines[number - 1], lines[number]
    anchors = [one for one in lines[start:number] if len(one.cells) > 1]
    tight = before.page == line.page and 0 < before.bottom - line.bottom < line.size * 1.35
    column = _column(_columns(anchors), line.cells[0]) if len(line.cells) == 1 and anchors else None
    return tight and column is not None and line.size == before.size


def _is_close(before: PlacedLine, line: PlacedLine) -> bool:
    return before.page == line.page and abs(before.bottom - line.bottom) < _ROW_GAP * line.size


def _columns(lines: Sequence[PlacedLine]) -> list[Column]:
    """The ranges that the cells of lines cover, from left to right."""
    columns: list[Column] = []
    for left, right in sorted((cell.left, cell.right) for line in lines for cell in line.cells):
        if columns and left <= columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _column(columns: Sequence[Column], cell: Cell) -> int | None:
    """The one column that a cell overlaps; None where it overlaps none or several."""
    touched = [number for number, (left, right) in enumerate(columns) if cell.left <= right and left <= cell.right]
    return touched[0] if len(touched) == 1 else None


def _middle(line: PlacedLine) -> float:
    return (line.top + line.bottom) / 2
