"""Writes typed pieces in the shape of Google's `generateContent`: whole responses as events, or one response."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.conversation import (
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

Json = dict[str, Any]  # Any: JSON

_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}


class _Writing:
    """What both writers keep: calls, which come in fragments and are written whole, and how it ends."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._call: Json | None = None
        self._arguments = ""
        self._index = -1
        self._finish = FinishPiece()
        self._used: UsagePiece | None = None
        self._passages: PassagesPiece | None = None

    def parts(self, piece: Piece) -> list[Json]:
        """The parts that are complete with this piece."""
        if isinstance(piece, TextPiece):
            return [*self._end_call(), {"text": piece.text}]
        if isinstance(piece, ReasoningPiece):
            return [*self._end_call(), *_thought(piece)]
        if isinstance(piece, ToolCallPiece):
            ended = self._end_call() if piece.index != self._index else []
            if self._call is None:
                self._index, self._arguments = piece.index, ""
                self._call = {"functionCall": {}}
            self._call["functionCall"] |= {
                name: value for name, value in (("name", piece.name), ("id", piece.id)) if value is not None
            }
            if piece.signature is not None:
                self._call["thoughtSignature"] = piece.signature
            self._arguments += piece.arguments
            return ended
        if isinstance(piece, FinishPiece):
            self._finish = piece
        elif isinstance(piece, UsagePiece):
            self._used = piece
        else:
            self._passages = piece
        return []

    def rest(self) -> list[Json]:
        """The parts that are complete because nothing more comes."""
        return self._end_call()

    def response(self, parts: list[Json], *, last: bool) -> Json:
        """A response with some parts; the last one says how it ended and what it took."""
        candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
        found: Json = {"candidates": [candidate], "modelVersion": (self._used and self._used.model) or self._model}
        if last:
            candidate["finishReason"] = _REASONS[self._finish.reason]
            if self._used is not None:
                found["usageMetadata"] = _usage(self._used.usage)
                if self._used.response_id is not None:
                    found["responseId"] = self._used.response_id
            for name in ("citations", "declined"):
                if getattr(self._finish, name) is not None:
                    found[name] = getattr(self._finish, name)
        if self._passages is not None:
            found["passages"] = self._passages.passages
            self._passages = None
        return found

    def _end_call(self) -> list[Json]:
        if self._call is None:
            return []
        call, self._call = self._call, None
        try:
            arguments = msgspec.json.decode(self._arguments or "{}")
        except UNREADABLE:
            arguments = {"_broken": self._arguments}  # the model's own fault; its client sees what it wrote
        call["functionCall"]["args"] = arguments
        return [call]


class ResponseEvents(StreamWriter):
    """Each piece as a response of its own; the last event has the reason and the usage."""

    def __init__(self, model: str) -> None:
        self._writing = _Writing(model)

    def write(self, piece: Piece) -> bytes:
        parts = self._writing.parts(piece)
        return _event(self._writing.response(parts, last=False)) if parts else b""

    def end(self) -> bytes:
        return _event(self._writing.response(self._writing.rest(), last=True))


class ResponseBody(BodyWriter):
    """All pieces in one response; words that follow each other become one part."""

    def __init__(self, model: str) -> None:
        self._writing = _Writing(model)
        self._parts: list[Json] = []

    def hear(self, piece: Piece) -> None:
        for part in self._writing.parts(piece):
            self._add(part)

    def write(self) -> bytes:
        for part in self._writing.rest():
            self._add(part)
        return msgspec.json.encode(self._writing.response(self._parts, last=True))

    def _add(self, part: Json) -> None:
        last = self._parts[-1] if self._parts else {}
        goes_on = "text" in part and "text" in last and part.get("thought") == last.get("thought")
        # What is signed is whole.
        if goes_on and "thoughtSignature" not in last:
            self._parts[-1] = {**last, **part, "text": last["text"] + part["text"]}
        else:
            self._parts.append(part)


def _thought(piece: ReasoningPiece) -> list[Json]:
    if piece.redacted is not None:
        return []  # what only its provider can read has no place here
    part: Json = {"text": piece.text, "thought": True}
    if piece.signature is not None:
        part["thoughtSignature"] = piece.signature
    return [part]


def _usage(usage: Usage) -> Json:
    said = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }
    if usage.cache_read_tokens:
        said["cachedContentTokenCount"] = usage.cache_read_tokens
    if usage.reasoning_tokens:
        said["thoughtsTokenCount"] = usage.reasoning_tokens
    return said


def _event(response: Json) -> bytes:
    return sse.event(msgspec.json.encode(response))
