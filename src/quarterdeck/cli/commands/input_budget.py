"""`quarterdeck input-budget`: how much a request to an app or model may say."""

from __future__ import annotations

from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, count
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def input_budget() -> None:
    """Input budgets: trim or compress long inputs."""


@input_budget.command("list")
@command
def list_budgets(desk: Desk) -> None:
    """List the input budgets."""
    page = desk.server.items("/api/v1/input-budgets")
    empty = "None yet. `quarterdeck input-budget set TARGET --most-tokens N` sets one."
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty=empty))


@input_budget.command("set")
@click.argument("target", shell_complete=completing.MODELS)
@click.option("--most-tokens", type=click.IntRange(1), metavar="N", help="Longer inputs are refused or trimmed.")
@click.option("--trim", is_flag=True, help="Leave out the oldest turns instead of refusing.")
@click.option("--keep", type=float, metavar="SHARE", help="Cut marked context down to this share.")
@command
def set_budget(desk: Desk, target: str, most_tokens: int | None, trim: bool, keep: float | None) -> None:
    """Set the input budget of an app or model.

    Marked context is what a message has between `<context>` and `</context>` (or documents, passages, sources).
    """
    wish = {"most_tokens": most_tokens, "when_over": "trim" if trim else "refuse", "keep_share": keep}
    made = desk.server.put(f"/api/v1/input-budgets/{quote(target)}", wish)
    desk.give(made, lambda: show.say(f"Set the input budget of `{made['target']}`."))


@input_budget.command("remove")
@click.argument("target", shell_complete=completing.INPUT_BUDGETS)
@command
def remove_budget(desk: Desk, target: str) -> None:
    """Take an input budget away."""
    desk.server.delete(f"/api/v1/input-budgets/{quote(target)}")
    desk.give({"removed": target}, lambda: show.say(f"Removed the input budget of `{target}`."))


_COLUMNS = (
    Column("target", lambda b: b["target"], style="cyan"),
    Column("most tokens", lambda b: b["most_tokens"], lambda b: count(b["most_tokens"]), right=True),
    Column("when over", lambda b: b["when_over"]),
    Column(
        "keeps of context",
        lambda b: b["keep_share"],
        lambda b: NONE if b["keep_share"] is None else f"{100 * b['keep_share']:.0f} %",
        right=True,
    ),
)
