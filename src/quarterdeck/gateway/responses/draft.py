"""A response in the making: its items as they grow, and the object that they end in."""

from __future__ import annotations

from typing import Literal

import msgspec

from quarterdeck.core import clock, ids
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    PassagesPiece,
    Piece,
    ReasoningPiece,
    ToolCallPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.responses.request import Json, ResponsesRequest, ToolName
from quarterdeck.gateway.responses.sealed import Thoughts, seal

Status = Literal["in_progress", "completed", "incomplete"]

OURS = "resp_qd"
"""How the ids of responses begin that were made here."""
_WHY_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Growing:
    """An item of the output that is not whole yet."""

    __slots__ = ("index", "item", "signature", "words")

    def __init__(self, index: int, item: Json) -> None:
        self.index = index
        self.item = item
        self.words: list[str] = []
        self.signature: str | None = None

    @property
    def kind(self) -> str:
        """`message`, `reasoning`, `function_call` or `custom_tool_call`."""
        return str(self.item["type"])

    def text(self) -> str:
        """All its words; for a custom tool, the text within the arguments of the function that stands for it."""
        words = "".join(self.words)
        return _only_text(words) if self.kind == "custom_tool_call" else words


class Draft:
    """One response, growing."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self.current: Growing | None = None
        """The message or the thought that is being written."""
        self.calls: dict[int, Growing] = {}
        """Tool calls may be written side by side, so all stay open until the end."""
        self._model = model
        asked = request if isinstance(request, ResponsesRequest) else None
        self._told = {} if asked is None else asked.told
        self._names = {} if asked is None else asked.tool_names
        self._keeps = asked is not None and asked.keeps
        self._id = f"{OURS}_{ids.new_trace_id()}"
        self._created = _now_s()
        self._items: list[Json] = []
        self._finish = FinishPiece()
        self._usage: Usage | None = None
        self._extras: Json = {}

    def note(self, piece: Piece) -> None:
        """What is said about the answer and not in it."""
        if isinstance(piece, FinishPiece):
            self._finish = piece
            extras = {"citations": piece.citations, "declined": piece.declined}
            self._extras |= {name: value for name, value in extras.items() if value is not None}
        elif isinstance(piece, UsagePiece):
            self._usage = piece.usage
        elif isinstance(piece, PassagesPiece):
            self._extras["passages"] = piece.passages

    def open_message(self) -> Growing:
        """A message that has no words yet."""
        self.current = self._add("msg", {"type": "message", "content": [], "role": "assistant"})
        return self.current

    def open_thought(self) -> Growing:
        """A thought that has no words yet."""
        self.current = self._add("rs", {"type": "reasoning", "summary": []})
        return self.current

    def open_call(self, piece: ToolCallPiece) -> Growing:
        """A tool call without arguments."""
        name = piece.name or ""
        known = self._names.get(name) or ToolName(name)
        named: Json = {"call_id": piece.id or f"call_{ids.new_trace_id()}", "name": known.name}
        if known.namespace is not None:
            named["namespace"] = known.namespace
        if known.kind == "custom":
            call = self._add("ctc", {"type": "custom_tool_call", "input": "", **named})
        else:
            call = self._add("fc", {"type": "function_call", "arguments": "", **named})
        self.calls[piece.index] = call
        return call

    def hidden_thought(self, piece: ReasoningPiece | ToolCallPiece, call_id: str = "") -> Growing:
        """A thought that only its provider can read, or its signature of a call."""
        if isinstance(piece, ReasoningPiece):
            thoughts = Thoughts(blocks=[{"type": "redacted_thinking", "data": piece.redacted}])
        else:
            thoughts = Thoughts(signatures={call_id: piece.signature or ""})
        return self._add("rs", {"type": "reasoning", "summary": [], "encrypted_content": seal(thoughts)})

    def close(self, growing: Growing, status: Status = "completed") -> Json:
        """Put what has grown into the item."""
        item, text = growing.item, growing.text()
        match growing.kind:
            case "message":
                item["content"] = [text_part(text)]
            case "reasoning":
                if text:
                    item["summary"] = [{"type": "summary_text", "text": text}]
                if growing.signature is not None:
                    block = {"type": "thinking", "thinking": text, "signature": growing.signature}
                    item["encrypted_content"] = seal(Thoughts(blocks=[block]))
            case "function_call":
                item["arguments"] = text or "{}"
            case "custom_tool_call":
                item["input"] = text
        item["status"] = status
        if growing is self.current:
            self.current = None
        return item

    @property
    def status(self) -> Status:
        """How it ends, as far as is known."""
        return "incomplete" if self._finish.reason in _WHY_INCOMPLETE else "completed"

    def response(self, status: Status) -> Json:
        """The whole object."""
        why = _WHY_INCOMPLETE.get(self._finish.reason) if status == "incomplete" else None
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "completed_at": _now_s() if status == "completed" else None,
            "error": None,
            "incomplete_details": None if why is None else {"reason": why},
            **self._told,
            "model": self._model,
            "output": self._items,
            "service_tier": "default",
            "store": self._keeps,
            "usage": None if self._usage is None else wire_usage(self._usage),
            **self._extras,
        }

    def _add(self, prefix: str, item: Json) -> Growing:
        growing = Growing(len(self._items), {"id": f"{prefix}_{ids.new_trace_id()}", "status": "in_progress", **item})
        self._items.append(growing.item)
        return growing


def text_part(text: str) -> Json:
    """Words of an answer."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def wire_usage(usage: Usage) -> Json:
    """Tokens as Responses writes them."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _only_text(arguments: str) -> str:
    try:
        found = msgspec.json.decode(arguments or "{}")
    except UNREADABLE:
        return arguments  # a model that forgot about the JSON has said what it meant
    said = found.get("input") if isinstance(found, dict) else found
    return said if isinstance(said, str) else arguments


def _now_s() -> int:
    return clock.now_ns() // 1_000_000_000
