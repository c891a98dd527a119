"""Writes typed pieces in the shape of Anthropic's messages: named events for streams, one object for plain answers."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core import ids
from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
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

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_encode = msgspec.json.encode


class MessageEvents(StreamWriter):
    """One message as events: its head, its blocks one after the other, why it stopped."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._opened = False
        self._index = -1
        self._open: tuple[str, int] | None = None
        """The block that is open: its type, and for a tool call which one."""
        self._calls = 0
        self._finish = FinishPiece()
        self._usage: Usage | None = None
        self._text_start = b""

    def write(self, piece: Piece) -> bytes:
        opening = b"" if self._opened else self._begin(piece)
        if isinstance(piece, TextPiece):
            started = self._block("text", 0, {"type": "text", "text": ""})
            return opening + started + self._text_start + _encode(piece.text) + b"}}\n\n"
        if isinstance(piece, ReasoningPiece):
            return opening + self._thought(piece)
        if isinstance(piece, ToolCallPiece):
            return opening + self._call(piece)
        if isinstance(piece, FinishPiece):
            self._finish = piece
        elif isinstance(piece, UsagePiece):
            self._usage = piece.usage
        return opening

    def end(self) -> bytes:
        opening = b"" if self._opened else self._begin(None)
        delta: Json = {"stop_reason": _STOP_REASONS[self._finish.reason], "stop_sequence": None}
        more = _extras(self._finish)
        usage = wire_usage(self._usage or Usage(0, 0))
        return opening + self._close() + event("message_delta", delta=delta, usage=usage, **more) + STOP

    def _begin(self, piece: Piece | None) -> bytes:
        self._opened = True
        message = _head(self._model) | {"content": [], "stop_reason": None, "usage": wire_usage(Usage(0, 0))}
        if isinstance(piece, PassagesPiece):
            message["passages"] = piece.passages
        return event("message_start", message=message) + PING

    def _block(self, kind: str, number: int, content: Json) -> bytes:
        if self._open == (kind, number):
            return b""
        closing = self._close()
        self._open = (kind, number)
        self._index += 1
        if kind == "text":
            delta = b'{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":' % self._index
            self._text_start = b"event: content_block_delta\ndata: " + delta
        return closing + event("content_block_start", index=self._index, content_block=content)

    def _delta(self, **delta: object) -> bytes:
        return event("content_block_delta", index=self._index, delta=delta)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return event("content_block_stop", index=self._index)

    def _thought(self, piece: ReasoningPiece) -> bytes:
        if piece.redacted is not None:
            block = {"type": "redacted_thinking", "data": piece.redacted}
            return self._close() + self._block("redacted_thinking", 0, block) + self._close()
        said = self._block("thinking", 0, {"type": "thinking", "thinking": "", "signature": ""})
        if piece.text:
            said += self._delta(type="thinking_delta", thinking=piece.text)
        if piece.signature is not None:
            said += self._delta(type="signature_delta", signature=piece.signature) + self._close()
        return said

    def _call(self, piece: ToolCallPiece) -> bytes:
        said = b""
        if self._open != ("tool_use", piece.index):
            if piece.index < self._calls:
                raise UpstreamFailed("The model wrote two tool calls at once, which Anthropic's events cannot tell.")
            self._calls = piece.index + 1
            call_id = piece.id or f"toolu_{ids.new_trace_id()}"
            block = {"type": "tool_use", "id": call_id, "name": piece.name or "", "input": {}}
            said = self._block("tool_use", piece.index, block)
        return said + self._delta(type="input_json_delta", partial_json=piece.arguments) if piece.arguments else said


class MessageBody(BodyWriter):
    """One message as one object."""

    def __init__(self, model: str) -> None:
        self._message = _head(model)
        self._content: list[Json] = []
        self._arguments: dict[int, tuple[Json, list[str]]] = {}
        self._finish = FinishPiece()
        self._usage = Usage(0, 0)

    def hear(self, piece: Piece) -> None:
        if isinstance(piece, TextPiece):
            self._last("text", {"type": "text", "text": ""})["text"] += piece.text
        elif isinstance(piece, ReasoningPiece):
            self._think(piece)
        elif isinstance(piece, ToolCallPiece):
            self._call(piece)
        elif isinstance(piece, PassagesPiece):
            self._message["passages"] = piece.passages
        elif isinstance(piece, FinishPiece):
            self._finish = piece
        elif isinstance(piece, UsagePiece):
            self._usage = piece.usage

    def write(self) -> bytes:
        for block, arguments in self._arguments.values():
            block["input"] = _input("".join(arguments))
        ended = {"content": self._content, "stop_reason": _STOP_REASONS[self._finish.reason]}
        return _encode({**self._message, **ended, "usage": wire_usage(self._usage), **_extras(self._finish)})

    def _last(self, kind: str, fresh: Json) -> Json:
        if not self._content or self._content[-1]["type"] != kind:
            self._content.append(fresh)
        return self._content[-1]

    def _think(self, piece: ReasoningPiece) -> None:
        if piece.redacted is not None:
            self._content.append({"type": "redacted_thinking", "data": piece.redacted})
            return
        fresh = {"type": "thinking", "thinking": "", "signature": ""}
        block = self._last("thinking", fresh)
        if block["signature"]:
            self._content.append(fresh)
            block = fresh
        block["thinking"] += piece.text
        block["signature"] = piece.signature or block["signature"]

    def _call(self, piece: ToolCallPiece) -> None:
        if piece.index not in self._arguments:
            block: Json = {"type": "tool_use", "id": piece.id or f"toolu_{ids.new_trace_id()}", "name": "", "input": {}}
            self._content.append(block)
            self._arguments[piece.index] = (block, [])
        block, arguments = self._arguments[piece.index]
        block["name"] = piece.name or block["name"]
        arguments.append(piece.arguments)


def event(name: str, **said: object) -> bytes:
    """A named event, as Anthropic writes them: the name is told twice."""
    return b"event: " + name.encode() + b"\ndata: " + _encode({"type": name, **said}) + b"\n\n"


def wire_usage(usage: Usage) -> Json:
    """Tokens as Anthropic counts them: cached ones beside the input, not in it."""
    written, hour = usage.cache_write_tokens, usage.cache_write_1h_tokens
    return {
        "input_tokens": max(0, usage.input_tokens - usage.cache_read_tokens - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _head(model: str) -> Json:
    return {
        "id": f"msg_{ids.new_trace_id()}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_sequence": None,
    }


def _extras(piece: FinishPiece) -> Json:
    extras = {"citations": piece.citations, "declined": piece.declined}
    return {name: value for name, value in extras.items() if value is not None}


def _input(arguments: str) -> Json:
    try:
        found = msgspec.json.decode(arguments or "{}")
    except UNREADABLE as error:
        raise UpstreamFailed(f"The model wrote tool arguments that are not JSON: {arguments[:100]}") from error
    return found if isinstance(found, dict) else {"value": found}
