"""`quarterdeck models`: what can be called, and what it costs."""

from __future__ import annotations

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.show import Column


@click.command()
@click.argument("text", required=False)
@click.option("--kind", type=click.Choice(["chat", "embedding", "app"]), help="Only these.")
@command
def models(desk: Desk, text: str | None, kind: str | None) -> None:
    """List the models that can be called, with their prices.

    TEXT narrows the list: only models whose name contains it.
    """
    page = desk.server.items("/api/v1/models")
    kept = [
        m for m in page["items"] if (kind is None or m["kind"] == kind) and (text is None or text.lower() in m["id"])
    ]
    page = {**page, "items": kept}
    desk.give(page, lambda: show.table(kept, _COLUMNS, empty="No model fits. `quarterdeck providers add` brings more."))


def _price(model: Json, usd: float | None) -> str:
    if model["kind"] == "app":
        return ""
    return "no price" if usd is None else f"${usd:,.2f}" if usd else "$0"


_COLUMNS = (
    Column("model", lambda m: m["id"], style="cyan", fold=True),
    Column("kind", lambda m: m["kind"]),
    Column("provider", lambda m: m["provider"], spare=2),
    Column(
        "input / M tokens",
        lambda m: m["input_usd_per_million"],
        lambda m: _price(m, m["input_usd_per_million"]),
        right=True,
        spare=1,
    ),
    Column(
        "output / M tokens",
        lambda m: m["output_usd_per_million"],
        lambda m: _price(m, m["output_usd_per_million"]),
        right=True,
        spare=1,
    ),
)
