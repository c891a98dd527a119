"""YAML read with the place of every value, so that each mistake can be told by line and column; and written again.

Plain scalars mean what YAML 1.2 says: `on`, `yes` and `2026-11-21` are texts, `true`, `null` and `1.5` are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from quarterdeck.core.errors import InvalidInput

Path = tuple[str | int, ...]
_MOST_NODES = 100_000
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where something stands; lines and columns begin at 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong with a file, and where."""

    message: str
    place: Place | None = None


class WrongFile(InvalidInput):
    """The file cannot be read as a configuration."""

    def __init__(self, source: str, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(_told(source, mistake) for mistake in mistakes))


@dataclass
class Text:
    """A file as values, with the place of each."""

    value: Any = None  # Any: what YAML can say
    places: dict[Path, Place] = field(default_factory=dict)
    """Of each value, and of the key of each entry of a mapping."""
    mistakes: list[Mistake] = field(default_factory=list)
    nodes: int = 0

    def place(self, path: Path) -> Place | None:
        """Where the value of a path stands, or else the nearest thing around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)


def read(content: str, source: str) -> Text:
    """A file of one YAML document."""
    try:
        node = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = None if mark is None else Place(mark.line + 1, mark.column + 1)
        raise WrongFile(source, [Mistake(f"This is no YAML: {error.problem or error.context}.", place)]) from error
    except yaml.YAMLError as error:
        raise WrongFile(source, [Mistake(f"This is no YAML: {error}.")]) from error
    text = Text()
    text.value = None if node is None else _value(node, (), text)
    return text


def write(value: Any) -> str:  # Any: JSON
    """A value as YAML that `read` reads alike."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


def _value(node: Any, path: Path, text: Text) -> Any:  # Any: PyYAML's nodes
    text.nodes += 1
    if text.nodes > _MOST_NODES:
        raise InvalidInput(f"The file has more than {_MOST_NODES:,} values.")
    text.places.setdefault(path, _place(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, text)
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*path, index), text) for index, one in enumerate(node.value)]
    return _scalar(node.value) if node.style is None else node.value


def _mapping(node: Any, path: Path, text: Text) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, place = str(key_node.value), _place(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            text.mistakes.append(Mistake("A key must be a plain text.", place))
        elif key == "<<" and key_node.style is None and isinstance(value_node, yaml.MappingNode):
            merged = _value(value_node, path, text)
            found = {**merged, **found}
        elif key in found and (*path, key) in text.places and text.places[*path, key].line != place.line:
            first = text.places[*path, key].line
            text.mistakes.append(Mistake(f"`{key}` stands here a second time; the first is in line {first}.", place))
        else:
            text.places[*path, key] = place
            found[key] = _value(value_node, (*path, key), text)
    return found


def _scalar(text: str) -> bool | int | float | str | None:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(node: Any) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _told(source: str, mistake: Mistake) -> str:
    if mistake.place is None:
        return f"{source}: {mistake.message}"
    return f"{source}:{mistake.place.line}:{mistake.place.column}: {mistake.message}"


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Writes long texts as blocks, and quotes what other readers of YAML would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text and text == "\n".join(line.rstrip() for line in text.split("\n")) else None
    if style is None and _scalar(text) != text:
        style = "'"  # YAML 1.1, which PyYAML writes, and 1.2 differ on what is a number
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
