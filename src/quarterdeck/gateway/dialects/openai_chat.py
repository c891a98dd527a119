"""OpenAI's chat completions: the dialect that most clients and most providers speak."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import refusals, sse
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, BodyWriter, Dialect, DialectName, Listener, StreamWriter, Verdict
from quarterdeck.gateway.openai_shape import ChunkWriter, CompletionWriter
from quarterdeck.gateway.outcome import Outcome, StreamTally, decode_chunks, outcome_of_body
from quarterdeck.gateway.parsing import parse_chat, with_fields
from quarterdeck.gateway.upstream_errors import refusal


class OpenAIChat(Dialect):
    """`POST /v1/chat/completions`."""

    name: ClassVar[DialectName] = "openai-chat"
    paths: ClassVar[tuple[str, ...]] = ("/v1/chat/completions",)

    def read(self, path: str, body: bytes) -> Asked:
        return Asked(body, parse_chat(body))

    def fields_for_us(self, request: ChatRequest) -> list[str]:
        ours = list(request.wishes())
        # OpenAI takes metadata only of answers that it shall keep; other metadata is labels for our traces.
        return [*ours, "metadata"] if request.metadata is not None and not request.store else ours

    def stream_writer(self, model: str, request: ChatRequest) -> StreamWriter:
        return ChunkWriter(model, with_usage=_wants_usage(request))

    def body_writer(self, model: str, request: ChatRequest) -> BodyWriter:
        return CompletionWriter(model)

    def listener(self, request: ChatRequest) -> Listener:
        return _Listener(hides_usage=not _wants_usage(request))

    def upstream_path(self, model: str, request: ChatRequest) -> str:
        return "/chat/completions"

    def upstream_body(self, asked: Asked, model: str) -> bytes:
        request, changes = asked.request, dict[str, object]()
        if model != request.model:
            changes["model"] = model
        if request.stream and not _wants_usage(request):
            # We count; the client did not ask, so the extra chunk is taken out again on the way back.
            changes["stream_options"] = {**(request.stream_options or {}), "include_usage": True}
        return with_fields(asked.body, **changes) if changes else asked.body

    def error_body(self, error: QuarterdeckError, request_id: str) -> bytes:
        return refusals.body_of(error, request_id)


class _Glance(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


_GLANCE = msgspec.json.Decoder(_Glance)


class _Listener(Listener):
    """Looks at usage reports, errors and `[DONE]`, and at nothing else until the end."""

    remarkable: ClassVar[tuple[bytes, ...]] = (b'"usage":{', b'"usage": {', b'"error"', b"[DONE]")
    answer_name: ClassVar[str] = "a chat completion"
    usual_end: ClassVar[bytes] = sse.DONE

    def __init__(self, *, hides_usage: bool) -> None:
        self._hides_usage = hides_usage
        self._tally = StreamTally()

    def speaks(self, block: bytes) -> bool:
        # The first chunk opens with the role and no word; some servers send it before they have begun to think.
        return b'"finish_reason":"' in block or any(
            choice.delta is not None
            and bool(choice.delta.content or choice.delta.tool_calls or choice.delta.refusal or choice.delta.thoughts())
            for chunk in decode_chunks(block)
            for choice in chunk.choices or ()
        )

    def judge(self, data: bytes) -> Verdict:
        if data == b"[DONE]":
            return "end"
        try:
            glance = _GLANCE.decode(data)
        except UNREADABLE:
            return "pass"
        if bytes(glance.error) != b"null":
            return "error"
        return "hide" if self._hides_usage and glance.choices == [] and bytes(glance.usage) != b"null" else "pass"

    def failure(self, provider: str, data: bytes) -> QuarterdeckError:
        return refusal(provider, 502, {}, data)

    def keep(self, block: bytes) -> None:
        self._tally.keep(block)

    def outcome(self) -> Outcome:
        return self._tally.outcome()

    def outcome_of_body(self, body: bytes) -> Outcome:
        return outcome_of_body(body)


def _wants_usage(request: ChatRequest) -> bool:
    return bool((request.stream_options or {}).get("include_usage"))
