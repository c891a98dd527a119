"""`quarterdeck keys`: list, create, change, rotate and revoke API keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, ago, day
from quarterdeck.cli.show import Column

SCOPES = ("gateway", "read", "write", "admin")

F = TypeVar("F", bound=Callable[..., Any])  # Any: a command takes whatever its options say


def _terms(verb: F) -> F:
    """The options about what holds for a key beyond its scopes."""
    for option in reversed(
        (
            click.option("--team", metavar="NAME", help="The team it belongs to.", shell_complete=completing.TEAMS),
            click.option(
                "--model",
                "models",
                multiple=True,
                metavar="PATTERN",
                help="What it may call, such as `openai/*`; may be repeated.",
            ),
            click.option(
                "--tool",
                "tools",
                multiple=True,
                metavar="PATTERN",
                help="What it may call at `/mcp`, such as `github__*`; may be repeated.",
            ),
            click.option(
                "--ip", "ips", multiple=True, metavar="CIDR", help="From where it may be used; may be repeated."
            ),
            click.option("--tag", "tags", multiple=True, help="Put on all its calls; may be repeated."),
            click.option(
                "--label", "labels", multiple=True, metavar="NAME=VALUE", help="Metadata put on all its calls."
            ),
            click.option("--passthrough/--no-passthrough", default=None, help="Whether it may use `/passthrough`."),
        )
    ):
        verb = option(verb)
    return verb


@click.group(cls=Noun)
def keys() -> None:
    """API keys: list, create, change, rotate, revoke."""


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
@_terms
@command
def create_key(desk: Desk, /, name: str, scopes: tuple[str, ...], days: int | None, **terms: Any) -> None:
    """Make a key. Its secret is shown this once, alone on stdout.

    Without `--scope` it may call models, read and write, but not administer.
    """
    wish: dict[str, object] = {"name": name, **_said(terms)}
    if scopes:
        wish["scopes"] = list(scopes)
    if days is not None:
        wish["expires_in_days"] = days
    made = desk.server.post("/api/v1/keys", wish)
    desk.give(made, lambda: _present(made))


@keys.command("change")
@click.argument("key", shell_complete=completing.KEYS)
@click.option("--name", help="Another name.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may do; may be repeated.")
@click.option("--expires-in", "days", type=click.IntRange(1), metavar="DAYS", help="Let it end by itself.")
@_terms
@force_option
@command
def change_key(
    desk: Desk, /, key: str, name: str | None, scopes: tuple[str, ...], days: int | None, force: bool, **terms: Any
) -> None:
    """Let a key do more or less, from the next request on. What is not said stays as it is."""
    chosen = _find(desk, key)
    wish: dict[str, object] = {"name": name, "scopes": list(scopes) or None, "expires_in_days": days}
    said = _said(terms)
    if said:
        known = next(item for item in desk.server.items("/api/v1/keys")["items"] if item["id"] == chosen)
        wish["terms"] = {**{term: known[term] for term in _TERMS}, **said}
    wanted = {term: value for term, value in wish.items() if value is not None}
    changed = desk.server.patch(f"/api/v1/keys/{chosen}", wanted, force=force or None)
    desk.give(changed, lambda: show.say(f"Changed `{changed['name']}`."))


@keys.command("rotate")
@click.argument("key", shell_complete=completing.KEYS)
@click.option("--overlap", "hours", type=click.FloatRange(0, 90 * 24), default=24.0, metavar="HOURS", help="How long the old secret still works; 24 by default.")  # fmt: skip
@command
def rotate_key(desk: Desk, key: str, hours: float) -> None:
    """Give a key a new secret, shown this once, alone on stdout. The old one works until the overlap is over."""
    made = desk.server.post(f"/api/v1/keys/{_find(desk, key)}/rotations", {"overlap_hours": hours})
    desk.give(made, lambda: _present_rotation(made))


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


def _present_rotation(made: Json) -> None:
    show.result(made["secret"])
    show.say(f"Key `{made['key']['name']}`: the old secret works until {made['key']['previous_until']}.")


def _said(terms: dict[str, Any]) -> dict[str, object]:  # Any: options, whose types click knows
    labels = [label.partition("=") for label in terms["labels"]]
    if any(not equals for _, equals, _ in labels):
        raise WrongUse("Write a label as `NAME=VALUE`.")
    said = {
        "team": terms["team"],
        "allowed_models": list(terms["models"]) or None,
        "allowed_tools": list(terms["tools"]) or None,
        "allowed_ips": list(terms["ips"]) or None,
        "tags": list(terms["tags"]) or None,
        "metadata": {name: value for name, _, value in labels} or None,
        "passthrough": terms["passthrough"],
    }
    return {name: value for name, value in said.items() if value is not None}


_TERMS = ("team", "allowed_models", "allowed_tools", "allowed_ips", "tags", "metadata", "passthrough")


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
    Column("team", lambda key: key["team"], lambda key: key["team"] or NONE, spare=1),
    Column("state", _state),
    Column("last used", lambda key: key["last_used_at"], lambda key: ago(key["last_used_at"]), spare=1),
    Column("created", lambda key: key["created_at"], lambda key: day(key["created_at"]), spare=2),
    Column("id", lambda key: key["id"], lambda key: key["id"] or NONE, style="dim", spare=3),
)
