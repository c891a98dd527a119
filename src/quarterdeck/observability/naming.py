"""Attributes asked for by several names: each convention has its own word for the same thing, and its own way to write it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from quarterdeck.runtime.tracing import Attribute

_MOST = 2**53


class Named:
    """Attributes of a span, read with patience: numbers may be texts, texts may be JSON, JSON may be JSON in a text."""

    def __init__(self, attributes: Mapping[str, Attribute]) -> None:
        self.attributes = attributes

    def has(self, *names: str) -> bool:
        """Whether any of these is there."""
        return any(self.attributes.get(name) is not None for name in names)

    def first(self, *names: str) -> Attribute:
        """The value of the first name that is there."""
        return next((value for name in names if (value := self.attributes.get(name)) is not None), None)

    def text(self, *names: str) -> str | None:
        """The first non-empty text."""
        for name in names:
            value = self.attributes.get(name)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return None

    def number(self, *names: str) -> float | None:
        """The first number, also one that is written as a text."""
        for name in names:
            value = self.attributes.get(name)
            if isinstance(value, str):
                try:
                    value = float(value.strip('"'))
                except ValueError:
                    continue
            if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST:
                return value
        return None

    def count(self, *names: str) -> int | None:
        """The first number, as a count of something: whole and not negative."""
        number = self.number(*names)
        return int(number) if number is not None and number >= 0 else None

    def parsed(self, *names: str) -> Attribute:
        """The first value, and if that is JSON in a text, what it says."""
        return parsed(self.first(*names))


def parsed(value: Attribute) -> Attribute:
    """What a text of JSON says; any other value as it is. An attribute length limit leaves broken JSON: then its text."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
        return value
    try:
        meaning: Attribute = msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return value
    return meaning
