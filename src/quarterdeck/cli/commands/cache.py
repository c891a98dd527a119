"""`quarterdeck cache`: the exact cache, what it has saved, and how to empty it."""

from __future__ import annotations

from urllib.parse import urlencode

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import duration, money, plural, size


@click.group(cls=Noun)
def cache() -> None:
    """The exact response cache: how it stands, and how to empty it."""


@cache.command("show")
@command
def show_cache(desk: Desk) -> None:
    """Show how the cache is set, what it holds, and what it has saved in the last 30 days."""
    state = desk.server.get("/api/v1/cache")
    desk.give(state, lambda: _present(state))


@cache.command("purge")
@click.option("--namespace", metavar="NAME", help="Only answers of this namespace.")
@click.option("--model", metavar="NAME", help="Only answers of this model or app.", shell_complete=completing.MODELS)
@command
def purge_cache(desk: Desk, namespace: str | None, model: str | None) -> None:
    """Forget cached answers of this project."""
    wanted = {name: value for name, value in (("namespace", namespace), ("model", model)) if value is not None}
    outcome = desk.server.delete(f"/api/v1/cache?{urlencode(wanted)}" if wanted else "/api/v1/cache")
    desk.give(outcome, lambda: show.say(f"Forgot {plural(outcome['purged'], 'answer')}."))


def _present(state: Json) -> None:
    show.facts(
        [
            ("on", "yes" if state["enabled"] else "no (`QUARTERDECK_CACHE=true` turns it on)"),
            ("answers kept", f"{plural(state['entries'], 'answer')}, {size(state['bytes'])}"),
            ("kept for", duration(state["ttl_s"] * 1000)),
            ("shared by", "each key alone" if state["scope"] == "key" else "all keys of a project"),
            ("answered", f"{plural(state['hits'], 'request')} in 30 days"),
            ("saved", f"{money(state['saved_usd'])} and {duration(state['saved_ms'])}"),
        ]
    )
