"""Draws a trace: its spans as a tree, each with a bar on one time line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from quarterdeck.cli import show
from quarterdeck.cli.client import Json
from quarterdeck.cli.quantities import NONE, count, duration, money

# One colour a kind, as in the web interface; the kind is also written out.
_COLOURS = {
    "llm": "magenta",
    "retrieval": "cyan",
    "tool": "yellow",
    "guardrail": "red",
    "embedding": "blue",
    "prompt": "green",
}
_EIGHTHS = "▏▎▍▌▋▊▉█"
_NARROWEST_BAR = 12
_WIDEST_BAR = 48


@dataclass(frozen=True)
class Branch:
    """A span, and the lines that lead to it in the tree."""

    span: Json
    lines: str


def waterfall(spans: Sequence[Json]) -> Table:
    """The spans of a trace, in the order they started, children below their parents."""
    branches = list(_tree(spans))
    whole_ms = max((span["offset_ms"] + span["latency_ms"] for span in spans), default=0.0) or 1.0
    names = [_name(branch) for branch in branches]
    took = [duration(branch.span["latency_ms"]) for branch in branches]
    tokens = [_tokens(branch.span) for branch in branches]
    costs = [_cost(branch.span) for branch in branches]
    fixed = max(len(text) for text in took) + max(len(text) for text in tokens) + max(len(text) for text in costs)
    room = show.console().width - fixed - 8
    name_width = min(max(name.cell_len for name in names), max(20, room - _NARROWEST_BAR))
    bar_width = max(_NARROWEST_BAR, min(_WIDEST_BAR, room - name_width))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, overflow="ellipsis", width=name_width)
    table.add_column(width=bar_width, no_wrap=True)
    for _ in range(3):
        table.add_column(justify="right", no_wrap=True)
    for branch, name, *facts in zip(branches, names, took, tokens, costs, strict=True):
        table.add_row(name, _bar(branch.span, whole_ms, bar_width), *facts)
    return table


def failures(spans: Sequence[Json]) -> Iterator[Text]:
    """What the failed spans said, in the order they failed."""
    for span in spans:
        if span["status"] == "error" and span["status_message"]:
            yield Text.assemble(("✗ ", "bold red"), (span["name"], "bold"), f"  {span['status_message']}")


def _tree(spans: Sequence[Json]) -> Iterator[Branch]:
    """Depth first. A span whose parent is not here (another program's, or lost) stands at the root."""
    here = {span["span_id"] for span in spans}
    children: dict[str | None, list[Json]] = {}
    for span in sorted(spans, key=lambda span: span["offset_ms"]):
        parent = span["parent_id"] if span["parent_id"] in here else None
        children.setdefault(parent, []).append(span)

    def below(parent: str | None, indent: str) -> Iterator[Branch]:
        siblings = children.get(parent, [])
        for span in siblings:
            last = span is siblings[-1]
            root = parent is None
            yield Branch(span, "" if root else indent + ("└─ " if last else "├─ "))
            yield from below(span["span_id"], "" if root else indent + ("   " if last else "│  "))

    yield from below(None, "")


def _name(branch: Branch) -> Text:
    span = branch.span
    failed = span["status"] == "error"
    name = Text.assemble((branch.lines, "dim"), (span["name"], "bold red" if failed else "bold"))
    if span["kind"] != "other" and span["kind"] not in span["name"].split():
        name.append(f" {span['kind']}", style=_COLOURS.get(span["kind"], "dim"))
    if span["model"] and span["model"] not in span["name"]:
        name.append(f" {span['model']}", style="dim")
    return name


def _bar(span: Json, whole_ms: float, width: int) -> Text:
    """Where the span lies on the time line. A model's bar is pale until its first token."""
    scale = width / whole_ms
    start = max(0, min(width - 1, int(span["offset_ms"] * scale)))
    length = min(span["latency_ms"] * scale, width - start)
    colour = "red" if span["status"] == "error" else _COLOURS.get(span["kind"], "white")
    blocks = _blocks(length)
    waiting = 0
    if span["kind"] == "llm" and span["ttft_ms"] is not None:
        waiting = min(len(blocks), round(span["ttft_ms"] * scale))
    return Text.assemble(" " * start, (blocks[:waiting], f"dim {colour}"), (blocks[waiting:], colour))


def _blocks(length: float) -> str:
    whole, rest = divmod(length, 1)
    part = int(rest * 8)
    blocks = "█" * int(whole) + (_EIGHTHS[part - 1] if part else "")
    return blocks or _EIGHTHS[0]


def _tokens(span: Json) -> str:
    if span["input_tokens"] is None and span["output_tokens"] is None:
        return ""
    return f"{count(span['input_tokens'])} → {count(span['output_tokens'])}"


def _cost(span: Json) -> str:
    if span["cost_usd"] is None:
        return "no price" if span["kind"] == "llm" and span["input_tokens"] else ""
    shown = money(span["cost_usd"])
    return "" if shown == NONE else shown
