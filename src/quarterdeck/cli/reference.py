"""The reference page of the command line, written from the commands themselves so that it cannot be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

import rich_click as click

from quarterdeck.cli import catalogue
from quarterdeck.cli.exits import ExitCode
from quarterdeck.cli.main import cli

_MEANINGS = {
    ExitCode.OK: "It worked.",
    ExitCode.FAILED: "A check failed, or the server could not do it.",
    ExitCode.WRONG_USE: "The command cannot be used like this, or the server found the request wrong.",
    ExitCode.NOT_AUTHORISED: "The key is missing, wrong, or lacks the scope.",
    ExitCode.NOT_FOUND: "There is no such thing.",
    ExitCode.UNREACHABLE: "No server answers.",
    ExitCode.INTERRUPTED: "Interrupted with Ctrl-C.",
}
_WIDTH = 116
_SHARED = {"as_json", "verbose", "help"}

_INTRODUCTION = """\
# The command line

`quarterdeck` starts the server and speaks with it. This page is written from the commands by `make docs`.

## What all commands share

- **Which server.** `QUARTERDECK_URL` and `QUARTERDECK_API_KEY`; unset, the server that runs on the data folder
  (`QUARTERDECK_HOME`, by default `.quarterdeck` here or in a folder above), with the key it left there for this user.
- **What they print.** Results on stdout, talk on stderr. On a terminal, tables; piped, one line per row with tabs
  between the columns, whole values and no header; with `--json`, the object of the API as it is.
- **Colour** is left out when stdout is no terminal or `NO_COLOR` is set, and forced by `FORCE_COLOR`.
- **Errors** are one sentence with its remedy; `-v` (`--verbose`) adds the traceback.
- **A noun without a verb lists**: `quarterdeck keys` is `quarterdeck keys list`.
- **A trace** may be named by the start of its id, or as `last`.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION, *_exit_codes(), *_root_options(), *_commands()]).rstrip() + "\n"


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield "| code | meaning |\n|---|---|"
    yield from (f"| {int(code)} | {_MEANINGS[code]} |" for code in ExitCode)
    yield ""


def _root_options() -> Iterator[str]:
    yield "## Before the command's name\n"
    yield from _table(cli, click.Context(cli, info_name="quarterdeck"), hidden={"help"})


def _commands() -> Iterator[str]:
    root = click.Context(cli, info_name="quarterdeck")
    for title, entries in catalogue.PANELS.items():
        yield f"## {title}\n"
        for name in entries:
            yield from _command(catalogue.load(name), name, root)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            yield from _command(command.commands[verb], verb, context)
        return
    yield f"### `{context.command_path}`\n"
    yield _paragraphs(command.help or "") + "\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```\n{context.command_path} {usage}\n```\n"
    yield from _table(command, context, hidden=_SHARED)


def _table(command: click.Command, context: click.Context, *, hidden: set[str]) -> Iterator[str]:
    rows = [
        f"| `{_cell(record[0])}` | {_cell(record[1])} |"
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and parameter.name not in hidden
        if (record := parameter.get_help_record(context)) is not None
    ]
    if rows:
        yield "| option | meaning |\n|---|---|"
        yield from rows
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _paragraphs(text: str) -> str:
    return "\n\n".join(fill(" ".join(paragraph.split()), _WIDTH) for paragraph in text.split("\n\n"))
