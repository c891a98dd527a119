"""`quarterdeck providers`: where models come from."""

from __future__ import annotations

import sys
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, duration, plural
from quarterdeck.cli.show import Column

KINDS = (
    "openai",
    "anthropic",
    "azure",
    "gemini",
    "vertex",
    "bedrock",
    "cohere",
    "mistral",
    "openai-compatible",
    "litellm",
)


@click.group(cls=Noun)
def providers() -> None:
    """Model providers: list, add, check, remove."""


@providers.command("list")
@command
def list_providers(desk: Desk) -> None:
    """List the providers: from the environment, stored, and built in."""
    page = desk.server.items("/api/v1/providers")
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty="No providers."))


@providers.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), help="By default what NAME says, else `openai-compatible`.")
@click.option(
    "--base-url",
    metavar="URL",
    help="Where it listens, such as `http://127.0.0.1:11434/v1`; not needed for those that are well known.",
)
@click.option("--model", "models", multiple=True, metavar="NAME", help="A model it serves; may be repeated.")
@click.option("--no-key", is_flag=True, help="It wants no key.")
@click.option("--key-stdin", is_flag=True, help="Read the key from stdin instead of asking for it.")
@command
def add_provider(
    desk: Desk,
    name: str,
    kind: str | None,
    base_url: str | None,
    models: tuple[str, ...],
    no_key: bool,
    key_stdin: bool,
) -> None:
    """Add a provider. Its key is asked for, never taken from the command line, and stored encrypted."""
    from quarterdeck.gateway.well_known import standard_url  # a tenth of a second that only this command pays

    kind = kind or (name if name in KINDS else "openai-compatible")
    if kind == "openai-compatible" and base_url is None and standard_url(name) is None:
        raise WrongUse(f"`{name}` needs `--base-url`: where it listens, such as `http://127.0.0.1:11434/v1`.")
    wish: dict[str, object] = {"name": name, "kind": kind}
    if base_url is not None:
        wish["base_url"] = base_url
    if models:
        wish["models"] = list(models)
    if not no_key:
        wish["api_key"] = _read_key(name, key_stdin)
    made = desk.server.post("/api/v1/providers", wish)
    desk.give(made, lambda: show.say(f"Added `{made['name']}`. `quarterdeck providers check {made['name']}` tries it."))


@providers.command("check")
@click.argument("name", shell_complete=completing.PROVIDERS)
@command
def check_provider(desk: Desk, name: str) -> None:
    """Ask a provider for its models, and say how that went."""
    outcome = desk.server.post(f"/api/v1/providers/{quote(name, safe='')}/checks")
    desk.give(outcome, lambda: _present_check(name, outcome))
    if not outcome["ok"]:
        raise Failed(f"`{name}` does not work: {outcome['error']}")


@providers.command("remove")
@click.argument("name", shell_complete=completing.PROVIDERS)
@force_option
@command
def remove_provider(desk: Desk, name: str, force: bool) -> None:
    """Forget a stored provider and its key."""
    desk.server.delete(f"/api/v1/providers/{quote(name, safe='')}", force=force or None)
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


def _read_key(name: str, key_stdin: bool) -> str:
    if key_stdin:
        key = sys.stdin.read().strip()
    elif sys.stdin.isatty():
        key = str(click.prompt(f"API key of {name}", hide_input=True, err=True))
    else:
        raise WrongUse("There is no terminal to ask for the key. Pipe it in with `--key-stdin`, or say `--no-key`.")
    if not key:
        raise WrongUse("The key is empty. A provider without a key is added with `--no-key`.")
    return key


def _present_check(name: str, outcome: Json) -> None:
    if outcome["ok"]:
        seen = plural(outcome["models_seen"], "model")
        show.say(f"`{name}` works: {seen} in {duration(outcome['latency_ms'])}.", style="green")


_COLUMNS = (
    Column("name", lambda p: p["name"], style="cyan"),
    Column("kind", lambda p: p["kind"]),
    Column("from", lambda p: p["origin"]),
    Column("key", lambda p: p["key_hint"], lambda p: p["key_hint"] or NONE),
    Column("address", lambda p: p["base_url"], lambda p: p["base_url"] or NONE, fold=True, spare=1),
    Column(
        "models", lambda p: p["models"], lambda p: str(len(p["models"])) if p["models"] else NONE, right=True, spare=2
    ),
)
