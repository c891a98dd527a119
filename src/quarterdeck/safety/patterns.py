"""Regular expressions of users: refused when they could take for ever, and measured for how far they reach.

Python's matcher backtracks: `(a+)+b` tries two to the n ways through n letters. A pattern is therefore taken only when no
repetition contains another one or a choice that begins alike; what is left is at worst quadratic, within a window.
"""

from __future__ import annotations

import re
from re import _constants as opcodes  # type: ignore[attr-defined]  # typeshed has no stubs of the parser
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from quarterdeck.core.errors import InvalidInput

LONGEST_PATTERN = 1000
FARTHEST = 256
"""How far a pattern without a bound is taken to reach."""
_MANY = 20
_REPEATS = {opcodes.MAX_REPEAT, opcodes.MIN_REPEAT, getattr(opcodes, "POSSESSIVE_REPEAT", None)}


def compiled(pattern: str, *, ignore_case: bool = True) -> re.Pattern[str]:
    """A pattern ready for use, or why it is not taken."""
    if not pattern or len(pattern) > LONGEST_PATTERN:
        raise InvalidInput(f"A pattern has 1 to {LONGEST_PATTERN} characters.", param="patterns")
    try:
        tree = parser.parse(pattern)
        found = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"`{pattern}` is no regular expression: {error}.", param="patterns") from error
    if found.match(""):
        raise InvalidInput(f"`{pattern}` matches nothing at all, and so everywhere.", param="patterns")
    _refuse_what_explodes(pattern, tree, repeated=False)
    return found


def reach_of(pattern: re.Pattern[str]) -> int:
    """How many characters its longest match has; `FARTHEST` when there is no end to it."""
    _, longest = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE).getwidth()
    return min(int(longest), FARTHEST)


def _refuse_what_explodes(pattern: str, tree: Any, *, repeated: bool) -> None:  # Any: the parser's own nodes
    for code, argument in tree:
        if code in _REPEATS:
            _, most, inside = argument
            many = most == opcodes.MAXREPEAT or most > _MANY
            if repeated and most > 1:
                raise _explodes(pattern, "a repetition inside a repetition")
            _refuse_what_explodes(pattern, inside, repeated=repeated or many)
        elif code is opcodes.SUBPATTERN:
            _refuse_what_explodes(pattern, argument[-1], repeated=repeated)
        elif code is opcodes.BRANCH:
            if repeated:
                raise _explodes(pattern, "a choice inside a repetition")
            for branch in argument[1]:
                _refuse_what_explodes(pattern, branch, repeated=repeated)
        elif code in (opcodes.ASSERT, opcodes.ASSERT_NOT):
            _refuse_what_explodes(pattern, argument[1], repeated=repeated)
        elif code in (opcodes.GROUPREF, opcodes.GROUPREF_EXISTS):
            raise _explodes(pattern, "a reference back to a group")


def _explodes(pattern: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"`{pattern}` has {why}: there are texts for which that takes for ever. Write it as several patterns.",
        param="patterns",
    )
