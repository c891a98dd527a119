"""Reads a `quarterdeck.yaml`: every mistake in it at once, each with its line, its column and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError

from quarterdeck.declared import references, yaml_text
from quarterdeck.declared.document import SECRET_FIELDS, Declaration
from quarterdeck.declared.references import NoReference
from quarterdeck.declared.yaml_text import Mistake, Text, WrongFile

LARGEST = 4 * 2**20
_MOST_TOLD = 50


def read_file(path: Path, environment: Mapping[str, str]) -> Declaration:
    """What a file declares, its references to the environment and to files looked up; those to secrets stay."""
    try:
        if path.stat().st_size > LARGEST:
            raise WrongFile(str(path), [Mistake(f"The file is larger than {LARGEST // 2**20} MB.")])
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongFile(str(path), [Mistake(f"It cannot be read: {error.strerror or error}.")]) from error
    except UnicodeDecodeError as error:
        raise WrongFile(str(path), [Mistake("It is no UTF-8 text.")]) from error
    return read_text(content, path.name, environment, path.parent)


def read_text(content: str, source: str, environment: Mapping[str, str], folder: Path) -> Declaration:
    """The same, of a text."""
    text = yaml_text.read(content, source)
    mistakes = [*text.mistakes, *_credentials_in_clear(text)]
    expanded = _expanded(text.value, (), text, mistakes, environment, folder)
    declaration: Declaration | None = None
    if expanded is None:
        expanded = {}
    if not isinstance(expanded, dict):
        mistakes.append(Mistake("A configuration is a mapping: `providers:`, `routes:` …", text.place(())))
    else:
        try:
            declaration = Declaration.model_validate(expanded)
        except ValidationError as error:
            mistakes += _told(error, text, expanded)
    if mistakes or declaration is None:
        mistakes.sort(key=lambda one: (one.place.line, one.place.column) if one.place else (0, 0))
        raise WrongFile(source, mistakes[:_MOST_TOLD])
    return declaration


def referred_files(path: Path) -> list[Path]:
    """The files that a configuration refers to, whether it is right or not."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [path.parent / name for name in references.file_names(content)]


def _credentials_in_clear(text: Text) -> Iterator[Mistake]:
    for path, value in _leaves(text.value, ()):
        inner = path[2:] if path[:1] == ("projects",) else path
        if len(inner) < 3 or str(inner[2]) not in SECRET_FIELDS.get(str(inner[0]), ()):
            continue
        if isinstance(value, str) and value and not references.is_only_references(value):
            yield Mistake(
                f"`{inner[-1]}` is a credential and must not stand in the file. Write `${{env:NAME}}`, `${{file:PATH}}` or "
                "`${secret:NAME}`.",
                text.place(path),
            )


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:  # Any: YAML
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _expanded(
    value: Any,
    path: tuple[str | int, ...],
    text: Text,
    mistakes: list[Mistake],
    environment: Mapping[str, str],
    folder: Path,
) -> Any:
    if isinstance(value, dict):
        return {k: _expanded(v, (*path, k), text, mistakes, environment, folder) for k, v in value.items()}
    if isinstance(value, list):
        return [_expanded(v, (*path, i), text, mistakes, environment, folder) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        return references.expand(value, environment, folder)
    except NoReference as error:
        mistakes.append(Mistake(error.message, text.place(path)))
        return value


def _told(error: ValidationError, text: Text, value: Any) -> Iterator[Mistake]:
    for one in error.errors(include_url=False):
        path = tuple(part for part in one["loc"] if part != "[key]")
        place = text.place(_existing(path, value))
        if one["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            yield Mistake(_unknown_key(path), place)
        elif one["type"] == "missing":
            yield Mistake(f"`{'.'.join(map(str, path[:-1])) or 'the file'}` needs `{path[-1]}`.", place)
        else:
            message = one["msg"].removeprefix("Value error, ")
            yield Mistake(f"`{'.'.join(map(str, path)) or 'the file'}`: {message}.", place)


def _existing(path: tuple[str | int, ...], value: Any) -> tuple[str | int, ...]:
    """The part of a path that stands in the file: pydantic also names branches of unions."""
    found: list[str | int] = []
    for part in path:
        inner = dict(enumerate(value)) if isinstance(value, list) else value if isinstance(value, dict) else {}
        if part in inner:
            value = inner[part]
            found.append(part)
    return tuple(found)


def _unknown_key(path: tuple[str | int, ...]) -> str:
    known = _known_keys(path[:-1])
    close = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    hint = f" Did you mean `{close[0]}`?" if close else f" There are: {', '.join(known)}." if known else ""
    return f"`{path[-1]}` is no key{_within(path[:-1])}.{hint}"


def _within(path: tuple[str | int, ...]) -> str:
    return f" of `{'.'.join(map(str, path))}`" if path else ""


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand at a place, found by walking down the model."""
    kind: Any = Declaration
    for part in path:
        kind = _inner(kind, part)
    names = _fields(kind)
    return list(names)


def _inner(kind: Any, part: str | int) -> Any:
    annotated = _fields(kind)
    if annotated:
        return _bare(annotated.get(str(part)))
    arguments = get_args(kind)
    return _bare(arguments[-1 if get_origin(kind) is dict else 0]) if arguments else None


def _fields(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: found.annotation for name, found in kind.model_fields.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return {one.name: hints[one.name] for one in fields(kind)}
    return {}


def _bare(kind: Any) -> Any:
    """A type without `| None`."""
    options = [one for one in get_args(kind) if one is not type(None)]
    return options[0] if type(None) in get_args(kind) and len(options) == 1 else kind
