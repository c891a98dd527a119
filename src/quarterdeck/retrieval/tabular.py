"""Writes a table as one sentence-like line a row, so that a row found on its own still says what it means."""

from __future__ import annotations

from collections.abc import Sequence


def row_texts(rows: Sequence[Sequence[str]], *, header: bool) -> list[str]:
    """`Country: Norway; Days: 25` for each row below the header; `Norway | 25` where there is none."""
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if not header or len(rows) < 2:
        return [" | ".join(cell for cell in row if cell) for row in rows]
    names = rows[0]
    return [_labelled(names, row) for row in rows[1:]]


def _labelled(names: Sequence[str], row: Sequence[str]) -> str:
    cells: list[str] = []
    for position, cell in enumerate(row):
        name = names[position].rstrip(":") if position < len(names) else ""
        if cell and not (cells and cells[-1].endswith(cell) and name in cells[-1]):
            cells.append(f"{name}: {cell}" if name else cell)
    return "; ".join(cells)
