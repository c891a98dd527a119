"""Checks the parameters of an app when they are set, so that no answer has to."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import get_args, get_type_hints

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.hashing import Json
from quarterdeck.orchestration.records import Parameters

_RANGES: dict[str, tuple[float, float]] = {
    "passages": (1, 30),
    "context_tokens": (100, 100_000),
    "min_relevance": (0.0, 1.0),
    "temperature": (0.0, 2.0),
    "max_tokens": (1, 100_000),
    "keep_share": (0.05, 1.0),
}

_LATER = {"keep_share"}


def changed(base: Parameters, wishes: Mapping[str, object]) -> Parameters:
    """The parameters with some of them set anew. An unknown name or a wrong value is refused."""
    known = get_type_hints(Parameters)
    for name, value in wishes.items():
        if name not in known:
            raise InvalidInput(f"`{name}` is no parameter of an app. There are: {sorted(known)}.", param="parameters")
        _require_kind(name, value, known[name])
        _require_range(name, value)
    return replace(base, **wishes)  # type: ignore[arg-type]  # each value was just checked against its annotation


def as_content(parameters: Parameters) -> dict[str, Json]:
    """The parameters as a release keeps them. A later one says nothing while it is unset: older addresses stay the same."""
    content = asdict(parameters)
    return {name: value for name, value in content.items() if name not in _LATER or value is not None}


def from_content(content: Mapping[str, Json]) -> Parameters:
    """The parameters that a release keeps; what an older release did not know has its default."""
    names = {field.name for field in fields(Parameters)}
    return changed(Parameters(), {name: value for name, value in content.items() if name in names})


def _require_kind(name: str, value: object, kind: object) -> None:
    kinds = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    accepted = tuple(kinds) + ((int,) if float in kinds else ())
    if isinstance(value, bool) != (bool in kinds) or not isinstance(value, accepted):
        expected = " or ".join("null" if one is type(None) else one.__name__ for one in kinds)
        raise InvalidInput(f"The parameter `{name}` is {value!r}; it must be {expected}.", param="parameters")


def _require_range(name: str, value: object) -> None:
    if name in _RANGES and isinstance(value, int | float):
        least, most = _RANGES[name]
        if not least <= value <= most:
            raise InvalidInput(
                f"The parameter `{name}` is {value}; it must be between {least:g} and {most:g}.", param="parameters"
            )
