"""Whether two answers say the same: the test behind every live check of the promise.

It is strict on purpose. A fresh answer that says the same in other words may count as a contradiction; the cache then serves
less than it could. The other mistake, to call a wrong answer right, is the one that would break the promise.
"""

from __future__ import annotations

import re

import numpy as np

from quarterdeck.core.language import words
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.semantic.vetoes import denies_otherwise, numbers

SAME_ANSWER = 0.85
"""From this cosine on, answers whose figures and denials agree are taken for the same."""
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s+", re.MULTILINE)
_CITATION = re.compile(r"\[\d{1,3}\]")


def agree(one: str, other: str, vector_of_one: Vectors, vector_of_other: Vectors) -> bool:
    """Whether one answer could stand for the other."""
    one, other = _bare(one), _bare(other)
    if words(one) == words(other):
        return True
    if set(numbers(one)) != set(numbers(other)) or denies_otherwise(one, other):
        return False
    return float(np.dot(vector_of_one, vector_of_other)) >= SAME_ANSWER


def _bare(text: str) -> str:
    return _CITATION.sub("", _LIST_NUMBER.sub("", text))
