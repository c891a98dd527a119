"""`quarterdeck router`: learned routers between a cheap and a strong model."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.jsonl import JSON_LINES, read_objects
from quarterdeck.cli.quantities import NONE, count, plural
from quarterdeck.cli.show import Column

_PORTION = 2000


@click.group(cls=Noun)
def router() -> None:
    """Learned routers: import outcomes, train, report."""


@router.command("list")
@command
def list_routers(desk: Desk) -> None:
    """List the routers, and whether they choose."""
    page = desk.server.items("/api/v1/routers")
    empty = "None yet. `quarterdeck router create NAME --weak MODEL --strong MODEL` makes one."
    desk.give(page, lambda: show.table(page["items"], _ROUTERS, empty=empty))


@router.command("create")
@click.argument("name")
@click.option("--weak", required=True, metavar="MODEL", shell_complete=completing.MODELS, help="The cheap model.")
@click.option("--strong", required=True, metavar="MODEL", shell_complete=completing.MODELS, help="The better one.")
@click.option(
    "--keep", type=float, metavar="SHARE", default=0.95, show_default=True, help="Of the strong model's quality."
)
@click.option("--confidence", type=float, metavar="SHARE", default=0.95, show_default=True, help="Of that promise.")
@command
def create_router(desk: Desk, name: str, weak: str, strong: str, keep: float, confidence: float) -> None:
    """Make a router between two models."""
    wish = {"name": name, "weak": weak, "strong": strong, "keep": keep, "confidence": confidence}
    made = desk.server.post("/api/v1/routers", wish)
    desk.give(made, lambda: show.say(f"Made `{name}`. `quarterdeck router import {name} FILE` gives it outcomes."))


@router.command("import")
@click.argument("name", shell_complete=completing.ROUTERS)
@click.argument("file", type=JSON_LINES)
@click.option("--train", "train_too", is_flag=True, help="Train with them at once.")
@command
def import_outcomes(desk: Desk, name: str, file: Path, train_too: bool) -> None:
    """Import outcomes from FILE: one `{"text": …, "target": MODEL, "score": 0…1}` a line.

    A line may also have `cost_usd` and `topic`.
    """
    fields = ("text", "target", "score", "cost_usd", "topic")
    rows = [
        {field: row[field] for field in fields if row.get(field) is not None}
        for row in read_objects(file, ("text", "target", "score"))
    ]
    for start in range(0, len(rows), _PORTION):
        done = desk.server.post(f"{_address(name)}/outcomes", {"outcomes": rows[start : start + _PORTION]})
    if train_too:
        _train(desk, name)
    else:
        done = {**done, "received": len(rows)}
        desk.give(done, lambda: show.say(f"Imported {plural(len(rows), 'outcome')}; {count(done['outcomes'])} in all."))


@router.command("train")
@click.argument("name", shell_complete=completing.ROUTERS)
@command
def train_router(desk: Desk, name: str) -> None:
    """Train a router on the newest outcomes, and report."""
    _train(desk, name)


@router.command("report")
@click.argument("name", shell_complete=completing.ROUTERS)
@command
def report_router(desk: Desk, name: str) -> None:
    """Show a router beside its baselines, on requests it had not seen."""
    found = desk.server.get(_address(name))
    desk.give(found, lambda: _present(found))


@router.command("try")
@click.argument("name", shell_complete=completing.ROUTERS)
@click.argument("text")
@command
def try_router(desk: Desk, name: str, text: str) -> None:
    """Say where a router would send TEXT."""
    said = desk.server.post(f"{_address(name)}/predictions", {"text": text})
    desk.give(said, lambda: show.say(f"{said['target']} ({said['reason']}, gain {said['gain']:+.2f})"))


@router.command("remove")
@click.argument("name", shell_complete=completing.ROUTERS)
@command
def remove_router(desk: Desk, name: str) -> None:
    """Forget a router, its model and its outcomes."""
    desk.server.delete(_address(name))
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


def _address(name: str) -> str:
    return f"/api/v1/routers/{quote(name, safe='')}"


def _train(desk: Desk, name: str) -> None:
    found = desk.server.post(f"{_address(name)}/trainings")
    desk.give(found, lambda: _present(found))


def _present(found: Json) -> None:
    style = {"on": "green", "off": "yellow", "untrained": "dim"}[found["state"]]
    show.say(f"{found['name']}: {found['state']}. {found['reason']}", style=style)
    report = found["report"]
    if report is None:
        return
    show.table(report["lines"], _LINES, empty="")
    show.say(f"Gap between the two models: {_interval(report['gap'])}, on {count(report['rows'])} requests.")
    show.say(
        f"Gap recovered, averaged over all shares: {_interval(report['apgr'])}; by length alone: "
        f"{_interval(report['apgr_length_only'])}; advantage: {_interval(report['advantage'])}."
    )
    if report["apgr_unseen_topics"] is not None:
        show.say(f"On topics that were left out of training: {_interval(report['apgr_unseen_topics'])}.")


def _interval(interval: Json) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


_ROUTERS = (
    Column("name", lambda r: r["name"], style="cyan"),
    Column("state", lambda r: r["state"]),
    Column("weak", lambda r: r["weak"], fold=True, spare=1),
    Column("strong", lambda r: r["strong"], fold=True, spare=1),
    Column("keeps", lambda r: r["keep"], lambda r: f"{100 * r['keep']:.0f} %", right=True),
    Column("outcomes", lambda r: r["outcomes"], lambda r: count(r["outcomes"]), right=True),
)
_LINES = (
    Column("choice", lambda line: line["policy"], style="cyan"),
    Column("quality", lambda line: line["quality"]["value"], lambda line: _interval(line["quality"]), right=True),
    Column("strong", lambda line: line["strong_share"], lambda line: f"{100 * line['strong_share']:.0f} %", right=True),
    Column(
        "cost of 1,000",
        lambda line: line["cost_usd"],
        lambda line: NONE if line["cost_usd"] is None else f"${1000 * line['cost_usd']:.2f}",
        right=True,
    ),
)
