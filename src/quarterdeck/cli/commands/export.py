"""`quarterdeck export`: what is live, as a configuration file."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse


@click.command()
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this new file.")
@click.option("--all-projects", is_flag=True, help="The other projects, too.")
@command
def export(desk: Desk, output: Path | None, all_projects: bool) -> None:
    """Write what is live as a quarterdeck.yaml.

    Credentials are references to what the server has: another server gets them by `quarterdeck secrets set`.
    """
    from quarterdeck.declared import yaml_text  # YAML: for this command alone

    found = desk.server.get("/api/v1/config/export", all_projects=all_projects)
    if output is None:
        desk.give(found, lambda: show.result(yaml_text.write(found).rstrip("\n")))
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(yaml_text.write(found))
    except FileExistsError as error:
        raise WrongUse(f"`{output}` is there already. Choose another name, or move it away.") from error
    desk.give({"written": str(output)}, lambda: show.say(f"Written to {output}."))
