"""`quarterdeck config`: the settings, and where each value comes from."""

from __future__ import annotations

import rich_click as click

from quarterdeck.cli import show
from quarterdeck.cli.desk import Desk, command
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.show import Column
from quarterdeck.config.settings import PREFIX, origins


@click.group(cls=Noun)
def config() -> None:
    """Settings, and where each value comes from."""


@config.command("show")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@command
def show_config(desk: Desk, origin: bool) -> None:
    """Show every setting. Secrets are never shown, only whether they are set."""
    came_from = origins(home=desk.home_flag)
    rows = [
        {
            "name": name,
            "variable": PREFIX + name.upper(),
            "value": _safe(name, getattr(desk.settings, name)),
            **({"origin": where} if origin else {}),
        }
        for name, where in came_from.items()
    ]
    rows += [
        {"name": name, "variable": name, "value": _safe(name, value), **({"origin": "environment"} if origin else {})}
        for name, value in desk.settings.providers.items()
    ]
    columns = _COLUMNS if origin else _COLUMNS[:2]
    desk.give({"items": rows}, lambda: show.table(rows, columns, empty=""))


def _safe(name: str, value: object) -> str | int | float | bool | None:
    if name.lower().endswith("_key"):
        return "set" if value else None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


_COLUMNS = (
    Column("setting", lambda row: row["variable"], style="cyan"),
    Column(
        "value", lambda row: row["value"], lambda row: "–" if row["value"] is None else str(row["value"]), fold=True
    ),
    Column("from", lambda row: row["origin"], style="dim"),
)
