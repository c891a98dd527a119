"""`quarterdeck trace`: one trace, span by span."""

from __future__ import annotations

import json

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.commands.traces import verdict
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.found import trace_id
from quarterdeck.cli.quantities import ago, count, duration, money, plural

_PREVIEW = 200
"""As much of an input or output as the API's summary has; `--full` shows all."""


@click.command()
@click.argument("trace", metavar="ID", shell_complete=completing.trace_ids)
@click.option("--full", is_flag=True, help="Every span with its input, output and attributes, uncut.")
@command
def trace(desk: Desk, trace: str, full: bool) -> None:
    """Show one trace: its spans, tokens, cost and time.

    ID may be the start of an id, or `last` for the newest trace.
    Piped, a line holds: span id, parent id, kind, name, status, offset ms, latency ms, first token ms, model,
    input tokens, output tokens, cost USD.
    """
    found = desk.server.get(f"/api/v1/traces/{trace_id(desk.server, trace)}")
    desk.give(found, lambda: _present(found, full))


def _present(found: Json, full: bool) -> None:
    if not show.is_terminal():
        show.table(found["spans"], _PIPED, empty="")
        return
    from rich.text import Text

    from quarterdeck.cli.waterfall import failures, waterfall  # with Rich, only to draw

    _head(found["trace"])
    show.draw("")
    show.draw(waterfall(found["spans"]))
    for failure in failures(found["spans"]):
        show.draw(Text.assemble("\n", failure))
    if full:
        for span in found["spans"]:
            _span_in_full(span)
    else:
        _message("Input", found["trace"]["input_preview"])
        _message("Output", found["trace"]["output_preview"])


def _head(trace: Json) -> None:
    from rich.text import Text

    show.draw(Text.assemble((trace["name"], "bold"), "  ", verdict(trace), f"  {ago(trace['started_at'])}"))
    tokens = f"{count(trace['input_tokens'])} → {count(trace['output_tokens'])} tokens"
    parts = [
        duration(trace["latency_ms"]),
        *([f"first token {duration(trace['ttft_ms'])}"] if trace["ttft_ms"] is not None else []),
        *([tokens] if trace["input_tokens"] or trace["output_tokens"] else []),
        *(
            [money(trace["cost_usd"], unpriced=trace["unpriced"])]
            if trace["cost_usd"] is not None or trace["unpriced"]
            else []
        ),
        plural(trace["spans"], "span"),
    ]
    show.draw(Text(" · ".join(parts)))
    named = [
        ("release", "release_id"),
        ("model", "model"),
        ("user", "user_id"),
        ("session", "session_id"),
        ("service", "service"),
    ]
    names = [f"{name} {trace[key]}" for name, key in named if trace[key]]
    show.draw(Text("  ".join([f"trace {trace['trace_id']}", *names]), style="dim"))


def _message(title: str, text: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if text:
        show.draw(Text(f"\n{title}", style="dim"))
        more = " …" if len(text) >= _PREVIEW else ""
        show.draw(Padding(Text(text.strip() + more), (0, 0, 0, 2)))


def _span_in_full(span: Json) -> None:
    from rich.text import Text

    show.draw(Text.assemble("\n", (span["name"], "bold"), (f"  {span['kind']}  {span['span_id']}", "dim")))
    for title in ("input", "output", "attributes"):
        if span[title]:
            value = span[title]
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
            show.draw(Text(f"  {title}", style="dim"))
            show.draw(Text("\n".join(f"    {line}" for line in text.splitlines())))
    for line in span["cost_lines"]:
        price = f"{count(line['quantity'])} × ${line['price_usd_per_million']:,.4g} per million = {money(line['usd'])}"
        show.draw(Text(f"  {line['unit']}: {price}", style="dim"))


_PIPED = tuple(
    show.Column(name, lambda span, name=name: span[name])  # type: ignore[misc]  # a lambda with a default
    for name in (
        "span_id",
        "parent_id",
        "kind",
        "name",
        "status",
        "offset_ms",
        "latency_ms",
        "ttft_ms",
        "model",
        "input_tokens",
        "output_tokens",
        "cost_usd",
    )
)
