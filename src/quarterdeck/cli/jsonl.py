"""Reads files of one JSON object a line, and says which line is not one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from quarterdeck.cli.client import Json
from quarterdeck.cli.exits import WrongUse

JSON_LINES = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
"""The type of an argument that is such a file; `-` is stdin."""


def read_objects(path: Path, fields: Sequence[str]) -> list[Json]:
    """Every object of a file. All must have these fields."""
    found: list[Json] = []
    if str(path) != "-" and not path.is_file():
        raise WrongUse(f"There is no file `{path}`. It should have one JSON object a line.")
    with click.open_file(str(path), encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                raise WrongUse(f"Line {number} of `{path}` is not JSON: {error}.") from error
            missing = [name for name in fields if not isinstance(value, dict) or name not in value]
            if missing:
                raise WrongUse(f"Line {number} of `{path}` lacks {', '.join(f'`{name}`' for name in missing)}.")
            found.append(value)
    if not found:
        raise WrongUse(f"`{path}` is empty. It should have one object a line, with {', '.join(fields)}.")
    return found
