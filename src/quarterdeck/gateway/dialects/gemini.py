"""Google's `generateContent` and `streamGenerateContent`, as Google's SDKs speak it."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote

import msgspec

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.calls import PiecesTally
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, BodyWriter, Dialect, DialectName, Listener, StreamWriter, Verdict
from quarterdeck.gateway.gemini.asked import METHODS, model_and_method, read_generate_request
from quarterdeck.gateway.gemini.shape import ResponseBody, ResponseEvents
from quarterdeck.gateway.gemini_stream import GeminiReading
from quarterdeck.gateway.outcome import Outcome
from quarterdeck.gateway.upstream_errors import refusal

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Gemini(Dialect):
    """`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`."""

    name: ClassVar[DialectName] = "gemini"
    limit_headers: ClassVar[tuple[bytes, ...]] = (b"x-goog-quota",)

    near_below: ClassVar[tuple[str, ...]] = ("/v1beta/models",)

    def speaks_at(self, path: str) -> bool:
        found = model_and_method(path)
        return found is not None and found[1] in METHODS

    def read(self, path: str, body: bytes) -> Asked:
        return read_generate_request(path, body)

    def stream_writer(self, model: str, request: ChatRequest) -> StreamWriter:
        return ResponseEvents(model)

    def body_writer(self, model: str, request: ChatRequest) -> BodyWriter:
        return ResponseBody(model)

    def listener(self, request: ChatRequest) -> Listener:
        return _Listener(request.n or 1)

    def upstream_path(self, model: str, request: ChatRequest) -> str:
        name = quote(model, safe="")
        return f"/models/{name}:streamGenerateContent?alt=sse" if request.stream else f"/models/{name}:generateContent"

    def upstream_body(self, asked: Asked, model: str) -> bytes:
        return asked.body  # the model stands in the path

    def error_body(self, error: QuarterdeckError, request_id: str) -> bytes:
        status = _STATUSES.get(error.status, "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL")
        said = {"code": error.status, "message": error.message, "status": status}
        details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": error.code, "domain": "quarterdeck"}]
        return msgspec.json.encode({"error": {**said, "details": details}})


class _Listener(Listener):
    """Looks at errors and at the reason that ends an answer; reads the rest as it comes to a megabyte."""

    remarkable: ClassVar[tuple[bytes, ...]] = (b'"finishReason"', b'"error"')
    answer_name: ClassVar[str] = "a response"
    _KEEP = 1024 * 1024

    def __init__(self, candidates: int) -> None:
        self._candidates = candidates
        self._blocks: list[bytes] = []
        self._size = 0
        self._reading = GeminiReading("")
        self._tally = PiecesTally()

    def judge(self, data: bytes) -> Verdict:
        try:
            said = msgspec.json.decode(data, type=_Said)
        except UNREADABLE:
            return "pass"
        if said.error is not None:
            return "error"
        # Of several answers nobody knows which one ends last.
        ended = self._candidates == 1 and any(candidate.finish_reason for candidate in said.candidates)
        return "end" if ended else "pass"

    def failure(self, provider: str, data: bytes) -> QuarterdeckError:
        try:
            error = msgspec.json.decode(data, type=_Said).error
        except UNREADABLE:
            error = None
        return refusal(provider, error.code if error is not None else 502, {}, data)

    def keep(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        if self._size > self._KEEP:
            self._fold()

    def outcome(self) -> Outcome:
        self._fold()
        for piece in self._reading.ending():
            self._tally.hear(piece)
        return self._tally.outcome()

    def outcome_of_body(self, body: bytes) -> Outcome:
        try:
            said = msgspec.json.decode(body, type=_Said)
        except UNREADABLE:
            return Outcome(output=body[:2000].decode(errors="replace"), is_completion=False)
        if said.error is not None or not (said.candidates or said.prompt_feedback):
            return Outcome(output=body[:2000].decode(errors="replace"), is_completion=False)
        self._hear(body)
        return self.outcome()

    def _fold(self) -> None:
        block = b"".join(self._blocks)
        self._blocks, self._size = [], 0
        for event in sse.events(block):
            self._hear(sse.payload(event))

    def _hear(self, data: bytes) -> None:
        try:
            pieces = self._reading.read(data)
        except QuarterdeckError:
            return  # the client has got it as it is; here it is only counted
        for piece in pieces:
            self._tally.hear(piece)


class _Failure(msgspec.Struct):
    code: int = 500


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: str | None = None


class _Said(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] = []
    prompt_feedback: dict[str, object] | None = None
    error: _Failure | None = None
