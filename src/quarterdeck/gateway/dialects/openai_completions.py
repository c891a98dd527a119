"""OpenAI's old Completions, where a model goes on with a text; a model that only chats is asked to do so in a chat."""

from __future__ import annotations

from typing import ClassVar

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway import refusals
from quarterdeck.gateway.completions.asked import read_completion_request, wants_usage
from quarterdeck.gateway.completions.listening import TextListener
from quarterdeck.gateway.completions.shape import TextBody, TextChunks
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, BodyWriter, Dialect, DialectName, Listener, StreamWriter
from quarterdeck.gateway.parsing import with_fields


class OpenAICompletions(Dialect):
    """`POST /v1/completions`."""

    name: ClassVar[DialectName] = "openai-completions"
    paths: ClassVar[tuple[str, ...]] = ("/v1/completions",)

    def read(self, path: str, body: bytes) -> Asked:
        return read_completion_request(body)

    def fields_for_us(self, request: ChatRequest) -> list[str]:
        # Nobody's completions know `metadata`: they are labels for our traces.
        return [*request.wishes(), *(["metadata"] if request.metadata is not None else [])]

    def stream_writer(self, model: str, request: ChatRequest) -> StreamWriter:
        return TextChunks(model, request)

    def body_writer(self, model: str, request: ChatRequest) -> BodyWriter:
        return TextBody(model, request)

    def listener(self, request: ChatRequest) -> Listener:
        return TextListener(hides_usage=not wants_usage(request))

    def upstream_path(self, model: str, request: ChatRequest) -> str:
        return "/completions"

    def upstream_body(self, asked: Asked, model: str) -> bytes:
        request, changes = asked.request, dict[str, object]()
        if model != request.model:
            changes["model"] = model
        if request.stream and not wants_usage(request):
            changes["stream_options"] = {**(request.stream_options or {}), "include_usage": True}
        return with_fields(asked.body, **changes) if changes else asked.body

    def error_body(self, error: QuarterdeckError, request_id: str) -> bytes:
        return refusals.body_of(error, request_id)
