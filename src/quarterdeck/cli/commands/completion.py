"""`quarterdeck completion`: the script that lets a shell complete our commands."""

from __future__ import annotations

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.desk import Desk, command


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@command
def completion(desk: Desk, shell: str) -> None:
    """Print the completion script of a shell.

    For example: `quarterdeck completion bash > ~/.local/share/bash-completion/completions/quarterdeck`.
    """
    from click.shell_completion import get_completion_class

    from quarterdeck.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for `{shell}`.")
    script = kind(cli, {}, "quarterdeck", "_QUARTERDECK_COMPLETE").source()
    desk.give({"shell": shell, "script": script}, lambda: show.result(script))
