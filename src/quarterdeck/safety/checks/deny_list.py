"""Words and patterns that must not occur."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.safety.check import LocalCheck
from quarterdeck.safety.patterns import compiled, reach_of
from quarterdeck.safety.records import Finding


class DenyListOptions(msgspec.Struct):
    """What must not occur."""

    words: Annotated[list[str], msgspec.Meta(max_length=5000)] = []
    """Words or phrases: whole words, in any case, however many spaces lie between."""
    patterns: Annotated[list[str], msgspec.Meta(max_length=200)] = []
    """Regular expressions."""
    ignore_case: bool = True
    label: str = "denied"


class DenyList(LocalCheck[DenyListOptions]):
    """Finds words, phrases and regular expressions of yours."""

    kind: ClassVar[str] = "deny_list"
    options_type: ClassVar[type[msgspec.Struct]] = DenyListOptions

    def __init__(self, options: DenyListOptions) -> None:
        super().__init__(options)
        words = [word.split() for word in options.words]
        if (not options.patterns and not words) or not all(words):
            raise InvalidInput("A deny list needs `words` or `patterns`, and none of them empty.", param="checks")
        self._patterns = [compiled(pattern, ignore_case=options.ignore_case) for pattern in options.patterns]
        reaches = [reach_of(pattern) for pattern in self._patterns]
        if words:
            # The longest first: of two that begin alike it is the longer one that is meant.
            spelled = sorted(
                (r"\s{1,4}".join(re.escape(part) for part in word) for word in words), key=len, reverse=True
            )
            flags = re.IGNORECASE if options.ignore_case else 0
            self._patterns.append(re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", flags))
            reaches.append(max(sum(len(part) + 4 for part in word) for word in words))
        self.reach = max(reaches)

    def inspect(self, text: str) -> Sequence[Finding]:
        return [
            Finding(self.options.label, match.start(), match.end())
            for pattern in self._patterns
            for match in pattern.finditer(text)
            if match.end() > match.start()
        ]
