"""A follow-up question such as `And in Halifax?` says little alone: it is read together with the question before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quarterdeck.core.language import terms
from quarterdeck.gateway.conversation import Message

_OPENS_BACKWARD = re.compile(
    r"^\W*(?:and|but|so|or|also|then|what about|how about|what if|same|why|why not|really|in that case|ok(?:ay)?,? (?:and|but|so)"
    r"|even|only|except|which one|who else|anything else|what else)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|there|one|ones|the same|such|he|she|him|her)\b", re.IGNORECASE
)
_ENOUGH_WORDS = 6


def with_context(messages: Sequence[Message]) -> str:
    """The last user message, after the one before it when it could not be understood alone."""
    asked = [message.text().strip() for message in messages if message.role == "user" and message.text().strip()]
    if not asked:
        return ""
    question = asked[-1]
    return f"{asked[-2]} {question}" if len(asked) > 1 and _is_follow_up(question) else question


def _is_follow_up(question: str) -> bool:
    if _OPENS_BACKWARD.match(question):
        return True
    words = len(terms(question))
    return words < 2 or (words < _ENOUGH_WORDS and bool(_POINTS_BACK.search(question)))
