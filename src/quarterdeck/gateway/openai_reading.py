"""Reads chunks of OpenAI's streams into our pieces, and puts our requests into its words; all who imitate it share this."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Piece,
    ReasoningPiece,
    TextPiece,
    ToolCallPiece,
)
from quarterdeck.gateway.outcome import WireChoice
from quarterdeck.gateway.wishes import WISHES

# What a request made in the house says to the provider; the rest is ours.
_SENT = (
    set(ChatRequest.__struct_fields__)
    - {"model", "metadata", "store", "documents", "stream", "stream_options", "thinking"}
    - set(WISHES)
)
# Those who refuse a request that asks them to think are more than those who can: only these are asked in a translation.
_THINKERS = re.compile(r"(.*/)?(o\d|gpt-5|gpt-oss|grok-3-mini|grok-4|gemini-2\.5|gemini-3|claude)")
# How many tokens of thought clients of Anthropic mean by the efforts of OpenAI.
_EFFORT_UP_TO = ((4096, "low"), (16384, "medium"))
# The oldest tool calls, and Mistral's limit of the model.
_OTHER_WORDS = {"function_call": "tool_calls", "model_length": "length"}
_FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter"}


def plain_request(request: ChatRequest, model: str, *, wants_thoughts: bool = False) -> dict[str, Any]:
    """A request made or translated in the house, in words that every server of this dialect knows. Any: JSON."""
    body = {name: value for name, value in msgspec.to_builtins(request).items() if name in _SENT}
    for message in body["messages"]:
        message.pop("thinking_blocks", None)
        if not wants_thoughts:
            message.pop("reasoning_content", None)
    effort = _effort(request.thinking)
    if effort is not None and "reasoning_effort" not in body and _THINKERS.match(model):
        body["reasoning_effort"] = effort
    return body


def pieces_of(choice: WireChoice) -> list[Piece]:
    """What a choice of a chunk says."""
    pieces: list[Piece] = []
    delta = choice.delta
    if delta is None or choice.index != 0:
        return pieces
    content: Any = delta.content  # Any: Mistral sends content parts
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    thoughts = delta.thoughts()
    if thoughts:
        pieces.append(ReasoningPiece(thoughts))
    if content or delta.refusal:
        pieces.append(TextPiece(content or delta.refusal or ""))
    for call in delta.tool_calls or ():
        function = call.function
        pieces.append(
            ToolCallPiece(
                index=call.index or 0,
                id=call.id,
                name=function.name if function else None,
                arguments=(function.arguments if function else None) or "",
            )
        )
    return pieces


def _effort(thinking: Any) -> str | None:  # Any: whatever clients send
    if not isinstance(thinking, dict) or thinking.get("type") == "disabled":
        return None
    if isinstance(thinking.get("effort"), str):
        return str(thinking["effort"])
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int):
        return None
    return next((effort for tokens, effort in _EFFORT_UP_TO if budget <= tokens), "high")


def finish_of(choice: WireChoice) -> FinishPiece | None:
    """Why a choice ended, in the chunk that says so."""
    if choice.finish_reason is None or choice.index != 0:
        return None
    reason = _OTHER_WORDS.get(choice.finish_reason, choice.finish_reason)
    return FinishPiece(reason if reason in _FINISH_REASONS else "stop")  # type: ignore[arg-type]  # checked just here
