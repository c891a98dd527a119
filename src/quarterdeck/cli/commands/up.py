"""`quarterdeck up`: the server."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import rich_click as click

from quarterdeck.cli.browser import open_when_ready
from quarterdeck.cli.desk import verbose_option
from quarterdeck.config.settings import read_settings


@click.command()
@click.option("--host", metavar="ADDRESS", help="Listen there. `127.0.0.1` by default: only this machine.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", help="By default 4321; 0 takes any that is free."
)
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="The data folder; `.quarterdeck` by default."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that answer the data plane; 1 by default."
)
@click.option(
    "--demo", is_flag=True, help="Load a handbook of a small company, and `policy-bot`, which answers from it."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A quarterdeck.yaml: applied now, and whenever it changes.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the web interface when ready.")
@verbose_option
@click.pass_context
def up(
    context: click.Context,
    host: str | None,
    port: int | None,
    home: Path | None,
    workers: int | None,
    demo: bool,
    config_file: Path | None,
    open_browser: bool,
) -> None:
    """Start the server.

    One process with everything in it: gateway, control API, web interface and jobs; with `--workers`, more processes
    share the gateway's work behind the same port. All it keeps is in the data folder. Ctrl-C or SIGTERM lets running answers finish, then stops.
    """
    from quarterdeck.server.run import serve  # the whole server: for this command alone

    wishes = context.obj
    settings = read_settings(
        host=host,
        port=port,
        home=home or (wishes and wishes.home),
        workers=workers,
        config_file=config_file and str(config_file),
    )
    if open_browser:
        Thread(target=open_when_ready, args=(settings,), daemon=True).start()
    serve(settings, demo=demo)
