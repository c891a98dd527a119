"""OpenAI's Responses API: what its newer SDKs and coding agents such as Codex speak."""

from __future__ import annotations

from typing import ClassVar

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway import refusals
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked, BodyWriter, Dialect, DialectName, Listener, StreamWriter
from quarterdeck.gateway.parsing import with_fields
from quarterdeck.gateway.responses.asked import read_responses_request
from quarterdeck.gateway.responses.keeping import Kept, read_again, recalled
from quarterdeck.gateway.responses.listening import ResponsesListener
from quarterdeck.gateway.responses.request import ResponsesRequest
from quarterdeck.gateway.responses.shape import ResponseBody, ResponseEvents, event
from quarterdeck.runtime.work import Work


class OpenAIResponses(Dialect):
    """`POST /v1/responses`."""

    name: ClassVar[DialectName] = "openai-responses"
    paths: ClassVar[tuple[str, ...]] = ("/v1/responses",)

    def read(self, path: str, body: bytes) -> Asked:
        return read_responses_request(body)

    def read_again(self, path: str, asked: Asked, body: bytes) -> Asked:
        return read_again(asked, body)

    async def recall(self, work: Work, asked: Asked) -> Asked:
        return await recalled(work, asked)

    def keeping(self, work: Work, asked: Asked, answer: Answer) -> Answer:
        request = asked.request
        if not isinstance(request, ResponsesRequest) or not request.keeps:
            return answer
        if asked.rewritten or work.trace.omitted:
            # Neither a prompt's own words nor what shall not be recorded is kept, and the answer must not say so.
            request.keeps = False
            return answer
        return Kept(work, asked, answer)

    def stream_writer(self, model: str, request: ChatRequest) -> StreamWriter:
        return ResponseEvents(model, request)

    def body_writer(self, model: str, request: ChatRequest) -> BodyWriter:
        return ResponseBody(model, request)

    def listener(self, request: ChatRequest) -> Listener:
        return ResponsesListener()

    def upstream_path(self, model: str, request: ChatRequest) -> str:
        return "/responses"

    def upstream_body(self, asked: Asked, model: str) -> bytes:
        return asked.body if model == asked.request.model else with_fields(asked.body, model=model)

    def error_body(self, error: QuarterdeckError, request_id: str) -> bytes:
        return refusals.body_of(error, request_id)

    def error_event(self, error: QuarterdeckError, request_id: str) -> bytes:
        # OpenAI says it twice: SDKs raise what the first one says, and coding agents wait for the second.
        said = {"type": error.kind, "code": error.code, "message": error.message, "param": error.param}
        failed = {
            "id": f"resp_{ids.new_trace_id()}",
            "object": "response",
            "created_at": clock.now_ns() // 1_000_000_000,
            "status": "failed",
            "error": {"code": error.code, "message": error.message},
            "output": [],
            "usage": None,
        }
        first = {"code": error.code, "message": error.message, "param": error.param, "error": said}
        return event("error", sequence_number=0, **first) + event("response.failed", sequence_number=1, response=failed)
