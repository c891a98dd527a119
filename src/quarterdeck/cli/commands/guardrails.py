"""`quarterdeck guardrails`: what must not go in or come out, and a trial on a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE
from quarterdeck.cli.show import Column

_ALL = ("input", "output")


@click.group(cls=Noun)
def guardrails() -> None:
    """Guardrails: list, set, test, switch, remove."""


@guardrails.command("list")
@command
def list_guardrails(desk: Desk) -> None:
    """List the guardrails of the project."""
    page = desk.server.items("/api/v1/guardrails")
    empty = "No guardrails. `quarterdeck guardrails set NAME --check personal_data --action redact` makes one."
    desk.give(page, lambda: show.table(page["items"], _COLUMNS, empty=empty))


@guardrails.command("show")
@click.argument("name", shell_complete=completing.GUARDRAILS)
@command
def show_guardrail(desk: Desk, name: str) -> None:
    """Show one guardrail as JSON: what `set --from` takes."""
    found = desk.server.get(_path(name))
    desk.give(found, lambda: show.as_json(found))


@guardrails.command("checks")
@command
def list_checks(desk: Desk) -> None:
    """List the kinds of checks, with their options."""
    page = desk.server.items("/api/v1/guardrail-checks")
    desk.give(page, lambda: show.table(page["items"], _KINDS, empty="None."))


@guardrails.command("set")
@click.argument("name")
@click.option("--check", "checks", multiple=True, metavar="KIND[=JSON]", help="A kind of check; options as JSON.")
@click.option("--from", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A policy as JSON.")
@click.option("--action", type=click.Choice(("block", "redact", "flag")), help="What happens when something is found.")
@click.option("--stage", "stages", multiple=True, type=click.Choice(_ALL), help="By default both.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(("system", "user", "assistant", "tool")),
    help="Only what these roles say.",
)
@click.option("--app", "apps", multiple=True, metavar="PATTERN", help="Only for these apps.")
@click.option("--model", "models", multiple=True, metavar="PATTERN", help="Only for these models: `openai/*`.")
@click.option("--key", "keys", multiple=True, metavar="PATTERN", help="Only for these API keys, by name or id.")
@click.option("--asked-only", is_flag=True, help="Only for requests that ask for it by name.")
@click.option("--streaming", type=click.Choice(("hold", "skip")), help="`skip` leaves streams unevaluated.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--secret-stdin", is_flag=True, help="Read the credential of its webhook from stdin.")
@force_option
@command
def set_guardrail(
    desk: Desk,
    /,
    name: str,
    checks: tuple[str, ...],
    file: Path | None,
    secret_stdin: bool,
    apps: tuple[str, ...],
    models: tuple[str, ...],
    keys: tuple[str, ...],
    asked_only: bool,
    force: bool,
    **wishes: str | tuple[str, ...] | None,
) -> None:
    """Make a guardrail, or the next version of one: `--check personal_data --check 'length={"max_words": 500}'`."""
    policy = _from_file(file) if file is not None else {}
    policy |= {name: list(said) if isinstance(said, tuple) else said for name, said in wishes.items() if said}
    if checks:
        policy["checks"] = [_check(check) for check in checks]
    if not policy.get("checks"):
        raise WrongUse(
            "Say what to look for: `--check KIND`, or `--from FILE`. `quarterdeck guardrails checks` lists them."
        )
    scope = {"apps": list(apps), "models": list(models), "keys": list(keys), "asked_only": asked_only}
    if any(scope.values()):
        policy["scope"] = scope
    if secret_stdin:
        policy["secret"] = sys.stdin.read().strip()
    made = desk.server.put(_path(name), policy, force=force or None)
    desk.give(made, lambda: show.say(f"`{made['name']}` is at version {made['version']}, and holds from now on."))


@guardrails.command("test")
@click.argument("name", shell_complete=completing.GUARDRAILS)
@click.argument("text")
@click.option("--stage", type=click.Choice(_ALL), default="input", show_default=True)
@command
def test_guardrail(desk: Desk, name: str, text: str, stage: str) -> None:
    """Try a guardrail on a text (`-` reads it from stdin). Exit code 1 when it blocks."""
    text = sys.stdin.read() if text == "-" else text
    outcome = desk.server.post(f"{_path(name)}/trials", {"text": text, "stage": stage})
    desk.give(outcome, lambda: _present(outcome))
    if outcome["blocked"]:
        raise Failed(f"`{name}` does not let this through.")


@guardrails.command("on")
@click.argument("name", shell_complete=completing.GUARDRAILS)
@command
def switch_on(desk: Desk, name: str) -> None:
    """Switch a guardrail on."""
    _switch(desk, name, enabled=True)


@guardrails.command("off")
@click.argument("name", shell_complete=completing.GUARDRAILS)
@command
def switch_off(desk: Desk, name: str) -> None:
    """Switch a guardrail off; it is kept."""
    _switch(desk, name, enabled=False)


@guardrails.command("remove")
@click.argument("name", shell_complete=completing.GUARDRAILS)
@force_option
@command
def remove_guardrail(desk: Desk, name: str, force: bool) -> None:
    """Remove a guardrail."""
    desk.server.delete(_path(name), force=force or None)
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


def _switch(desk: Desk, name: str, *, enabled: bool) -> None:
    changed = desk.server.patch(_path(name), {"enabled": enabled})
    desk.give(changed, lambda: show.say(f"`{name}` is {'on' if enabled else 'off'}."))


def _from_file(file: Path) -> dict[str, Json]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise WrongUse(f"`{file}` is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise WrongUse(f"`{file}` holds no policy: a JSON object is needed.")
    # What `show` prints can be set again: what the server adds itself is left out.
    added = ("id", "name", "version", "has_secret", "owner", "created_at", "changed_at")
    return {name: value for name, value in found.items() if name not in added}


def _check(said: str) -> dict[str, Json]:
    kind, equals, options = said.partition("=")
    try:
        found = json.loads(options) if equals else {}
    except ValueError as error:
        raise WrongUse(f"The options of `{kind}` are no JSON: {error}") from error
    if not isinstance(found, dict):
        raise WrongUse(f"The options of `{kind}` are a JSON object: `--check '{kind}={{…}}'`.")
    return {"kind": kind, **found}


def _path(name: str) -> str:
    return f"/api/v1/guardrails/{quote(name, safe='')}"


def _present(outcome: Json) -> None:
    show.table(outcome["verdicts"], _VERDICTS, empty="No checks.")
    if not outcome["blocked"]:
        show.result(outcome["text"])


_COLUMNS = (
    Column("name", lambda g: g["name"], style="cyan"),
    Column("on", lambda g: g["enabled"], lambda g: "on" if g["enabled"] else "off"),
    Column("version", lambda g: g["version"], right=True),
    Column("checks", lambda g: ", ".join(check["kind"] for check in g["checks"]), fold=True),
    Column("stages", lambda g: ", ".join(g["stages"])),
    Column("action", lambda g: g["action"]),
    Column("streams", lambda g: g["streaming"], spare=1),
    Column("kept in", lambda g: g["owner"], spare=2),
)
_KINDS = (
    Column("kind", lambda k: k["kind"], style="cyan"),
    Column("stages", lambda k: ", ".join(k["stages"])),
    Column("finds", lambda k: k["summary"], fold=True),
    Column("options", lambda k: json.dumps(k["options"]), piped_only=True),
)
_VERDICTS = (
    Column("check", lambda v: v["check"], style="cyan"),
    Column("outcome", lambda v: v["outcome"]),
    Column("action", lambda v: v["action"]),
    Column("label", lambda v: v["label"], lambda v: v["label"] or NONE, fold=True),
    Column("score", lambda v: v["score"], lambda v: NONE if v["score"] is None else f"{v['score']:.2f}", right=True),
    Column("evidence", lambda v: "; ".join(e["excerpt"] for e in v["evidence"]), fold=True),
    Column("reason", lambda v: v["reason"], lambda v: v["reason"] or NONE, fold=True, spare=1),
)
