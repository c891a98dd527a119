"""`quarterdeck usage`: who spends how much, and where the month will end."""

from __future__ import annotations

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.quantities import NONE, count, money, plural, read_moment
from quarterdeck.cli.show import Column

_BY = ("team", "key", "app", "model", "provider", "tag", "user", "environment", "release")


@click.command()
@click.option("--by", type=click.Choice(_BY), default="model", show_default=True, help="What to tell apart.")
@click.option("--since", metavar="WHEN", help="From then on: `7d`, `2026-11-02`; 30 days without it.")
@click.option("--until", metavar="WHEN", help="Until then; now without it.")
@click.option("--team", metavar="NAME", help="Only this team's.")
@click.option("--model", metavar="NAME", help="Only this model.")
@click.option("--app", metavar="NAME", help="Only this app.")
@click.option("--tag", metavar="TAG", help="Only calls with this tag.")
@click.option("--forecast", is_flag=True, help="Say where this month will end instead.")
@command
def usage(
    desk: Desk,
    by: str,
    since: str | None,
    until: str | None,
    team: str | None,
    model: str | None,
    app: str | None,
    tag: str | None,
    forecast: bool,
) -> None:
    """Show who spent how much, beside the window before, and what caches saved."""
    if forecast:
        foreseen = desk.server.get("/api/v1/usage/forecast")
        desk.give(foreseen, lambda: show.result(foreseen["says"]))
        return
    asked: dict[str, object] = {
        "by": by,
        "from": read_moment(since) if since else None,
        "to": read_moment(until) if until else None,
        "team": team,
        "model": model,
        "app": app,
        "tag": tag,
    }
    report = desk.server.get("/api/v1/usage", **{name: value for name, value in asked.items() if value is not None})
    desk.give(report, lambda: _present(report, by))


def _present(report: Json, by: str) -> None:
    show.table(report["groups"], _columns(by), empty="No model was called in this time.")
    total, savings = report["total"], report["savings"]
    show.say(f"{money(total['cost_usd'])} for {plural(total['calls'], 'call')} in all.")
    if savings["hits"]:
        show.say(f"Caches answered {plural(savings['hits'], 'request')} and saved {money(savings['saved_usd'])}.")
    if total["unpriced_calls"]:
        show.say(
            f"{plural(total['unpriced_calls'], 'call')} of unknown price are missing in it: `quarterdeck prices unpriced`.",
            style="yellow",
        )
    if abs(total["mismatch_usd"]) >= 0.01:
        side = "more" if total["mismatch_usd"] > 0 else "less"
        show.say(
            f"Providers themselves say {money(abs(total['mismatch_usd']))} {side} for the calls they priced.",
            style="yellow",
        )


def _columns(by: str) -> tuple[Column, ...]:
    return (
        Column(by, lambda g: g["label"], lambda g: g["label"] or NONE, style="cyan", fold=True),
        Column("cost", lambda g: g["sums"]["cost_usd"], lambda g: money(g["sums"]["cost_usd"]), right=True),
        Column(
            "before", lambda g: g["previous_cost_usd"], lambda g: money(g["previous_cost_usd"]), right=True, spare=1
        ),
        Column("calls", lambda g: g["sums"]["calls"], lambda g: count(g["sums"]["calls"]), right=True),
        Column(
            "tokens in", lambda g: g["sums"]["input_tokens"], lambda g: count(g["sums"]["input_tokens"]), right=True
        ),
        Column(
            "tokens out", lambda g: g["sums"]["output_tokens"], lambda g: count(g["sums"]["output_tokens"]), right=True
        ),
        Column("errors", lambda g: g["sums"]["errors"], lambda g: count(g["sums"]["errors"]), right=True, spare=2),
    )
