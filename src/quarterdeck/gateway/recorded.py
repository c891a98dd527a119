"""What of a conversation is recorded: every word that a person could read, but no megabytes of base64."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quarterdeck.gateway.conversation import Message
from quarterdeck.runtime.tracing import Attribute

_LONGEST_TEXT = 1_000_000
_LONGEST_DATA = 10_000
_NOT_FOR_READING = {"url", "data", "file_data", "image_url"}


def recorded(messages: Sequence[Message]) -> Attribute:
    """Messages as a span keeps them."""
    found: Attribute = msgspec.to_builtins(messages)
    # Nearly all conversations are texts of a few kilobytes, and stay as they are without a walk through them.
    if all(
        isinstance(message.content, str | None) and len(message.content or "") <= _LONGEST_TEXT for message in messages
    ):
        return found
    return _shortened(found, "")


def _shortened(value: Attribute, name: str) -> Attribute:
    if isinstance(value, str):
        longest = _LONGEST_DATA if name in _NOT_FOR_READING else _LONGEST_TEXT
        return (
            value
            if len(value) <= longest
            else f"{value[: 64 if name in _NOT_FOR_READING else longest]}… ({len(value)} characters)"
        )
    if isinstance(value, list):
        return [_shortened(item, name) for item in value]
    if isinstance(value, dict):
        return {key: _shortened(item, key) for key, item in value.items()}
    return value
