"""`quarterdeck login-link` and `quarterdeck password`: ways into the web interface."""

from __future__ import annotations

import sys

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import WrongUse

_SHORTEST = 12


@click.command("login-link")
@command
def login_link(desk: Desk) -> None:
    """Print a link that opens the web interface without a password.

    It works once, from this machine, for a short time.
    """
    link = desk.server.post("/api/v1/login-links")
    whole = {"url": f"{desk.server.url}/login?token={link['token']}", "expires_at": link["expires_at"]}
    desk.give(whole, lambda: show.result(whole["url"]))


@click.group()
def password() -> None:
    """Set the administrator's password."""


@password.command("set")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from stdin instead of asking for it.")
@command
def set_password(desk: Desk, from_stdin: bool) -> None:
    """Set the password of the web interface. It is asked for twice and never taken from the command line."""
    new = sys.stdin.readline().rstrip("\n") if from_stdin else _ask()
    if len(new) < _SHORTEST:
        raise WrongUse(f"The password is too short. Use at least {_SHORTEST} characters; four random words do well.")
    desk.server.put("/api/v1/password", {"password": new, "current_password": None})
    desk.give({"password_set": True}, lambda: show.say("The password is set."))


def _ask() -> str:
    if not sys.stdin.isatty():
        raise WrongUse("There is no terminal to ask for the password. Pipe it in with `--stdin`.")
    return str(click.prompt("New password", hide_input=True, confirmation_prompt="Once more", err=True))
