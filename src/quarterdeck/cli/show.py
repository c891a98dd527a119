"""How results are shown: a table for people, tab-separated for pipes, the API's own object for programs.

Results go to stdout; talk goes to stderr. Rich is imported only when something is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from quarterdeck.cli.client import Json


@dataclass(frozen=True)
class Column:
    """One column. `value` is what programs get; `text` is how people see it."""

    title: str
    value: Callable[[Json], object]
    text: Callable[[Json], str | Text] | None = None
    right: bool = False
    style: str = ""
    spare: int = 0
    """On a narrow terminal the column with the highest number goes first; 0 always stays."""
    fold: bool = False
    """Whether a long text may be cut off with `…` to fit."""
    piped_only: bool = False
    """Whether only programs get it."""


def console(*, talk: bool = False) -> Console:
    """The terminal to draw on; `talk` draws on stderr."""
    from rich.console import Console

    from quarterdeck.cli.harmless import OnlyText

    drawn = Console(stderr=talk, highlight=False, emoji=False, markup=False)
    drawn.push_render_hook(OnlyText())
    return drawn


def is_terminal() -> bool:
    """Whether a person reads stdout (or says so with FORCE_COLOR)."""
    return console().is_terminal


def table(items: Sequence[Json], columns: Sequence[Column], *, empty: str) -> None:
    """Rows of something. With none, `empty` says what to do about it."""
    if not is_terminal():
        for item in items:
            print("\t".join(_cell(column.value(item)) for column in columns))
        return
    if not items:
        say(empty)
        return
    draw(_fitting(items, columns))


def draw(drawing: RenderableType) -> None:
    """Something drawn, on stdout."""
    console().print(drawing)


def as_json(value: Json) -> None:
    """An object of the API, unchanged."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def result(line: str) -> None:
    """One line of a result."""
    print(line)


def say(line: str, *, style: str = "") -> None:
    """Talk: for the person at the terminal, not for the pipe."""
    stderr = console(talk=True)
    stderr.print(line, style=style or None, soft_wrap=not stderr.is_terminal)


def tell_error(message: str) -> None:
    """What went wrong, on stderr, `code` words set apart."""
    from rich.text import Text

    stderr = console(talk=True)
    line = Text.assemble(("Error: ", "bold red"), marked(message))
    stderr.print(line, soft_wrap=not stderr.is_terminal)


def marked(message: str) -> Text:
    """A sentence whose `words in backticks` are set apart by colour on a terminal; the backticks stay."""
    from rich.text import Text

    text = Text()
    for index, part in enumerate(message.split("`")):
        inside = index % 2 == 1
        text.append(f"`{part}`" if inside else part, style="cyan" if inside else "")
    return text


def facts(pairs: Iterable[tuple[str, str | Text]]) -> None:
    """Names and values, aligned; tab-separated when piped."""
    if not is_terminal():
        for name, value in pairs:
            print(f"{name}\t{_cell(str(value))}")
        return
    from rich.table import Table

    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, value)
    draw(grid)


def _fitting(items: Sequence[Json], columns: Sequence[Column]) -> RenderableType:
    """The table with as many columns as the terminal is wide enough for."""
    from rich.table import Table
    from rich.text import Text

    def drawn(item: Json, column: Column) -> Text:
        shown = column.text(item) if column.text else _cell(column.value(item))
        text = shown if isinstance(shown, Text) else Text(shown)
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    shown = [column for column in columns if not column.piped_only]
    rows = [[drawn(item, column) for column in shown] for item in items]
    wishes = [max(len(column.title), *(row[i].cell_len for row in rows)) for i, column in enumerate(shown)]
    widths = _widths(wishes, shown, console().width)
    grid = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for i, width in widths.items():
        column = shown[i]
        grid.add_column(column.title, justify="right" if column.right else "left", style=column.style, width=width)
    for row in rows:
        grid.add_row(*(row[i] for i in widths))
    return grid


def _widths(wishes: Sequence[int], columns: Sequence[Column], width: int) -> dict[int, int]:
    """The columns that fit, by index, and how wide each may be. Folding columns share what the others leave."""
    kept = list(range(len(columns)))
    least = [min(wish, _FOLDED) if column.fold else wish for wish, column in zip(wishes, columns, strict=True)]
    while sum(least[i] + _GAP for i in kept) - _GAP > width and any(columns[i].spare for i in kept):
        kept.remove(max(kept, key=lambda i: columns[i].spare))
    given = {i: least[i] for i in kept}
    left = width - sum(least[i] + _GAP for i in kept) + _GAP
    for _ in range(left):
        short = [i for i in kept if given[i] < wishes[i]]
        if short:
            given[min(short, key=lambda i: given[i])] += 1
    return given


_GAP = 2
_FOLDED = 14
"""A folding column is never cut narrower than this."""


def _cell(value: object) -> str:
    """A value as one cell of tab-separated text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(part) for part in value)
    return " ".join(str(value).split())
