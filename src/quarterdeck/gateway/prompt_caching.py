"""Sets the marks of a provider's prompt cache for clients that ask for it: `x-quarterdeck-prompt-caching: auto`.

Anthropic and Bedrock cache only up to a mark. One is set behind the system prompt and one behind the user's last message, so
that the next turn of the conversation finds all that was before it. Everybody else caches by himself, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import Message
from quarterdeck.gateway.dialect import Asked, DialectName
from quarterdeck.gateway.parsing import with_fields

HEADER = b"x-quarterdeck-prompt-caching"
_MARK = {"type": "ephemeral"}
_MARK_IN_JSON = b'"cache_control"'


def is_wanted(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a client asks for marks."""
    wish = headers.get(HEADER)
    if wish is None or wish == b"off":
        return False
    if wish != b"auto":
        raise InvalidInput(f"`{HEADER.decode()}` is `auto` or `off`, not `{wish.decode('latin-1')[:40]}`.")
    return True


def marked(asked: Asked, dialect: DialectName) -> Asked:
    """The request with marks; as it is, when its client has set some."""
    if _MARK_IN_JSON in asked.body:
        return asked
    messages = list(asked.request.messages)
    for place in _places(messages):
        messages[place] = _marked(messages[place])
    body = asked.body
    if dialect == "anthropic-messages":
        body = with_fields(body, cache_control=_MARK)  # Anthropic then sets them itself, behind the last block
    return replace(asked, body=body, request=msgspec.structs.replace(asked.request, messages=messages))


def _places(messages: Sequence[Message]) -> set[int]:
    """The last prompt, and the last message of a user: Bedrock takes no mark within the result of a tool."""
    prompts = [place for place, message in enumerate(messages) if message.role in ("system", "developer")]
    said = [place for place, message in enumerate(messages) if message.role == "user"]
    return {*prompts[-1:], *said[-1:]}


def _marked(message: Message) -> Message:
    content = message.content
    parts: list[dict[str, Any]] = (
        [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])
    )
    if not parts or parts[-1].get("type") != "text" or not parts[-1].get("text"):
        return message
    parts[-1] = {**parts[-1], "cache_control": _MARK}
    return msgspec.structs.replace(message, content=parts)
