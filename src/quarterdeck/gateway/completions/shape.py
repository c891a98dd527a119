"""Writes typed pieces as an old completion: text in chunks, or in one object."""

from __future__ import annotations

import msgspec

from quarterdeck.core import clock, ids
from quarterdeck.gateway import sse
from quarterdeck.gateway.completions.asked import CompletionRequest, wants_usage
from quarterdeck.gateway.conversation import ChatRequest, FinishPiece, Piece, TextPiece, Usage, UsagePiece
from quarterdeck.gateway.dialect import BodyWriter, StreamWriter
from quarterdeck.gateway.openai_shape import wire_usage

_encode = msgspec.json.encode


class TextChunks(StreamWriter):
    """One completion as chunks."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._head = _encode(_head(model))[:-1]
        self._tail = b',"usage":null}' if wants_usage(request) else b"}"
        self._echoed = _echoed(request)
        self._with_usage = wants_usage(request)

    def write(self, piece: Piece) -> bytes:
        echoed, self._echoed = self._echoed, ""
        said = self._chunk(echoed, None) if echoed else b""
        if isinstance(piece, TextPiece):
            return said + self._chunk(piece.text, None)
        if isinstance(piece, FinishPiece):
            return said + self._chunk("", _reason(piece))
        if isinstance(piece, UsagePiece) and self._with_usage:
            usage = _encode(wire_usage(piece.usage))
            return said + sse.event(self._head + b',"choices":[],"usage":' + usage + b"}")
        return said

    def end(self) -> bytes:
        return sse.DONE

    def _chunk(self, text: str, reason: str | None) -> bytes:
        return sse.event(self._head + b',"choices":' + _encode([_choice(text, reason)]) + self._tail)


class TextBody(BodyWriter):
    """One completion as one object."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._model = model
        self._words = [_echoed(request)]
        self._finish = FinishPiece()
        self._usage: Usage | None = None

    def hear(self, piece: Piece) -> None:
        if isinstance(piece, TextPiece):
            self._words.append(piece.text)
        elif isinstance(piece, FinishPiece):
            self._finish = piece
        elif isinstance(piece, UsagePiece):
            self._usage = piece.usage

    def write(self) -> bytes:
        completion = {**_head(self._model), "choices": [_choice("".join(self._words), _reason(self._finish))]}
        if self._usage is not None:
            completion["usage"] = wire_usage(self._usage)
        return _encode(completion)


def _head(model: str) -> dict[str, object]:
    return {
        "id": f"cmpl-{ids.new_trace_id()}",
        "object": "text_completion",
        "created": clock.now_ns() // 1_000_000_000,
        "model": model,
    }


def _choice(text: str, reason: str | None) -> dict[str, object]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}


def _reason(piece: FinishPiece) -> str:
    return "stop" if piece.reason == "tool_calls" else piece.reason


def _echoed(request: ChatRequest) -> str:
    return request.echoed if isinstance(request, CompletionRequest) else ""
