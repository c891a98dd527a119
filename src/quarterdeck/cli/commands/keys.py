"""`quarterdeck keys`: list, create and revoke API keys."""

from __future__ import annotations

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, ago, day
from quarterdeck.cli.show import Column

SCOPES = ("gateway", "read", "write", "admin")


@click.group(cls=Noun)
def keys() -> None:
    """API keys: list, create, revoke."""


@keys.command("list")
@command
def list_keys(desk: Desk) -> None:
    """List the keys of the project."""
    page = desk.server.items("/api/v1/keys")
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty="No keys yet. `quarterdeck keys create NAME`."))


@keys.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may do; may be repeated.")
@click.option("--expires-in", "days", type=click.IntRange(1), metavar="DAYS", help="Let it end by itself.")
@command
def create_key(desk: Desk, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key. Its secret is shown this once, alone on stdout.

    Without `--scope` it may call models, read and write, but not administer.
    """
    wish: dict[str, object] = {"name": name}
    if scopes:
        wish["scopes"] = list(scopes)
    if days is not None:
        wish["expires_in_days"] = days
    made = desk.server.post("/api/v1/keys", wish)
    desk.give(made, lambda: _present(made))


@keys.command("revoke")
@click.argument("key", shell_complete=completing.KEYS)
@command
def revoke_key(desk: Desk, key: str) -> None:
    """Revoke a key, named by its id or its name."""
    chosen = _find(desk, key)
    revoked = desk.server.delete(f"/api/v1/keys/{chosen}")
    desk.give(
        revoked,
        lambda: show.say(f"Revoked `{revoked['name']}` ({revoked['prefix']}…). Whoever used it is refused now."),
    )


def _present(made: Json) -> None:
    show.result(made["secret"])
    show.say(f"Key `{made['key']['name']}`: {', '.join(made['key']['scopes'])}. Keep it now; it is not shown again.")


def _find(desk: Desk, key: str) -> str:
    """The id of a key. A name stands for the one key of this name that still works."""
    if key.startswith("key_"):
        return key
    named = [item for item in desk.server.items("/api/v1/keys")["items"] if item["name"] == key]
    working = [item for item in named if not item["revoked_at"]]
    return str(working[0]["id"]) if len(working) == 1 else key


def _state(key: Json) -> str:
    if key["revoked_at"]:
        return f"revoked {day(key['revoked_at'])}"
    return f"until {day(key['expires_at'])}" if key["expires_at"] else "works"


_COLUMNS = (
    Column("name", lambda key: key["name"], fold=True),
    Column("key", lambda key: key["prefix"], lambda key: f"{key['prefix']}…", style="cyan"),
    Column("may", lambda key: key["scopes"]),
    Column("state", _state),
    Column("last used", lambda key: key["last_used_at"], lambda key: ago(key["last_used_at"]), spare=1),
    Column("created", lambda key: key["created_at"], lambda key: day(key["created_at"]), spare=2),
    Column("id", lambda key: key["id"], lambda key: key["id"] or NONE, style="dim", spare=3),
)
