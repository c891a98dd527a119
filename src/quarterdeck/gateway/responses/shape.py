"""Writes typed pieces as a response: named events for streams, one object for plain answers."""

from __future__ import annotations

import msgspec

from quarterdeck.gateway.conversation import ChatRequest, PassagesPiece, Piece, ReasoningPiece, TextPiece, ToolCallPiece
from quarterdeck.gateway.dialect import BodyWriter, StreamWriter
from quarterdeck.gateway.responses.draft import Draft, Growing, Status, text_part
from quarterdeck.gateway.responses.request import Json

_encode = msgspec.json.encode


class ResponseEvents(StreamWriter):
    """One response as events: opened, each item from its first word to its last, closed with the whole of it."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._draft = Draft(model, request)
        self._number = 0
        self._opened = False
        self._text_start = b""

    def write(self, piece: Piece) -> bytes:
        opening = b"" if self._opened else self._begin(piece)
        if isinstance(piece, TextPiece):
            return opening + self._text(piece.text)
        if isinstance(piece, ReasoningPiece):
            return opening + self._thought(piece)
        if isinstance(piece, ToolCallPiece):
            return opening + self._call(piece)
        self._draft.note(piece)
        return opening

    def end(self) -> bytes:
        opening = b"" if self._opened else self._begin(None)
        draft = self._draft
        open_items = [*([draft.current] if draft.current else ()), *draft.calls.values()]
        closing = b"".join(self._close(growing, draft.status) for growing in open_items)
        last = self._event(f"response.{draft.status}", response=draft.response(draft.status))
        return opening + closing + last

    def _begin(self, piece: Piece | None) -> bytes:
        self._opened = True
        if isinstance(piece, PassagesPiece):
            self._draft.note(piece)
        response = self._draft.response("in_progress")
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    def _text(self, text: str) -> bytes:
        growing = self._draft.current
        started = b""
        if growing is None or growing.kind != "message":
            started = self._close_current()
            growing = self._draft.open_message()
            started += self._added(growing)
            place = self._place(growing, content_index=0)
            started += self._event("response.content_part.added", **place, part=text_part(""))
            # What every piece of a text begins with is encoded once.
            head = _encode({"type": "response.output_text.delta", **place, "logprobs": []})[:-1]
            self._text_start = b"event: response.output_text.delta\ndata: " + head + b',"delta":'
        growing.words.append(text)
        return started + self._text_start + _encode(text) + b',"sequence_number":%d}\n\n' % self._next()

    def _thought(self, piece: ReasoningPiece) -> bytes:
        if piece.redacted is not None:
            return self._close_current() + self._at_once(self._draft.hidden_thought(piece))
        growing = self._draft.current
        said = b""
        if growing is None or growing.kind != "reasoning":
            said = self._close_current()
            growing = self._draft.open_thought()
            said += self._added(growing)
        if piece.text:
            place = self._place(growing, summary_index=0)
            if not growing.words:
                part = {"type": "summary_text", "text": ""}
                said += self._event("response.reasoning_summary_part.added", **place, part=part)
            growing.words.append(piece.text)
            said += self._event("response.reasoning_summary_text.delta", **place, delta=piece.text)
        if piece.signature is not None:
            growing.signature = piece.signature
            said += self._close_current()
        return said

    def _call(self, piece: ToolCallPiece) -> bytes:
        growing = self._draft.calls.get(piece.index)
        said = b""
        if growing is None:
            said = self._close_current()
            if piece.signature is not None and piece.id is not None:
                said += self._at_once(self._draft.hidden_thought(piece, piece.id))
            growing = self._draft.open_call(piece)
            said += self._added(growing)
        if piece.arguments:
            growing.words.append(piece.arguments)
            # The text of a custom tool lies within JSON, and is told when that is whole.
            if growing.kind == "function_call":
                place = self._place(growing)
                said += self._event("response.function_call_arguments.delta", **place, delta=piece.arguments)
        return said

    def _close_current(self) -> bytes:
        return b"" if self._draft.current is None else self._close(self._draft.current)

    def _close(self, growing: Growing, status: Status = "completed") -> bytes:
        item = self._draft.close(growing, status)
        text, said = growing.text(), b""
        match growing.kind:
            case "message":
                place = self._place(growing, content_index=0)
                said = self._event("response.output_text.done", **place, text=text, logprobs=[])
                said += self._event("response.content_part.done", **place, part=item["content"][0])
            case "reasoning" if text:
                place = self._place(growing, summary_index=0)
                said = self._event("response.reasoning_summary_text.done", **place, text=text)
                said += self._event("response.reasoning_summary_part.done", **place, part=item["summary"][0])
            case "function_call":
                place = self._place(growing)
                said = self._event(
                    "response.function_call_arguments.done", **place, name=item["name"], arguments=item["arguments"]
                )
            case "custom_tool_call":
                place = self._place(growing)
                said = self._event("response.custom_tool_call_input.delta", **place, delta=text)
                said += self._event("response.custom_tool_call_input.done", **place, input=text)
        return said + self._done(growing)

    def _at_once(self, growing: Growing) -> bytes:
        said = self._added(growing)
        growing.item["status"] = "completed"
        return said + self._done(growing)

    def _added(self, growing: Growing) -> bytes:
        return self._event("response.output_item.added", output_index=growing.index, item=growing.item)

    def _done(self, growing: Growing) -> bytes:
        return self._event("response.output_item.done", output_index=growing.index, item=growing.item)

    def _place(self, growing: Growing, **more: int) -> Json:
        return {"item_id": growing.item["id"], "output_index": growing.index, **more}

    def _event(self, kind: str, **said: object) -> bytes:
        return event(kind, sequence_number=self._next(), **said)

    def _next(self) -> int:
        self._number += 1
        return self._number - 1


class ResponseBody(BodyWriter):
    """One response as one object."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._draft = Draft(model, request)

    def hear(self, piece: Piece) -> None:
        draft = self._draft
        if isinstance(piece, TextPiece):
            self._current("message").words.append(piece.text)
        elif isinstance(piece, ReasoningPiece):
            self._think(piece)
        elif isinstance(piece, ToolCallPiece):
            self._call(piece)
        else:
            draft.note(piece)

    def write(self) -> bytes:
        draft = self._draft
        for growing in [*([draft.current] if draft.current else ()), *draft.calls.values()]:
            draft.close(growing, draft.status)
        return _encode(draft.response(draft.status))

    def _current(self, kind: str) -> Growing:
        draft = self._draft
        if draft.current is not None and draft.current.kind != kind:
            draft.close(draft.current)
        return draft.current or (draft.open_message() if kind == "message" else draft.open_thought())

    def _think(self, piece: ReasoningPiece) -> None:
        draft = self._draft
        if piece.redacted is not None:
            self._close_current()
            draft.hidden_thought(piece).item["status"] = "completed"
            return
        growing = self._current("reasoning")
        growing.words.append(piece.text)
        if piece.signature is not None:
            growing.signature = piece.signature
            draft.close(growing)

    def _call(self, piece: ToolCallPiece) -> None:
        growing = self._draft.calls.get(piece.index)
        if growing is None:
            self._close_current()
            if piece.signature is not None and piece.id is not None:
                self._draft.hidden_thought(piece, piece.id).item["status"] = "completed"
            growing = self._draft.open_call(piece)
        growing.words.append(piece.arguments)

    def _close_current(self) -> None:
        if self._draft.current is not None:
            self._draft.close(self._draft.current)


def event(kind: str, **said: object) -> bytes:
    """A named event, as OpenAI writes them here: the name is told twice."""
    return b"event: " + kind.encode() + b"\ndata: " + _encode({"type": kind, **said}) + b"\n\n"
