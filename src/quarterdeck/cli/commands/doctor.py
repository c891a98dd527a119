"""`quarterdeck doctor`: everything that can be wrong, each with its remedy."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from quarterdeck.cli import machine_checks, server_checks, session, show
from quarterdeck.cli.checks import Check
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.exits import Failed
from quarterdeck.cli.quantities import plural

_SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red"), "skipped": ("–", "dim")}


@click.command()
@click.option("--call", is_flag=True, help="Also call every provider, which asks for its list of models.")
@command
def doctor(desk: Desk, call: bool) -> None:
    """Check everything that can be wrong, and say the remedy.

    Works with a running server and without one. Ends with exit code 1 when something failed.
    """
    home = session.data_folder(desk.settings)
    running = server_checks.is_running(desk.settings)
    found = [
        *machine_checks.checks(desk.settings, home, running=running),
        *server_checks.checks(desk, call=call),
    ]
    failures = sum(check.status == "failed" for check in found)
    report = {"ok": not failures, "checks": [asdict(check) for check in found]}
    desk.give(report, lambda: _present(found))
    if failures:
        raise Failed(f"{plural(failures, 'check')} failed.")


def _present(found: list[Check]) -> None:
    if not show.is_terminal():
        for check in found:
            show.result("\t".join((check.status, check.name, check.found, check.remedy or "")))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for check in found:
        sign, colour = _SIGNS[check.status]
        grid.add_row(Text(sign, style=colour), check.name, show.marked(check.found))
        if check.remedy:
            grid.add_row("", "", Text.assemble(("→ ", colour), show.marked(check.remedy)))
    show.draw(grid)
