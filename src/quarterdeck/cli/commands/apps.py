"""`quarterdeck apps`: apps, their releases and what is live."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, releases, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, ago, day
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def apps() -> None:
    """Apps, their releases and what is live."""


@apps.command("list")
@command
def list_apps(desk: Desk) -> None:
    """List the apps."""
    page = desk.server.items("/api/v1/apps")
    empty = "No apps yet. `quarterdeck apps create NAME --knowledge KNOWLEDGE`."
    desk.give(page, lambda: show.table(page["items"], _APPS, empty=empty))


@apps.command("show")
@click.argument("name", shell_complete=completing.APPS)
@command
def show_app(desk: Desk, name: str) -> None:
    """Show an app and what its live release is made of."""
    app = desk.server.get(_address(name))
    desk.give(app, lambda: _present_app(app))


@apps.command("create")
@click.argument("name")
@click.option(
    "--knowledge",
    required=True,
    metavar="NAME",
    shell_complete=completing.KNOWLEDGE,
    help="The knowledge base it answers from.",
)
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@click.option("--model", metavar="NAME", help="By default `local/extractive`, which needs no provider.")
@click.option(
    "--prompt", "prompt_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A template file."
)
@command
def create_app(
    desk: Desk, name: str, knowledge: str, description: str, model: str | None, prompt_file: Path | None
) -> None:
    """Make an app, with its first release live."""
    wish = {"name": name, "description": description or f"Answers from `{knowledge}`.", "knowledge": knowledge}
    if model is not None:
        wish["model"] = model
    if prompt_file is not None:
        wish["prompt"] = prompt_file.read_text()
    made = desk.server.post("/api/v1/apps", wish)
    desk.give(
        made, lambda: show.say(f'`{name}` is live: release `{made["release_id"]}`. Try `quarterdeck ask {name} "…"`.')
    )


@apps.command("releases")
@click.argument("name", shell_complete=completing.APPS)
@command
def list_releases(desk: Desk, name: str) -> None:
    """List the releases of an app, newest first."""
    page = desk.server.items(f"{_address(name)}/releases")
    desk.give(page, lambda: show.table(page["items"], _RELEASES, empty="No releases."))


@apps.command("deploy")
@click.argument("name", shell_complete=completing.APPS)
@click.argument("release", required=False)
@click.option("--model", metavar="NAME", help="Make a release with this model.")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the deployment.")
@command
def deploy(desk: Desk, name: str, release: str | None, model: str | None, reason: str) -> None:
    """Put a release live; an older one is a rollback.

    Without RELEASE, a new one is made of the newest prompt and index.
    """
    if release is not None and model is not None:
        raise click.UsageError("A release is never changed: give RELEASE or `--model`, not both.")
    if release is None:
        members = {"model": model} if model else {}
        deployment = releases.propose_and_deploy(desk.server, name, members, reason=reason)
    else:
        deployment = releases.deploy(desk.server, name, release, reason=reason)
    desk.give(deployment, lambda: show.say(f"`{name}` answers with release `{deployment['release_id']}` now."))


def _address(name: str) -> str:
    return f"/api/v1/apps/{quote(name, safe='')}"


def _present_app(app: Json) -> None:
    release = app["release"]
    show.facts(
        [
            ("name", app["name"]),
            ("description", app["description"]),
            ("release", release["id"] if release else NONE),
            *(
                (member["role"], f"{member['name']} {member['version']}")
                for member in (release or {"members": []})["members"]
            ),
        ]
    )


def _member(release: Json, role: str) -> str:
    return next((f"{m['name']} {m['version']}" for m in release["members"] if m["role"] == role), NONE)


_APPS = (
    Column("name", lambda a: a["name"], style="cyan"),
    Column("release", lambda a: a["release_id"], lambda a: a["release_id"] or NONE),
    Column("created", lambda a: a["created_at"], lambda a: day(a["created_at"]), spare=1),
    Column("description", lambda a: a["description"], fold=True),
)
_RELEASES = (
    Column("release", lambda r: r["id"], style="cyan"),
    Column("live", lambda r: r["live"], lambda r: "live" if r["live"] else "", style="green"),
    Column("created", lambda r: r["created_at"], lambda r: ago(r["created_at"])),
    Column("by", lambda r: r["created_by"], spare=2),
    Column("prompt", lambda r: _member(r, "prompt")),
    Column("model", lambda r: _member(r, "model"), fold=True),
    Column("index", lambda r: _member(r, "index")),
    Column("notes", lambda r: r["notes"], fold=True, spare=1),
)
