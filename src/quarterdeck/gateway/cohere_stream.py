"""Reads the events of Cohere's v2 chat into our pieces."""

from __future__ import annotations

from typing import Literal

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

_Reason = Literal["stop", "length", "tool_calls", "content_filter"]
_REASONS: dict[str, _Reason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}


class _Content(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    # A started message says `[]` for these, a delta one object: only objects are of interest.
    content: _Content | list[msgspec.Raw] | None = None
    tool_plan: str | None = None
    tool_calls: _Call | list[msgspec.Raw] | None = None


class _Tokens(msgspec.Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class CohereUsage(msgspec.Struct):
    """`usage`: Cohere counts tokens, and bills fewer: those it adds itself are free."""

    billed_units: _Tokens | None = None
    tokens: _Tokens | None = None
    cached_tokens: float | None = None

    def usage(self) -> Usage:
        """What is paid."""
        paid = self.billed_units or self.tokens or _Tokens()
        read = int(paid.input_tokens or 0)
        return Usage(read, int(paid.output_tokens or 0), cache_read_tokens=min(read, int(self.cached_tokens or 0)))


class _Delta(msgspec.Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    usage: CohereUsage | None = None
    error: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int | None = 0
    id: str | None = None
    delta: _Delta | None = None
    message: str | None = None
    """An error in the middle of a stream has its words here."""


_EVENT = msgspec.json.Decoder(_Event)


class CohereReading:
    """What has been read of one stream so far."""

    def __init__(self, provider: str, model: str) -> None:
        self.ended = False
        self._provider = provider
        self._model = model
        self._id: str | None = None
        self._reason: _Reason | None = None
        self._used: CohereUsage | None = None
        self._calls = -1

    def read(self, data: bytes) -> list[Piece]:
        """The pieces in one event."""
        if not data or data == b"[DONE]":
            return []
        try:
            event = _EVENT.decode(data)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self._provider}` sent an event that cannot be read: {data[:200]!r}.") from error
        self._id = event.id or self._id
        delta = event.delta or _Delta()
        match event.type:
            case "message-end":
                self._end(delta, data)
                return []
            case "content-start" | "content-delta" | "tool-plan-delta" | "tool-call-start" | "tool-call-delta":
                return self._said(event.type, delta.message or _Message())
            case "":
                raise refusal(self._provider, 502, {}, data)
        return []  # `message-start`, ends of parts, and citations, for which OpenAI's dialect has no place

    def finish(self, rest: bytes) -> tuple[FinishPiece, UsagePiece | None]:
        """How it ended and what it took. A stream that ended without saying why has broken off."""
        if rest.strip() or self._reason is None:
            raise UpstreamFailed(f"`{self._provider}` broke off before the end of its answer.")
        if self._used is None:
            return FinishPiece(self._reason), None
        return FinishPiece(self._reason), UsagePiece(self._used.usage(), self._model, self._id)

    def _said(self, kind: str, message: _Message) -> list[Piece]:
        pieces: list[Piece] = []
        if isinstance(message.content, _Content):
            if message.content.thinking:
                pieces.append(ReasoningPiece(message.content.thinking))
            if message.content.text:
                pieces.append(TextPiece(message.content.text))
        if message.tool_plan:
            pieces.append(ReasoningPiece(message.tool_plan))
        if isinstance(message.tool_calls, _Call):
            call, function = message.tool_calls, message.tool_calls.function or _Function()
            started = kind == "tool-call-start"
            self._calls += started
            pieces.append(
                ToolCallPiece(
                    index=max(0, self._calls),
                    id=call.id if started else None,
                    name=function.name if started else None,
                    arguments=function.arguments or "",
                )
            )
        return pieces

    def _end(self, delta: _Delta, data: bytes) -> None:
        self.ended = True
        self._used = delta.usage
        reason = _REASONS.get(delta.finish_reason or "")
        if reason is None:
            said = delta.error or delta.finish_reason or data[:200].decode(errors="replace")
            raise UpstreamFailed(f"`{self._provider}` could not finish its answer: {said}.")
        self._reason = reason
