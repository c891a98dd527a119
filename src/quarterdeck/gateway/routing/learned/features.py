"""What a router sees of a request beside its meaning: plain facts of its shape.

Hashed words and pairs of words were tried, too: they made the choice worse on topics that had not been seen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from quarterdeck.gateway.logistic import Numbers

LONGEST_TEXT = 4000
"""In characters; what comes after says little more about how hard a request is."""
SHAPE = (
    "log_characters",
    "log_words",
    "log_characters_squared",
    "digits",
    "numbers",
    "symbols",
    "code",
    "lines",
    "options",
    "question_marks",
    "long_words",
    "quotes",
    "capitals",
)
LENGTH = slice(0, 3)
"""The columns of a shape that are length and nothing else: the baseline to beat."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_OPTION = re.compile(r"^\s*\(?[A-Ha-h1-9][.)]\s", re.MULTILINE)
_CODE = re.compile(r"```|[{};]\s*$|^\s*(?:def|class|import|for|if|return|SELECT)\b|=>|->|\w+\(\w*\)", re.MULTILINE)
_SYMBOLS = frozenset("+-*/=<>^_\\$%&|~∑∫√≤≥")


def shape(text: str) -> Numbers:
    """Plain facts of a text, in the order of `SHAPE`."""
    text = text[:LONGEST_TEXT]
    size = len(text)
    said = text.split()
    log_size = math.log1p(size)
    per_character = 1.0 / max(size, 1)
    return np.array(
        [
            log_size,
            math.log1p(len(said)),
            log_size**2,
            sum(character.isdigit() for character in text) * per_character,
            math.log1p(len(_NUMBER.findall(text))),
            sum(character in _SYMBOLS for character in text) * per_character,
            math.log1p(len(_CODE.findall(text))),
            math.log1p(text.count("\n")),
            math.log1p(len(_OPTION.findall(text))),
            math.log1p(text.count("?")),
            sum(len(word) > 8 for word in said) / max(len(said), 1),
            math.log1p(text.count('"') + text.count("“")),
            sum(word[:1].isupper() for word in said) / max(len(said), 1),
        ]
    )


def shapes(texts: Sequence[str]) -> Numbers:
    """The shapes of many texts."""
    return np.array([shape(text) for text in texts])
