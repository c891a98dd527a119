"""One call of a model from inside the house: typed pieces out, and an `llm` span that says what it took."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from quarterdeck.gateway import llm_span
from quarterdeck.gateway.catalogue import Catalogue, Route
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Piece,
    ReasoningPiece,
    TextPiece,
    ToolCallPiece,
    UsagePiece,
    is_token,
)
from quarterdeck.gateway.outcome import Outcome, tool_calls
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.runtime.work import Work


def call_model(work: Work, request: ChatRequest) -> AsyncGenerator[Piece, None]:
    """Answer `request` with the model it names, streaming; the call becomes an `llm` span below `work.parent`.

    Apps, replays and the data plane come through here. Nothing is buffered. The span ends with the last piece, with an
    error, or when the caller closes the iterator (`async with aclosing(…)`); whoever owns the trace hands its spans to
    the recorder.
    """
    return call_route(work, work.part(Catalogue).route(work.project_id, request.model), request)


async def call_route(work: Work, route: Route, request: ChatRequest) -> AsyncGenerator[Piece, None]:
    """The same, when it is known already who runs the model."""
    span = llm_span.start_chat(work, route, request)
    heard = PiecesTally()
    ended: BaseException | None = None
    complete = False
    try:
        async with aclosing(route.provider.chat(work.under(span), route.model, request)) as pieces:
            async for piece in pieces:
                if is_token(piece):
                    span.first_token()
                heard.hear(piece)
                yield piece
        complete = True
    except GeneratorExit:
        span.attributes["quarterdeck.broken_off"] = "the caller went away"
        raise
    except BaseException as error:
        ended = error
        raise
    finally:
        llm_span.settle_chat(work, span, route, request, heard.outcome(), error=ended, complete=complete)


class PiecesTally:
    """Gathers the outcome of an answer from its pieces."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._outcome = Outcome()

    def hear(self, piece: Piece) -> None:
        """One more piece."""
        if isinstance(piece, TextPiece):
            self._texts.append(piece.text)
        elif isinstance(piece, ToolCallPiece):
            call = self._calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
            call["id"] = piece.id or call["id"]
            call["name"] = piece.name or call["name"]
            call["arguments"] += piece.arguments
            if piece.signature is not None:
                call["signature"] = piece.signature
        elif isinstance(piece, ReasoningPiece):
            self._thoughts.append(piece.text)
        elif isinstance(piece, UsagePiece):
            self._outcome.usage = piece.usage
            self._outcome.model = piece.model or self._outcome.model
            self._outcome.response_id = piece.response_id or self._outcome.response_id
            self._outcome.service_tier = piece.service_tier or self._outcome.service_tier
        elif isinstance(piece, FinishPiece):
            self._outcome.finish_reasons = [piece.reason]

    def outcome(self) -> Outcome:
        """How it ended, or how far it came."""
        if self._texts or self._thoughts or self._calls or self._outcome.finish_reasons:
            message: dict[str, Attribute] = {"role": "assistant", "content": "".join(self._texts)}
            if any(self._thoughts):
                message["reasoning_content"] = "".join(self._thoughts)
            if self._calls:
                message["tool_calls"] = tool_calls(self._calls[index] for index in sorted(self._calls))
            self._outcome.output = message
        return self._outcome
