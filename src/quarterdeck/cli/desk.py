"""What every command works with: settings, the server, and whether the caller is a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import rich_click as click

from quarterdeck.cli import session, show
from quarterdeck.config.settings import Settings, read_settings

if TYPE_CHECKING:
    from quarterdeck.cli.client import Client, Json

P = ParamSpec("P")


@dataclass(frozen=True)
class Desk:
    """One run of one command."""

    settings: Settings
    project: str | None = None
    as_json: bool = False
    home_flag: Path | None = None

    @cached_property
    def server(self) -> Client:
        """The server to ask; looked for when first needed."""
        from quarterdeck.cli.client import Client  # HTTP takes half of the start-up time: not for `--help`

        found = session.find_session(self.settings)
        return Client(found.url, found.key, project=self.project)

    def hang_up(self) -> None:
        """Close the connections, if any were opened."""
        if "server" in self.__dict__:
            self.server.close()

    def give(self, value: Json, otherwise: Callable[[], None]) -> None:
        """Show a result: the object itself for programs, else in the command's own words."""
        if self.as_json:
            show.as_json(value)
        else:
            otherwise()


@dataclass(frozen=True)
class Wishes:
    """What was asked of all commands, before the command's name."""

    home: Path | None = None
    project: str | None = None


verbose_option = click.option(
    "-v", "--verbose", is_flag=True, expose_value=False, help="Show the traceback of an error."
)
"""Read where errors end, in `groups`, which sees no command's values any more."""


force_option = click.option("--force", is_flag=True, help="Even if a configuration file declares it.")


def command(function: Callable[Concatenate[Desk, P], None]) -> Callable[..., None]:
    """Give a command its desk as first argument, and the options that all commands share."""

    @click.option("--json", "as_json", is_flag=True, help="Print the API's own object.")
    @verbose_option
    @click.pass_context
    def at_desk(context: click.RichContext, /, as_json: bool, *args: P.args, **kwargs: P.kwargs) -> None:
        wishes = context.find_object(Wishes) or Wishes()
        settings = read_settings(home=wishes.home)
        desk = Desk(settings, wishes.project, as_json, wishes.home)
        try:
            function(desk, *args, **kwargs)
        finally:
            desk.hang_up()

    return update_wrapper(at_desk, function)
