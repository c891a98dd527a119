"""Texts that are too long, or too short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.records import Finding


class LengthOptions(msgspec.Struct):
    """The limits, in characters or words of one text."""

    max_characters: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_words: Annotated[int, msgspec.Meta(ge=1)] | None = None
    min_characters: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Length(LocalCheck[LengthOptions]):
    """Finds texts that are longer or shorter than they may be. Redacting cuts them."""

    kind: ClassVar[str] = "length"
    options_type: ClassVar[type[msgspec.Struct]] = LengthOptions

    def __init__(self, options: LengthOptions) -> None:
        super().__init__(options)
        if options.max_characters is options.max_words is options.min_characters is None:
            raise InvalidInput("`length` needs `max_characters`, `max_words` or `min_characters`.", param="checks")

    def inspect(self, text: str) -> Sequence[Finding]:
        options = self.options
        if options.max_characters is not None and len(text) > options.max_characters:
            return [Finding("too_long", options.max_characters, len(text), replacement="…")]
        if options.max_words is not None:
            words = text.split(None, options.max_words)
            if len(words) > options.max_words:
                return [Finding("too_long", len(text) - len(words[-1]), len(text), replacement="…")]
        if options.min_characters is not None and len(text.strip()) < options.min_characters:
            return [Finding("too_short", 0, len(text), replacement=text)]
        return []
