"""A configuration file on its way to the server: read here, so that `${env:}` and `${file:}` mean this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from quarterdeck.cli import show
from quarterdeck.cli.client import Json
from quarterdeck.cli.exits import ExitCode, Failed, exit_code
from quarterdeck.config.settings import environment
from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.declared import reading

_SIGNS = {"create": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red"), "adopt": ("=", "dim")}


def read(path: str) -> Json:
    """The body of a plan or an application; `-` is what is piped in."""
    if path == "-":
        declaration = reading.read_text(sys.stdin.read(), "stdin", environment(), Path.cwd())
        source = "quarterdeck.yaml"
    else:
        declaration = reading.read_file(Path(path), environment())
        source = Path(path).name
    return {"document": declaration.model_dump(mode="json", exclude_unset=True), "source": source}


def failed(error: QuarterdeckError) -> QuarterdeckError:
    """The same error, ending the command with 1 instead of 2: that one says that something would change."""
    return Failed(error.message) if exit_code(error) is ExitCode.WRONG_USE else error


def tell(changes: list[Json]) -> None:
    """Say each change in a line, and its fields below."""
    for change in changes:
        sign, style = _SIGNS[change["verb"]]
        show.say(f"{sign} {change['kind']} `{change['name']}`{_where(change)}", style=style)
        for field in change["fields"]:
            becomes = _short(field["becomes"])
            show.say(
                f"    {field['field']}: {becomes}"
                if change["verb"] == "create"
                else f"    {field['field']}: {_short(field['was'])} -> {becomes}"
            )


def _where(change: Json) -> str:
    return "" if change["project"] == "default" else f" in `{change['project']}`"


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= 100 else f"{text[:97]}…"
