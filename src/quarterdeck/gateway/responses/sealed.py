"""What a provider wants back of its model's thoughts, carried by the client in `encrypted_content` as it would carry OpenAI's.

It is no secret, only opaque: providers sign what they want back unchanged, and encrypt what nobody shall read.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from quarterdeck.core.unreadable import UNREADABLE

_MARK = "qd1."


class Thoughts(msgspec.Struct, omit_defaults=True):
    """Blocks of thought as Anthropic signs them, and Gemini's signatures by the id of the call that they vouch for."""

    blocks: list[dict[str, Any]] = []  # Any: they belong to the provider
    signatures: dict[str, str] = {}


def seal(thoughts: Thoughts) -> str:
    """As a text for a client to carry."""
    return _MARK + base64.b64encode(msgspec.json.encode(thoughts)).decode()


def unseal(text: object) -> Thoughts | None:
    """What is in it; None when it is not from here."""
    if not isinstance(text, str) or not text.startswith(_MARK):
        return None
    try:
        return msgspec.json.decode(base64.b64decode(text[len(_MARK) :], validate=True), type=Thoughts)
    except (*UNREADABLE, binascii.Error):
        return None
