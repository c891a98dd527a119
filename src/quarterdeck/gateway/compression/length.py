"""How long a request is, in tokens, before anybody has counted them."""

from __future__ import annotations

import msgspec

from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.outcome import estimated_usage

_CHARACTERS_PER_TOKEN = 4


def estimate(request: ChatRequest) -> int:
    """Tokens by length: of the conversation, its tools and its tool calls."""
    tools = len(msgspec.json.encode(request.tools or [])) // _CHARACTERS_PER_TOKEN
    calls = sum(len(msgspec.json.encode(message.tool_calls or [])) for message in request.messages)
    return max(1, estimated_usage(request.messages, None).input_tokens + tools + calls // _CHARACTERS_PER_TOKEN)
