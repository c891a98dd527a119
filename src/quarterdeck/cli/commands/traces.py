"""`quarterdeck traces`: which answers there were, filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.quantities import NONE, age, count, duration, money, plural, read_duration_ms, read_moment
from quarterdeck.cli.show import Column

if TYPE_CHECKING:
    from rich.text import Text


@click.command()
@click.option("-q", "--query", "q", metavar="TEXT", help="Text in the name, the input or the output.")
@click.option("--status", type=click.Choice(["ok", "error"]), help="How it ended.")
@click.option("--app", metavar="NAME", shell_complete=completing.APPS, help="The app that answered.")
@click.option("--model", metavar="NAME", shell_complete=completing.MODELS, help="A model that was called.")
@click.option("--release", metavar="ID", help="The release that answered.")
@click.option("--session", metavar="ID", help="The conversation it belongs to.")
@click.option("--user", metavar="ID", help="The person who asked.")
@click.option("--service", metavar="NAME", help="The program that sent the spans.")
@click.option("--team", metavar="NAME", help="The team whose key was used.")
@click.option("--key", metavar="ID", help="The API key that was used.")
@click.option("--environment", metavar="NAME", help="Where the client says it runs.")
@click.option("--prompt", metavar="NAME[@VERSION]", help="The prompt it was asked with.")
@click.option("--tag", metavar="TAG", multiple=True, help="A tag it has; given several times, all of them.")
@click.option(
    "--metadata", metavar="NAME=VALUE", multiple=True, help="A label it has; given several times, all of them."
)
@click.option("--min-latency", metavar="TIME", help="At least so slow: `250ms`, `1.5s`.")
@click.option("--min-cost", type=float, metavar="USD", help="At least so expensive.")
@click.option("--cached/--not-cached", default=None, help="Answered from the cache, or not.")
@click.option("--since", metavar="WHEN", help="From then on: `2h`, `7d`, `2026-11-02`.")
@click.option("--until", metavar="WHEN", help="Up to then.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 1000), metavar="N", default=20, show_default=True, help="At most so many."
)
@click.option("--cursor", metavar="CURSOR", help="Go on where the last page ended.")
@command
def traces(
    desk: Desk,
    /,
    min_latency: str | None,
    min_cost: float | None,
    since: str | None,
    until: str | None,
    **filters: str | int | bool | tuple[str, ...] | None,
) -> None:
    """List traces, newest first.

    Piped, a line holds: trace id, start, name, status, latency ms, first token ms, input tokens, output tokens,
    cost USD, model, release, cached, declined, input.
    """
    page = desk.server.get(
        "/api/v1/traces",
        **filters,
        min_latency_ms=read_duration_ms(min_latency) if min_latency else None,
        min_cost_usd=min_cost,
        from_=read_moment(since) if since else None,
        to=read_moment(until) if until else None,
    )
    desk.give(page, lambda: _present(page))


def _present(page: Json) -> None:
    nothing = f"None of {plural(page['total'], 'trace')} matches." if page["total"] else "No traces yet. Ask something."
    show.table(page["items"], _COLUMNS, empty=nothing)
    if show.is_terminal() and page["next_cursor"]:
        show.say(f"\n{len(page['items']):,} of {page['matched']:,} shown. More: `--limit N`.", style="dim")


def verdict(trace: Json) -> Text:
    """How a trace ended, in a word: said in colour and in letters."""
    from rich.text import Text

    if trace["status"] == "error":
        return Text("error", style="bold red")
    if trace["declined"]:
        return Text("declined", style="yellow")
    return Text("cached", style="cyan") if trace["cached"] else Text("ok", style="green")


def short(trace_id: str) -> str:
    """As much of an id as a person needs; `quarterdeck trace` understands it."""
    return trace_id[:8]


def _tokens(trace: Json) -> str:
    if not trace["input_tokens"] and not trace["output_tokens"]:
        return NONE
    return f"{count(trace['input_tokens'])} → {count(trace['output_tokens'])}"


_COLUMNS = (
    Column("trace", lambda t: t["trace_id"], lambda t: short(t["trace_id"]), style="cyan"),
    Column("age", lambda t: t["started_at"], lambda t: age(t["started_at"]), right=True, spare=2),
    Column("name", lambda t: t["name"], fold=True),
    Column("", lambda t: t["status"], verdict),
    Column("took", lambda t: t["latency_ms"], lambda t: duration(t["latency_ms"]), right=True),
    Column("first token", lambda t: t["ttft_ms"], lambda t: duration(t["ttft_ms"]), right=True, spare=4),
    Column("tokens", lambda t: t["input_tokens"], _tokens, right=True, spare=3),
    Column("output tokens", lambda t: t["output_tokens"], piped_only=True),
    Column(
        "cost", lambda t: t["cost_usd"], lambda t: money(t["cost_usd"], unpriced=t["unpriced"]), right=True, spare=1
    ),
    Column("model", lambda t: t["model"], lambda t: t["model"] or NONE, style="dim", fold=True, spare=5),
    Column("release", lambda t: t["release_id"], piped_only=True),
    Column("cached", lambda t: t["cached"], piped_only=True),
    Column("declined", lambda t: t["declined"], piped_only=True),
    Column("input", lambda t: t["input_preview"], lambda t: " ".join(t["input_preview"].split()), fold=True),
)
