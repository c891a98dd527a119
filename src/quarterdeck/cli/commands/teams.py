"""`quarterdeck teams`: who shares keys, limits and budgets."""

from __future__ import annotations

from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, day
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def teams() -> None:
    """Teams: who shares keys, limits and budgets."""


@teams.command("list")
@command
def list_teams(desk: Desk) -> None:
    """List the teams of the project."""
    page = desk.server.items("/api/v1/teams")
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty="No teams. `quarterdeck teams create NAME`."))


@teams.command("create")
@click.argument("name")
@click.option("--description", default="", help="Who they are.")
@command
def create_team(desk: Desk, name: str, description: str) -> None:
    """Make a team. Keys are made for it with `quarterdeck keys create --team`."""
    made = desk.server.post("/api/v1/teams", {"name": name, "description": description})
    desk.give(made, lambda: show.say(f"Team `{made['name']}`. `quarterdeck keys create NAME --team {made['name']}`."))


@teams.command("remove")
@click.argument("name", shell_complete=completing.TEAMS)
@force_option
@command
def remove_team(desk: Desk, name: str, force: bool) -> None:
    """Remove a team that has no keys any more."""
    desk.server.delete(f"/api/v1/teams/{quote(name, safe='')}", force=force or None)
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


_COLUMNS = (
    Column("name", lambda team: team["name"], style="cyan"),
    Column("keys", lambda team: team["keys"], right=True),
    Column("description", lambda team: team["description"], lambda team: team["description"] or NONE, fold=True),
    Column("created", lambda team: team["created_at"], lambda team: day(team["created_at"]), spare=1),
)
