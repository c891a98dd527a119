"""`quarterdeck secrets`: what a configuration file means by `${secret:NAME}`."""

from __future__ import annotations

import sys
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import ago
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def secrets() -> None:
    """Secrets that a quarterdeck.yaml may name: list, set, remove."""


@secrets.command("list")
@command
def list_secrets(desk: Desk) -> None:
    """List the names of the secrets. What they say is never shown."""
    page = desk.server.items("/api/v1/secrets")
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty="No secrets. `quarterdeck secrets set NAME`."))


@secrets.command("set")
@click.argument("name")
@command
def set_secret(desk: Desk, name: str) -> None:
    """Set a secret: typed unseen, or piped in."""
    value = click.prompt("Secret", hide_input=True) if sys.stdin.isatty() else sys.stdin.read().strip()
    if not value:
        raise WrongUse("Nothing was piped in. A secret has at least one character.")
    made = desk.server.put(f"/api/v1/secrets/{quote(name, safe='/')}", {"value": value})
    desk.give(
        made, lambda: show.say(f"`${{secret:{made['name']}}}` can be referred to. Apply again what refers to it.")
    )


@secrets.command("remove")
@click.argument("name")
@command
def remove_secret(desk: Desk, name: str) -> None:
    """Forget a secret. What was applied with it keeps what it had."""
    desk.server.delete(f"/api/v1/secrets/{quote(name, safe='/')}")
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


_COLUMNS = (
    Column("name", lambda secret: secret["name"], style="cyan"),
    Column("ends with", lambda secret: secret["hint"]),
    Column("set", lambda secret: secret["changed_at"], lambda secret: ago(secret["changed_at"])),
    Column("by", lambda secret: secret["changed_by"], spare=1),
)
