"""The first words of an input or output, whatever its shape: what a list can show without opening the payload."""

from __future__ import annotations

import msgspec

from quarterdeck.runtime.tracing import Attribute

PREVIEW_CHARACTERS = 200

_TEXT_KEYS = (
    "content",
    "text",
    "parts",
    "question",
    "query",
    "input",
    "prompt",
    "answer",
    "output",
    "message",
    "result",
)
_LIST_KEYS = ("messages", "choices", "documents")


def preview(value: Attribute) -> str:
    """At most 200 characters on one line. Of a conversation, the words of its last message."""
    text = _text(value, depth=0)
    if not text and value not in (None, "", [], {}):
        text = msgspec.json.encode(value).decode()
    # Only the start is looked at: an input may be megabytes long.
    return " ".join(text[: PREVIEW_CHARACTERS * 4].split())[:PREVIEW_CHARACTERS]


def _text(value: Attribute, *, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth > 6 or value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return _text_of_list(value, depth)
    for key in _LIST_KEYS:
        if isinstance(value.get(key), list) and value[key]:
            return _text(value[key], depth=depth + 1)
    for key in _TEXT_KEYS:
        if value.get(key) and (text := _text(value[key], depth=depth + 1)):
            return text
    return ""


def _text_of_list(items: list[Attribute], depth: int) -> str:
    if any(isinstance(item, dict) and ("role" in item or "message" in item) for item in items):
        for item in reversed(items):
            if text := _text(item, depth=depth + 1):
                return text
        return ""
    return "\n".join(filter(None, (_text(item, depth=depth + 1) for item in items[:20])))
