"""Reads the messages of Bedrock's ConverseStream into our pieces."""

from __future__ import annotations

from typing import Literal

import msgspec

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.aws_event_stream import AwsMessage
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

_REASONS: dict[str, Literal["stop", "length", "tool_calls", "content_filter"]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
# What an exception inside a stream means, by the status AWS gives the same one outside of streams.
_STATUS = {
    "validationexception": 400,
    "accessdeniedexception": 403,
    "throttlingexception": 429,
    "serviceunavailableexception": 503,
    "modeltimeoutexception": 504,
}


class _Wire(msgspec.Struct, rename="camel"):
    """AWS writes names in camel case."""


class _ToolUse(_Wire):
    tool_use_id: str | None = None
    name: str | None = None
    input: str | None = None


class _Thought(_Wire):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _Said(_Wire):
    text: str | None = None
    reasoning_content: _Thought | None = None
    tool_use: _ToolUse | None = None


class _CacheDetail(_Wire):
    input_tokens: int = 0
    ttl: str = ""


class _WireUsage(_Wire):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_details: list[_CacheDetail] | None = None


class _ServiceTier(_Wire):
    type: str | None = None


class _Event(_Wire):
    content_block_index: int = 0
    start: _Said | None = None
    delta: _Said | None = None
    stop_reason: str | None = None
    usage: _WireUsage | None = None
    service_tier: _ServiceTier | None = None


_EVENT = msgspec.json.Decoder(_Event)


class BedrockReading:
    """What has been read of one stream so far."""

    def __init__(self, provider: str, response_id: str | None) -> None:
        self.ended = False
        self._provider = provider
        self._response_id = response_id
        self._stop_reason: str | None = None
        self._used: _WireUsage | None = None
        self._tier: str | None = None
        self._calls: dict[int, int] = {}
        """The index of each tool call, by the content block that it is in."""

    def read(self, message: AwsMessage) -> list[Piece]:
        """The pieces in one message."""
        if message.headers.get(":message-type", "event") != "event":
            raise self._failure(message)
        try:
            event = _EVENT.decode(message.payload)
        except UNREADABLE as error:
            raise UpstreamFailed(
                f"`{self._provider}` sent an event that cannot be read: {message.payload[:200]!r}."
            ) from error
        match message.headers.get(":event-type"):
            case "contentBlockDelta":
                return self._said(event.content_block_index, event.delta)
            case "contentBlockStart":
                return self._said(event.content_block_index, event.start)
            case "messageStop":
                self._stop_reason = event.stop_reason
                if event.stop_reason in ("malformed_model_output", "malformed_tool_use"):
                    raise UpstreamFailed(f"`{self._provider}` could not finish its answer ({event.stop_reason}).")
            case "metadata":
                self._used = event.usage
                self._tier = event.service_tier.type if event.service_tier is not None else None
                self.ended = self._stop_reason is not None
        return []

    def finish(self, rest: bytes) -> tuple[FinishPiece, UsagePiece | None]:
        """How it ended and what it took. A stream that ended without saying why has broken off."""
        if rest or self._stop_reason is None:
            raise UpstreamFailed(f"`{self._provider}` broke off before the end of its answer.")
        finish = FinishPiece(_REASONS.get(self._stop_reason, "stop"))
        used = self._used
        if used is None:
            return finish, None
        read, written = used.cache_read_input_tokens or 0, used.cache_write_input_tokens or 0
        usage = Usage(
            # Bedrock counts cached tokens beside the input, we count them inside it.
            input_tokens=used.input_tokens + read + written,
            output_tokens=used.output_tokens,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cache_write_1h_tokens=sum(one.input_tokens for one in used.cache_details or () if one.ttl == "1h"),
        )
        return finish, UsagePiece(usage, None, self._response_id, self._tier)

    def _said(self, block: int, said: _Said | None) -> list[Piece]:
        if said is None:
            return []
        if said.tool_use is not None:
            call = said.tool_use
            index = self._calls.setdefault(block, len(self._calls))
            return [ToolCallPiece(index, call.tool_use_id, call.name, call.input or "")]
        if said.reasoning_content is not None:
            thought = said.reasoning_content
            return [ReasoningPiece(thought.text or "", thought.signature or None, thought.redacted_content)]
        return [TextPiece(said.text)] if said.text else []

    def _failure(self, message: AwsMessage) -> Exception:
        headers = message.headers
        kind = headers.get(":exception-type") or headers.get(":error-code") or "error"
        body = message.payload or msgspec.json.encode({"message": headers.get(":error-message", kind)})
        return refusal(self._provider, _STATUS.get(kind.lower(), 500), {}, body)
