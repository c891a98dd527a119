"""Two kinds of command groups: the front, which loads commands when they are called, and a noun with its verbs."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import NoArgsIsHelpError, NoSuchCommand
from rich_click.rich_panel import RichCommandPanel

from quarterdeck.cli import catalogue, show
from quarterdeck.cli.exits import ExitCode, exit_code
from quarterdeck.core.errors import QuarterdeckError


class Front(click.RichGroup):
    """The commands of the catalogue. Every error becomes a sentence and an exit code here, and nowhere else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: click's own arguments, passed on
        super().__init__(*args, **kwargs)
        self.panels = [RichCommandPanel(name, list(entries)) for name, entries in catalogue.PANELS.items()]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the catalogue."""
        return list(catalogue.ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The card of a command, for `--help`: its line, without its module."""
        entry = catalogue.ENTRIES.get(cmd_name)
        return click.RichCommand(name=cmd_name, help=entry.line) if entry is not None else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was called, for real."""
        name = args[0]
        if name in catalogue.ENTRIES:
            return name, catalogue.load(name), args[1:]
        if ctx.resilient_parsing:
            return None, None, args[1:]
        raise NoSuchCommand(name, f"There is no command `{name}`.", possibilities=catalogue.ENTRIES, ctx=ctx)

    def invoke(self, ctx: click.Context) -> Any:  # Any: click's own signature
        """Run the command. A reader that hangs up, as `head` does, has what it wanted."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is left to write goes nowhere; else Python would complain about it at the very end.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # closed by the end of the process
            return ExitCode.OK
        return result

    # Any: click's own signature. It must also end well without `standalone_mode`, for tests and for completion.
    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run, and end the process with the exit code that fits."""
        args = list(sys.argv[1:] if args is None else args)
        options["standalone_mode"] = False
        _end(self._run(args, *rest, **options))

    def _run(self, args: list[str], *rest: Any, **options: Any) -> int:
        try:
            ended = super().main(args, *rest, **options)
        except click.UsageError as error:
            return _wrong_use(error)
        except click.ClickException as error:
            show.tell_error(error.format_message())
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            show.say("Interrupted.")
            return ExitCode.INTERRUPTED
        except QuarterdeckError as error:
            _tell_where(args)
            show.tell_error(error.message)
            return exit_code(error)
        except Exception as error:  # noqa: BLE001  # a door: what nobody has named ends here
            _tell_where(args)
            named = f"{type(error).__name__}: {error}"[:300]
            show.tell_error(
                f"This is a mistake of Quarterdeck: {named}. Please report it; `-v` shows where it happened."
            )
            return ExitCode.FAILED
        return ended if isinstance(ended, int) else ExitCode.OK


class Noun(click.RichGroup):
    """A noun with its verbs. Without a verb it lists: `quarterdeck keys` is `quarterdeck keys list`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order they are written."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the verb when there is none."""
        helps = self.get_help_option_names(ctx)
        called = not ctx.resilient_parsing  # and not just completed by a shell
        if called and "list" in self.commands and (not args or (args[0].startswith("-") and args[0] not in helps)):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def _wrong_use(error: click.UsageError) -> int:
    if isinstance(error, NoArgsIsHelpError):
        print(error.message)
        return ExitCode.WRONG_USE
    # Click's own suggestion is in brackets and quotes; ours is a question in our words.
    possibilities = getattr(error, "possibilities", None)
    meant = f" Did you mean {' or '.join(f'`{name}`' for name in possibilities[:3])}?" if possibilities else ""
    message = error.message if possibilities else error.format_message()
    show.tell_error(re.sub(r"'([^']+)'", r"`\1`", message) + meant)
    if error.ctx is not None:
        show.say(f"       See `{error.ctx.command_path} --help`.", style="dim")
    return ExitCode.WRONG_USE


def _tell_where(args: Sequence[str]) -> None:
    if "-v" in args or "--verbose" in args:
        traceback.print_exc()


def _end(code: int) -> NoReturn:
    sys.exit(int(code))
