"""What must be equal before likeness even counts: everything about a request but the words of its last question.

The scope is the key of the exact cache with the question cut out: project, key (or all keys of the project), app release or
provider and model, dialect, parameters, system prompt, tools, documents, and the conversation before. Nothing has to be
listed, so nothing can be forgotten: what is not the question is the scope.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.gateway.conversation import ChatRequest

LONGEST_QUESTION = 600
"""In characters. Longer texts carry documents with them, and one vector does not tell such texts apart."""
_CONVERSATIONS = ("messages", "contents", "input")
_QUESTION = "\x00question"


@dataclass(frozen=True, slots=True)
class Scoped:
    """A question, and the scope in which it was asked."""

    question: str
    scope: bytes


def scoped(request: ChatRequest, key_parts: Sequence[Any]) -> Scoped | str:
    """The question and its scope; or, in a word, why there is none. `key_parts` are the exact cache's, the body last."""
    # Any, above: JSON.
    last = request.messages[-1] if request.messages else None
    if last is None or last.role != "user":
        return "no-question"
    question = last.text()
    if not question.strip() or not _is_plain(last.content):
        return "no-question"
    if len(question) > LONGEST_QUESTION:
        return "long-question"
    *answers, body = key_parts
    name = next((name for name in _CONVERSATIONS if body.get(name)), None)
    if name is None:
        return "no-question"
    conversation = body[name]
    cut = _Cut(question)
    if isinstance(conversation, list):
        rest: Any = [*conversation[:-1], cut.out_of(conversation[-1])]
    else:
        rest = cut.out_of(conversation)
    if cut.found != 1:
        return "no-question"
    whole = msgspec.json.encode([*answers, {**body, name: rest}], order="sorted")
    return Scoped(question, hashlib.sha256(whole).digest())


class _Cut:
    """Takes the one text that is the question out of a message, whatever the message's shape."""

    def __init__(self, question: str) -> None:
        self.found = 0
        self._question = question

    def out_of(self, value: Any) -> Any:  # Any: JSON
        if isinstance(value, str):
            if value != self._question:
                return value
            self.found += 1
            return _QUESTION
        if isinstance(value, list):
            return [self.out_of(item) for item in value]
        if isinstance(value, dict):
            return {name: self.out_of(item) for name, item in value.items()}
        return value


def _is_plain(content: str | list[dict[str, Any]] | None) -> bool:
    return isinstance(content, str) or (content is not None and [part.get("type") for part in content] == ["text"])
