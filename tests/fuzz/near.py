"""Requests that are nearly right: a good one of an endpoint with a few of its values replaced, left out or nested."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Json = Any  # JSON of any shape
Path = tuple[str | int, ...]

_SCALARS: SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["", "nan", "-inf", "1e999", "\x00", "\ud7ff", "💥", "a" * 3000, "data:image/png;base64,", "data:,", "{", "[]"]
    ),
)
_WORDS = st.sampled_from(
    ["type", "role", "text", "content", "name", "function", "id", "input", "parts", "data", "source", "url", "schema"]
)
ANY_JSON: SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(_WORDS, st.text(max_size=5)), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def nearly(draw: DrawFn, good: Sequence[Json]) -> Json:
    """One of the good ones, spoilt in up to three places."""
    whole = copy.deepcopy(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        if not places:
            break
        place = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "replace", "drop", "nest", "repeat", "add"])):
            case "replace":
                whole = _put(whole, place, draw(ANY_JSON))
            case "drop":
                whole = _dropped(whole, place)
            case "nest":
                whole = _put(whole, place, [_at(whole, place)])
            case "repeat":
                whole = _put(whole, place, [_at(whole, place)] * 3)
            case _:
                found = _at(whole, place)
                if isinstance(found, dict):
                    found[draw(st.one_of(_WORDS, st.text(max_size=5)))] = draw(ANY_JSON)
    return whole


def _places(value: Json, here: Path = ()) -> Iterator[Path]:
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from _places(below, (*here, key))


def _at(value: Json, place: Path) -> Json:
    for key in place:
        value = value[key]
    return value


def _put(whole: Json, place: Path, value: Json) -> Json:
    if not place:
        return value
    _at(whole, place[:-1])[place[-1]] = value
    return whole


def _dropped(whole: Json, place: Path) -> Json:
    if not place:
        return {}
    del _at(whole, place[:-1])[place[-1]]
    return whole
