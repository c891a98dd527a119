"""`quarterdeck prompts`: wordings, their versions, and the labels that stand for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, ago
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def prompts() -> None:
    """Prompts: list, show, add a version, label."""


@prompts.command("list")
@command
def list_prompts(desk: Desk) -> None:
    """List the prompts. Each can be called as `model="prompt:NAME"`."""
    page = desk.server.items("/api/v1/prompts")
    empty = "No prompts. `quarterdeck prompts add NAME FILE` adds one."
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty=empty))


@prompts.command("show")
@click.argument("name", shell_complete=completing.PROMPTS)
@click.option("--version", "number", type=int, metavar="N", help="By default the newest.")
@command
def show_prompt(desk: Desk, name: str, number: int | None) -> None:
    """Show the wording of a version, or with `--json` the whole history."""
    history = desk.server.get(_path(name))
    found = next((v for v in history["versions"] if number in (None, v["version"])), None)
    if found is None:
        raise WrongUse(f"`{name}` has no version {number}. There are {len(history['versions'])}.")
    desk.give(history, lambda: show.result(found["template"]))


@prompts.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--model", metavar="NAME", shell_complete=completing.MODELS, help="The model that is called with it.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=JSON", help="Such as `temperature=0.2`.")
@click.option("--note", metavar="TEXT", help="Why it changed.")
@click.option("--label", metavar="LABEL", help="Let this label stand for it: `production`.")
@command
def add_version(
    desk: Desk,
    name: str,
    file: Path,
    model: str | None,
    parameters: tuple[str, ...],
    note: str | None,
    label: str | None,
) -> None:
    """Add a wording (`-` reads it from stdin) as the next version."""
    try:
        template = sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"`{file}` cannot be read: {error}.") from error
    wish: dict[str, Json] = {"template": template, "parameters": dict(_parameter(one) for one in parameters)}
    wish |= {name: value for name, value in (("model", model), ("note", note), ("label", label)) if value}
    made = desk.server.post(f"{_path(name)}/versions", wish)
    desk.give(made, lambda: show.say(f"`{made['name']}` is at version {made['version']}."))


@prompts.command("label")
@click.argument("name", shell_complete=completing.PROMPTS)
@click.argument("label")
@click.argument("number", metavar="VERSION", type=click.IntRange(1))
@command
def move_label(desk: Desk, name: str, label: str, number: int) -> None:
    """Let a label stand for a version, from the next request on."""
    moved = desk.server.put(f"{_path(name)}/labels/{quote(label, safe='')}", {"version": number})
    desk.give(moved, lambda: show.say(f"`{name}@{label}` is version {number} from now on."))


@prompts.command("unlabel")
@click.argument("name", shell_complete=completing.PROMPTS)
@click.argument("label")
@command
def remove_label(desk: Desk, name: str, label: str) -> None:
    """Take a label away."""
    desk.server.delete(f"{_path(name)}/labels/{quote(label, safe='')}")
    desk.give({"removed": label}, lambda: show.say(f"`{name}` has no label `{label}` any more."))


def _parameter(said: str) -> tuple[str, Json]:
    name, equals, value = said.partition("=")
    if not equals:
        raise WrongUse(f"`--parameter {said}` is no `NAME=JSON`, such as `temperature=0.2`.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _path(name: str) -> str:
    return f"/api/v1/prompts/{quote(name, safe='')}"


_COLUMNS = (
    Column("name", lambda p: p["name"], style="cyan"),
    Column("versions", lambda p: p["versions"], right=True),
    Column(
        "labels",
        lambda p: " ".join(f"{one['label']}={one['version']}" for one in p["labels"]),
        lambda p: ", ".join(f"{one['label']} → {one['version']}" for one in p["labels"]) or NONE,
    ),
    Column("model", lambda p: p["newest"]["model"], lambda p: p["newest"]["model"] or NONE, fold=True),
    Column("changed", lambda p: p["newest"]["created_at"], lambda p: ago(p["newest"]["created_at"]), right=True),
    Column("note", lambda p: p["newest"]["note"], lambda p: p["newest"]["note"] or NONE, fold=True, spare=1),
)
