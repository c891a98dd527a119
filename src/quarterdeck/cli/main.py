"""The console entry: `quarterdeck`, and what may be said before a command's name."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from quarterdeck import __version__
from quarterdeck.cli.desk import Wishes
from quarterdeck.cli.groups import Front

_LOOKS = {"theme": "default-slim", "commands_before_options": True, "max_width": 100}


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"], "rich_help_config": _LOOKS})
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="The data folder of the server.")
@click.option("--project", metavar="NAME", help="Work in this project; needs an administrator's key.")
@click.version_option(__version__, "--version", prog_name="quarterdeck", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, home: Path | None, project: str | None) -> None:
    """Discover, distill, deploy and deliver LLM applications.

    Start with `quarterdeck up --demo`, then `quarterdeck ask "How many days of leave do I have?"`.
    """
    context.obj = Wishes(home=home, project=project)


def main() -> None:
    """Run the command line; the process ends with one of the exit codes."""
    cli.main(prog_name="quarterdeck")
