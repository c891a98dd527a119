"""Makes a `quarterdeck.yaml` of another gateway's configuration, and a report that leaves nothing out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from quarterdeck.core.errors import InvalidInput
from quarterdeck.declared import yaml_text
from quarterdeck.declared.draft import Draft, Note
from quarterdeck.declared.importers import helicone, litellm, portkey, tensorzero
from quarterdeck.declared.section import Fields

Importer = Callable[[Fields, Draft, str], None]
IMPORTERS: Mapping[str, Importer] = {
    "litellm": litellm.read,
    "portkey": portkey.read,
    "tensorzero": tensorzero.read,
    "helicone": helicone.read,
}


def import_file(gateway: str, path: Path) -> tuple[Fields, list[Note]]:
    """A document of ours, and what became of everything that theirs said."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"`{path}` cannot be read: {error}.") from error
    config = _parsed(content, path)
    draft = Draft()
    try:
        IMPORTERS[gateway](config, draft, path.stem)
        draft.finished()
    except (ValidationError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise InvalidInput(f"`{path}` is not as {gateway} writes it: {error}") from error
    return {name: value for name, value in draft.document.items() if value not in ({}, [])}, draft.notes


def _parsed(content: str, path: Path) -> Fields:
    try:
        if path.suffix == ".toml":
            config: object = tomllib.loads(content)
        elif path.suffix == ".json":
            config = json.loads(content)
        else:
            config = yaml_text.read(content, path.name).value
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise InvalidInput(f"`{path}` cannot be read: {error}.") from error
    if not isinstance(config, dict):
        raise InvalidInput(f"`{path}` is no configuration: a mapping is needed.")
    return config
