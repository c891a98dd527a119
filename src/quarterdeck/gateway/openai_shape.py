"""Writes typed pieces in the shape of OpenAI chat completions: chunks for streams, one object for plain answers."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core import clock, ids
from quarterdeck.gateway import sse
from quarterdeck.gateway.calls import PiecesTally
from quarterdeck.gateway.conversation import (
    Citation,
    FinishPiece,
    PassagesPiece,
    Piece,
    ReasoningPiece,
    TextPiece,
    ToolCallPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.dialect import BodyWriter, StreamWriter
from quarterdeck.gateway.outcome import signed

_encode = msgspec.json.encode


class ChunkWriter(StreamWriter):
    """Turns pieces into chunks of one stream. The parts that never change are encoded once."""

    def __init__(self, model: str, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        head = _encode(
            {
                "id": f"chatcmpl-{ids.new_trace_id()}",
                "object": "chat.completion.chunk",
                "created": _now_s(),
                "model": model,
            }
        )
        self._head = head[:-1]
        self._tail = b',"usage":null}' if with_usage else b"}"
        self._text_start = self._head + b',"choices":[{"index":0,"delta":{"content":'
        self._text_end = b'},"logprobs":null,"finish_reason":null}]' + self._tail
        self._opened = False
        self._thoughts = _Thoughts()

    def write(self, piece: Piece) -> bytes:
        if isinstance(piece, UsagePiece):
            return self._usage(piece.usage) if self._with_usage else b""
        opening = b"" if self._opened else self._open(piece.passages if isinstance(piece, PassagesPiece) else None)
        if isinstance(piece, TextPiece):
            return opening + sse.event(self._text_start + _encode(piece.text) + self._text_end)
        if isinstance(piece, ToolCallPiece):
            return opening + self._chunk({"tool_calls": [_tool_call_delta(piece)]})
        if isinstance(piece, ReasoningPiece):
            return opening + self._chunk(self._thoughts.delta(piece))
        if isinstance(piece, FinishPiece):
            return opening + self._chunk({}, finish_reason=piece.reason, **_extras(piece))
        return opening

    def end(self) -> bytes:
        return sse.DONE

    def _open(self, passages: list[Citation] | None) -> bytes:
        self._opened = True
        speaker: dict[str, object] = {"role": "assistant", "content": ""}
        return self._chunk(speaker) if passages is None else self._chunk(speaker, passages=passages)

    def _chunk(self, delta: dict[str, object], finish_reason: str | None = None, **extras: object) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        more = b"," + _encode(extras)[1:-1] if extras else b""
        return sse.event(self._head + b',"choices":' + _encode([choice]) + more + self._tail)

    def _usage(self, usage: Usage) -> bytes:
        return sse.event(self._head + b',"choices":[],"usage":' + _encode(wire_usage(usage)) + b"}")


class CompletionWriter(BodyWriter):
    """Gathers pieces into one completion."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._tally = PiecesTally()
        self._finish = FinishPiece()
        self._thoughts = _Thoughts()

    def hear(self, piece: Piece) -> None:
        self._tally.hear(piece)
        if isinstance(piece, FinishPiece):
            self._finish = piece
        elif isinstance(piece, ReasoningPiece):
            self._thoughts.delta(piece)

    def write(self) -> bytes:
        outcome = self._tally.outcome()
        message: dict[str, Any] = {"role": "assistant", "content": "", "refusal": None}  # Any: JSON
        if isinstance(outcome.output, dict):
            message |= outcome.output
        if self._thoughts.signed:
            message["thinking_blocks"] = self._thoughts.signed
        if message.get("tool_calls") and not message["content"]:
            message["content"] = None
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish.reason}
        completion: dict[str, object] = {
            "id": f"chatcmpl-{ids.new_trace_id()}",
            "object": "chat.completion",
            "created": _now_s(),
            "model": self._model,
            "choices": [choice],
        }
        if outcome.usage is not None:
            completion["usage"] = wire_usage(outcome.usage)
        return _encode(completion | _extras(self._finish))


class _Thoughts:
    """Reasoning as those who have it write it in this dialect: `reasoning_content`, and blocks once they are signed."""

    def __init__(self) -> None:
        self.signed: list[dict[str, str]] = []
        self._words: list[str] = []

    def delta(self, piece: ReasoningPiece) -> dict[str, object]:
        """What a piece adds to a message."""
        said: dict[str, object] = {}
        if piece.text:
            self._words.append(piece.text)
            said["reasoning_content"] = piece.text
        block: dict[str, str] | None = None
        if piece.signature is not None:
            block = {"type": "thinking", "thinking": "".join(self._words), "signature": piece.signature}
            self._words = []
        elif piece.redacted is not None:
            block = {"type": "redacted_thinking", "data": piece.redacted}
        if block is not None:
            self.signed.append(block)
            said["thinking_blocks"] = [block]
        return said


def wire_usage(usage: Usage) -> dict[str, object]:
    """Tokens as OpenAI writes them."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _extras(piece: FinishPiece) -> dict[str, object]:
    extras: dict[str, object] = {}
    if piece.citations is not None:
        extras["citations"] = piece.citations
    if piece.declined is not None:
        extras["declined"] = piece.declined
    return extras


def _tool_call_delta(piece: ToolCallPiece) -> dict[str, object]:
    function: dict[str, object] = {"arguments": piece.arguments}
    delta: dict[str, object] = {"index": piece.index, "function": function}
    if piece.name is not None:
        function["name"] = piece.name
    if piece.id is not None:
        delta |= {"id": piece.id, "type": "function"}
    if piece.signature is not None:
        delta |= signed(piece.signature)
    return delta


def _now_s() -> int:
    return clock.now_ns() // 1_000_000_000
