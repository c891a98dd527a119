"""`quarterdeck plan`: what applying a configuration file would change."""

from __future__ import annotations

import rich_click as click
from click.exceptions import Exit

from quarterdeck.cli import declaring, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.core.errors import QuarterdeckError

_WOULD_CHANGE = 2


@click.command()
@click.argument("file", default="quarterdeck.yaml", type=click.Path(dir_okay=False, allow_dash=True))
@command
def plan(desk: Desk, file: str) -> None:
    """Compare a quarterdeck.yaml with what is live.

    Ends with 0 when nothing would change, with 2 when something would, and with 1 when the file is wrong.
    """
    try:
        found = desk.server.post("/api/v1/config/plans", declaring.read(file))
    except QuarterdeckError as error:
        raise declaring.failed(error) from error
    desk.give(found, lambda: _tell(found))
    if found["changes"]:
        raise Exit(_WOULD_CHANGE)


def _tell(found: Json) -> None:
    declaring.tell(found["changes"])
    show.say(f"{len(found['changes']) or 'Nothing'} to change, {found['unchanged']} as declared.")
    if found["adoptions"]:
        show.say(f"{len(found['adoptions'])} more are as declared, and would belong to {found['source']} from now on.")
    for left in found["leftovers"]:
        show.say(f"The {left['kind']} `{left['name']}` is not declared any more; `--prune` removes it.")
