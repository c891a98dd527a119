"""`quarterdeck apply`: make live what a configuration file declares."""

from __future__ import annotations

import rich_click as click

from quarterdeck.cli import declaring, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse


@click.command()
@click.argument("file", default="quarterdeck.yaml", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--prune", is_flag=True, help="Remove what this file once declared and does not any more.")
@command
def apply(desk: Desk, file: str, yes: bool, prune: bool) -> None:
    """Make live what a quarterdeck.yaml declares.

    All of it or nothing. Shows what would change and asks first; keys that are made are printed once.
    """
    wish = declaring.read(file)
    planned = desk.server.post("/api/v1/config/plans", wish)
    removed = planned["leftovers"] if prune else []
    if not planned["changes"] and not planned["adoptions"] and not removed:
        nothing = {"source": planned["source"], "changes": [], "unchanged": planned["unchanged"], "made_keys": []}
        desk.give(nothing, lambda: show.say(f"Nothing to change: {planned['unchanged']} as declared."))
        return
    if not yes:
        _ask(desk, planned, removed, piped=file == "-")
    done = desk.server.post("/api/v1/config/applications", {**wish, "prune": prune})
    desk.give(done, lambda: _tell(done))


def _ask(desk: Desk, planned: Json, removed: list[Json], *, piped: bool) -> None:
    if desk.as_json or piped or not show.is_terminal():
        raise WrongUse("Nobody is there to be asked. Look with `quarterdeck plan`, then apply with `--yes`.")
    declaring.tell([*planned["changes"], *planned["adoptions"], *removed])
    if not click.confirm("Apply this?", default=False):
        raise click.Abort


def _tell(done: Json) -> None:
    declaring.tell(done["changes"])
    show.say(f"Applied: {len(done['changes'])} changed, {done['unchanged']} as declared.")
    for key in done["made_keys"]:
        show.say(f"The key `{key['name']}` (shown only now): {key['secret']}")
