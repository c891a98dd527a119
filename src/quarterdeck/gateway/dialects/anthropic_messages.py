"""Anthropic's Messages API: what its SDK and coding agents such as Claude Code speak."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import msgspec

from quarterdeck.core.errors import QuarterdeckError, UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.anthropic_asked import read_messages_request
from quarterdeck.gateway.anthropic_reply import ERROR_STATUS, AnthropicReading
from quarterdeck.gateway.anthropic_shape import PING, STOP, MessageBody, MessageEvents
from quarterdeck.gateway.calls import PiecesTally
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, BodyWriter, Dialect, DialectName, Listener, StreamWriter, Verdict
from quarterdeck.gateway.outcome import Outcome
from quarterdeck.gateway.parsing import with_fields, without_fields
from quarterdeck.gateway.upstream_errors import refusal

_ERROR_TYPES = {
    **{status: kind for kind, status in ERROR_STATUS.items() if status < 500},
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicMessages(Dialect):
    """`POST /v1/messages`."""

    name: ClassVar[DialectName] = "anthropic-messages"
    paths: ClassVar[tuple[str, ...]] = ("/v1/messages",)
    near: ClassVar[tuple[str, ...]] = ("/v1/messages/count_tokens",)
    keep_alive: ClassVar[bytes] = PING
    forwarded_headers: ClassVar[tuple[bytes, ...]] = (b"anthropic-version", b"anthropic-beta")
    limit_headers: ClassVar[tuple[bytes, ...]] = (b"anthropic-ratelimit",)

    def read(self, path: str, body: bytes) -> Asked:
        return read_messages_request(body)

    def without_wishes(self, asked: Asked) -> Asked:
        found, request = super().without_wishes(asked), asked.request
        if not request.metadata:
            return found
        # Anthropic takes one label and refuses a request with others.
        if request.user is None:
            return replace(found, body=without_fields(found.body, ["metadata"]))
        return replace(found, body=with_fields(found.body, metadata={"user_id": request.user}))

    def stream_writer(self, model: str, request: ChatRequest) -> StreamWriter:
        return MessageEvents(model)

    def body_writer(self, model: str, request: ChatRequest) -> BodyWriter:
        return MessageBody(model)

    def listener(self, request: ChatRequest) -> Listener:
        return _Listener()

    def upstream_path(self, model: str, request: ChatRequest) -> str:
        return "/messages"

    def upstream_body(self, asked: Asked, model: str) -> bytes:
        return asked.body if model == asked.request.model else with_fields(asked.body, model=model)

    def error_body(self, error: QuarterdeckError, request_id: str) -> bytes:
        kind = _ERROR_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
        said = {"type": kind, "message": error.message}
        return msgspec.json.encode({"type": "error", "error": said, "request_id": request_id})

    def error_event(self, error: QuarterdeckError, request_id: str) -> bytes:
        return b"event: error\n" + sse.event(self.error_body(error, request_id))

    def headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        return [(b"request-id", request_id.encode())]


class _Listener(Listener):
    """Looks at errors and the end; reads the rest when it is over, a megabyte at a time."""

    remarkable: ClassVar[tuple[bytes, ...]] = (b'"message_stop"', b'"error"')
    answer_name: ClassVar[str] = "a message"
    usual_end: ClassVar[bytes] = STOP
    _KEEP = 1024 * 1024

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._size = 0
        self._reading = AnthropicReading("")
        self._tally = PiecesTally()

    def speaks(self, block: bytes) -> bool:
        return b"content_block_delta" in block or b"message_delta" in block

    def judge(self, data: bytes) -> Verdict:
        try:
            kind = msgspec.json.decode(data, type=_Kind).type
        except UNREADABLE:
            return "pass"
        return {"message_stop": "end", "error": "error"}.get(kind, "pass")  # type: ignore[return-value]

    def failure(self, provider: str, data: bytes) -> QuarterdeckError:
        try:
            kind = msgspec.json.decode(data, type=_Failure).error.type
        except UNREADABLE:
            kind = ""
        return refusal(provider, ERROR_STATUS.get(kind, 502), {}, data)

    def keep(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        if self._size > self._KEEP:
            self._fold()

    def outcome(self) -> Outcome:
        self._fold()
        reading = self._reading
        if reading.begun:
            self._tally.hear(reading.usage())
        if reading.stopped:
            self._tally.hear(reading.finish())
        return self._tally.outcome()

    def outcome_of_body(self, body: bytes) -> Outcome:
        try:
            pieces = self._reading.read_whole(body)
        except UpstreamFailed:
            return Outcome(output=body[:2000].decode(errors="replace"), is_completion=False)
        for piece in pieces:
            self._tally.hear(piece)
        return self.outcome()

    def _fold(self) -> None:
        block = b"".join(self._blocks)
        self._blocks, self._size = [], 0
        for event in sse.events(block):
            try:
                pieces = self._reading.read(sse.payload(event))
            except QuarterdeckError:
                continue  # the client has got it as it is; here it is only counted
            for piece in pieces:
                self._tally.hear(piece)


class _Kind(msgspec.Struct):
    type: str = ""


class _Failure(msgspec.Struct):
    error: _Kind
