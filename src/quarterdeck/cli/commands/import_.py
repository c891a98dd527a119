"""`quarterdeck import`: a quarterdeck.yaml out of another gateway's configuration."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse


@click.command("import")
@click.argument("gateway", type=click.Choice(["litellm", "portkey", "tensorzero", "helicone"]))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this new file.")
@command
def import_(desk: Desk, gateway: str, file: Path, output: Path | None) -> None:
    """Make a quarterdeck.yaml of another gateway's configuration.

    The report says of everything whether it was taken over, approximated or left out, and why. Nothing is applied.
    """
    from quarterdeck.declared import importing, yaml_text  # for this command alone

    document, notes = importing.import_file(gateway, file)
    text = yaml_text.write(document)
    if output is not None:
        try:
            with output.open("x", encoding="utf-8") as written:
                written.write(text)
        except FileExistsError as error:
            raise WrongUse(f"`{output}` is there already. Choose another name, or move it away.") from error
    report = [asdict(note) for note in notes]
    if desk.as_json:
        show.as_json({"document": document, "report": report})
        return
    if output is None:
        show.result(text.rstrip("\n"))
    for note in report:
        show.say(f"{note['outcome']}: {note['where']}. {note['why']}", style=_STYLES[note["outcome"]])
    counted = ", ".join(f"{sum(one['outcome'] == kind for one in report)} {kind}" for kind in _STYLES)
    show.say(f"{counted}. Look at it, then `quarterdeck plan`.")


_STYLES = {"taken over": "green", "approximated": "yellow", "left out": "red"}
