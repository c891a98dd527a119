"""What may be talked about, and what may not, by keywords."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.language import terms
from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.records import Finding

_LEAST_WORDS = 3


class TopicsOptions(msgspec.Struct):
    """Topics by name, each with its keywords."""

    allowed: dict[str, Annotated[list[str], msgspec.Meta(min_length=1)]] = {}
    """When given, a text must touch one of these. Texts of a word or two (`Thanks!`) are let through."""
    denied: dict[str, Annotated[list[str], msgspec.Meta(min_length=1)]] = {}
    least_hits: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    """How many different keywords make a topic."""


class Topics(LocalCheck[TopicsOptions]):
    """Finds texts about denied topics, or about none of the allowed ones, by the stems of keywords: `refunds` finds `refunding`."""

    kind: ClassVar[str] = "topics"
    options_type: ClassVar[type[msgspec.Struct]] = TopicsOptions

    def __init__(self, options: TopicsOptions) -> None:
        super().__init__(options)
        if not options.allowed and not options.denied:
            raise InvalidInput("`topics` needs topics that are `allowed` or `denied`.", param="checks")
        self._allowed = {name: _stems(keywords) for name, keywords in options.allowed.items()}
        self._denied = {name: _stems(keywords) for name, keywords in options.denied.items()}

    def inspect(self, text: str) -> Sequence[Finding]:
        said = terms(text)
        for name, keywords in self._denied.items():
            if self._touches(said, keywords):
                return [Finding(f"topic_{name}", 0, len(text))]
        if not self._allowed or len(said) < _LEAST_WORDS:
            return []
        on_topic = any(self._touches(said, keywords) for keywords in self._allowed.values())
        return [] if on_topic else [Finding("off_topic", 0, len(text))]

    def _touches(self, said: Sequence[str], keywords: list[tuple[str, ...]]) -> bool:
        hits = sum(_occurs(said, keyword) for keyword in keywords)
        return hits >= min(self.options.least_hits, len(keywords))


def _stems(keywords: list[str]) -> list[tuple[str, ...]]:
    found = [tuple(terms(keyword)) for keyword in keywords]
    if not all(found):
        raise InvalidInput("A keyword of a topic has no word in it that says anything.", param="checks")
    return found


def _occurs(said: Sequence[str], keyword: tuple[str, ...]) -> bool:
    size = len(keyword)
    return any(tuple(said[start : start + size]) == keyword for start in range(len(said) - size + 1))
