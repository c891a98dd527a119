"""`quarterdeck replay`: the same release on the same input again, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import Failed
from quarterdeck.cli.found import trace_id
from quarterdeck.cli.quantities import duration

if TYPE_CHECKING:
    from rich.text import Text


@click.command()
@click.argument("trace", metavar="ID", shell_complete=completing.trace_ids)
@click.option("--check", is_flag=True, help="End with exit code 1 when the answers differ.")
@command
def replay(desk: Desk, trace: str, check: bool) -> None:
    """Run a trace's release again on the same input and show what changed.

    ID may be the start of an id, or `last`. Piped, changes are marked as `[-gone-]` and `{+new+}`.
    """
    outcome = desk.server.post(f"/api/v1/traces/{trace_id(desk.server, trace)}/replays")
    desk.give(outcome, lambda: _present(outcome))
    if check and not outcome["same"]:
        raise Failed(f"The replay answered differently. See `quarterdeck trace {outcome['replay']['trace_id']}`.")


def _present(outcome: Json) -> None:
    original, again = outcome["original"], outcome["replay"]
    if not show.is_terminal():
        show.result("".join(_marked(part) for part in outcome["diff"]) or (again["output"] or ""))
    elif outcome["same"]:
        show.draw(again["output"] or "")
    else:
        show.draw(_coloured(outcome["diff"]))
    show.say("")
    verdict = "The same answer" if outcome["same"] else "A different answer"
    show.say(f"{verdict}, by release {again['release_id']}.", style="green" if outcome["same"] else "yellow")
    for name, run in (("original", original), ("replay", again)):
        show.say(f"  {name:<9} {duration(run['latency_ms']):>9}  trace {run['trace_id']}", style="dim")


def _marked(part: Json) -> str:
    text = str(part["text"])
    return {"equal": text, "delete": f"[-{text}-]", "insert": f"{{+{text}+}}"}[part["op"]]


def _coloured(diff: Json) -> Text:
    from rich.text import Text

    if show.console().no_color:
        return Text("".join(_marked(part) for part in diff))
    styles = {"equal": "", "delete": "red strike", "insert": "green underline"}
    return Text.assemble(*((part["text"], styles[part["op"]]) for part in diff))
