"""Reads an answer in the words of Anthropic's Messages API, a stream or a whole one, into our pieces."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.conversation import (
    FinishPiece,
    Piece,
    ReasoningPiece,
    TextPiece,
    ToolCallPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.upstream_errors import refusal

ERROR_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What an error event means, by the status Anthropic gives the same error outside of streams."""
_REASONS: dict[str, Literal["stop", "length", "tool_calls", "content_filter"]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


class _CacheCreation(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _ToolUse(msgspec.Struct):
    web_search_requests: int | None = None


class _WireUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ToolUse | None = None
    service_tier: str | None = None
    speed: str | None = None
    """`fast`, where that was asked for and is paid for."""


class _Message(msgspec.Struct):
    """The head of an answer."""

    id: str | None = None
    model: str | None = None
    usage: _WireUsage | None = None


class _Block(msgspec.Struct):
    type: str
    id: str | None = None
    name: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    input: Any = None  # Any: a tool's arguments


class _Delta(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Error(msgspec.Struct):
    type: str = "api_error"
    message: str = ""


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _WireUsage | None = None
    error: _Error | None = None


class _Whole(_Message):
    """A plain answer."""

    type: str | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None


_EVENT = msgspec.json.Decoder(_Event)
_WHOLE = msgspec.json.Decoder(_Whole)


class AnthropicReading:
    """What has been read of one stream so far."""

    def __init__(self, provider: str) -> None:
        self.ended = False
        self._provider = provider
        self._message = _Message()
        self._used = _WireUsage()
        self._stop_reason: str | None = None
        self._tool_index = -1

    def read(self, data: bytes) -> list[Piece]:
        """The pieces in one event; most have one, many have none."""
        if not data:
            return []
        try:
            event = _EVENT.decode(data)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self._provider}` sent an event that cannot be read: {data[:200]!r}.") from error
        match event.type:
            case "content_block_delta" if event.delta is not None:
                return self._delta(event.delta)
            case "content_block_start" if event.content_block is not None:
                return self._block(event.content_block)
            case "message_start" if event.message is not None:
                self._message = event.message
                self._count(event.message.usage)
            case "message_delta":
                self._count(event.usage)
                self._stop_reason = (event.delta.stop_reason if event.delta else None) or self._stop_reason
            case "message_stop":
                self.ended = True
            case "error":
                said = event.error or _Error()
                raise refusal(self._provider, ERROR_STATUS.get(said.type, 500), {}, data)
        return []

    def read_whole(self, body: bytes) -> list[Piece]:
        """The pieces of a plain answer; what is no answer has none, and raises."""
        try:
            whole = _WHOLE.decode(body)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self._provider}` did not answer with a message.") from error
        if whole.content is None:
            raise UpstreamFailed(f"`{self._provider}` did not answer with a message.")
        self._message, self._stop_reason, self.ended = whole, whole.stop_reason, True
        self._count(whole.usage)
        return [piece for block in whole.content for piece in self._block(block)]

    @property
    def begun(self) -> bool:
        """Whether the head of the answer was there, which tells the model and the input."""
        return self._message.id is not None

    @property
    def stopped(self) -> bool:
        """Whether the answer told why it ended."""
        return self._stop_reason is not None

    def require_end(self, rest: bytes) -> None:
        """A stream that ended without saying so has broken off."""
        if rest.strip() or self._stop_reason is None:
            raise UpstreamFailed(f"`{self._provider}` broke off before the end of its answer.")

    def finish(self) -> FinishPiece:
        """Why it ended, in OpenAI's words."""
        return FinishPiece(_REASONS.get(self._stop_reason or "", "stop"))

    def usage(self) -> UsagePiece:
        """What it took. Anthropic counts cached tokens beside the input, we count them inside it."""
        used = self._used
        read, written = used.cache_read_input_tokens or 0, used.cache_creation_input_tokens or 0
        searches = (used.server_tool_use or _ToolUse()).web_search_requests
        tier = "fast" if used.speed == "fast" else used.service_tier
        usage = Usage(
            input_tokens=(used.input_tokens or 0) + read + written,
            output_tokens=used.output_tokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cache_write_1h_tokens=(used.cache_creation or _CacheCreation()).ephemeral_1h_input_tokens or 0,
            reasoning_tokens=(used.output_tokens_details or _OutputDetails()).thinking_tokens or 0,
            units=(("search", searches),) if searches else (),
        )
        return UsagePiece(usage, self._message.model, self._message.id, tier)

    def _block(self, block: _Block) -> list[Piece]:
        if block.type == "tool_use":
            self._tool_index += 1
            # The input is empty here and follows in fragments, except from imitators that send it whole.
            arguments = msgspec.json.encode(block.input).decode() if block.input else ""
            return [ToolCallPiece(self._tool_index, block.id, block.name, arguments)]
        if block.type == "redacted_thinking":
            return [ReasoningPiece(redacted=block.data)]
        if block.type == "thinking" and (block.thinking or block.signature):
            return [ReasoningPiece(block.thinking or "", block.signature or None)]
        return [TextPiece(block.text)] if block.type == "text" and block.text else []

    def _delta(self, delta: _Delta) -> list[Piece]:
        if delta.text:
            return [TextPiece(delta.text)]
        if delta.partial_json:
            return [ToolCallPiece(self._tool_index, arguments=delta.partial_json)]
        if delta.thinking or delta.signature:
            return [ReasoningPiece(delta.thinking or "", delta.signature)]
        return []

    def _count(self, used: _WireUsage | None) -> None:
        # The start tells the input, the end tells the output, and whatever is told twice is a running total.
        if used is not None:
            told = {name: value for name, value in msgspec.structs.asdict(used).items() if value is not None}
            self._used = msgspec.structs.replace(self._used, **told)
