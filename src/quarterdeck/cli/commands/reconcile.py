"""`quarterdeck reconcile`: whether the books agree."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.provider_usage import read_provider_usage
from quarterdeck.cli.quantities import money, plural
from quarterdeck.cli.show import Column


@click.command()
@click.option("--provider", metavar="NAME", help="Whose usage the export tells, such as `openai`.")
@click.option("--export", "export", type=click.Path(dir_okay=False, path_type=Path), help="A provider's usage by day and model: JSON of its usage API, or CSV.")  # fmt: skip
@command
def reconcile(desk: Desk, provider: str | None, export: Path | None) -> None:
    """Prove that what was accepted was recorded and charged; exit code 1 where books differ."""
    if (provider is None) != (export is None):
        raise WrongUse("`--provider openai --export usage.json` go together.")
    asked: Json = {} if export is None else {"provider": provider, "told": read_provider_usage(export)}
    found = desk.server.post("/api/v1/reconciliations", asked)
    desk.give(found, lambda: _present(found))
    if not found["balanced"]:
        raise Failed(f"{plural(len(found['differences']), 'difference')} between the books.")


def _present(found: Json) -> None:
    ledger = found["ledger"]["ledger"]
    show.say(
        f"Accepted {plural(ledger['accepted'], 'span')}: {ledger['stored']} stored, {ledger['pending']} pending, "
        f"{ledger['lost']} lost. Compared {plural(found['limits_compared'], 'limit')} and "
        f"{plural(found['rows_compared'], 'row')} of an export."
    )
    if found["limits_left_out"]:
        show.say(f"Spans cannot tell what these limits count: {', '.join(found['limits_left_out'])}.")
    if not found["differences"]:
        show.say("The books agree.")
        return
    show.table(found["differences"], _COLUMNS, empty="")
    for said in dict.fromkeys(f"{one['reason']} {one['remedy']}" for one in found["differences"]):
        show.say(said)


def _amount(row: Json, amount: float) -> str:
    return money(amount) if row["unit"] == "USD" else f"{int(amount):,}"


_COLUMNS = (
    Column("book", lambda row: row["book"]),
    Column("account", lambda row: row["name"], style="cyan", fold=True),
    Column("recorded", lambda row: row["recorded"], lambda row: _amount(row, row["recorded"]), right=True),
    Column("counted", lambda row: row["counted"], lambda row: _amount(row, row["counted"]), right=True),
    Column("unit", lambda row: row["unit"]),
)
