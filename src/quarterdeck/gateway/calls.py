"""One call of a model from inside the house: typed pieces out, and an `llm` span that says what it took."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway import llm_span
from quarterdeck.gateway.catalogue import Catalogue
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
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.outcome import Outcome, tool_calls
from quarterdeck.gateway.patience import patiently
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.course import Attempt, set_out
from quarterdeck.gateway.routing.parameters import with_defaults
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.strategy import Question
from quarterdeck.gateway.routing.trying import streamed
from quarterdeck.gateway.upstream_errors import without_credential
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.runtime.work import Work

_CHARACTERS_PER_TOKEN = 4


def call_model(work: Work, request: ChatRequest) -> AsyncGenerator[Piece, None]:
    """Answer `request` with the model it names, streaming; the call becomes an `llm` span below `work.parent`.

    Apps, replays and the data plane come through here. Nothing is buffered. The span ends with the last piece, with an
    error, or when the caller closes the iterator (`async with aclosing(…)`); whoever owns the trace hands its spans to
    the recorder.
    """
    route = work.part(Catalogue).route(work.project_id, request.model)
    return call_selection(work, route, request) if isinstance(route, Selection) else call_route(work, route, request)


async def call_selection(work: Work, selection: Selection, request: ChatRequest) -> AsyncGenerator[Piece, None]:
    """The same, when several models may answer: until one has begun to speak, another can take its place."""
    size = sum(len(message.text()) for message in request.messages)
    course = await set_out(selection, Question(work, request, Envelope(), -(-size // _CHARACTERS_PER_TOKEN)))

    def call(attempt: Attempt) -> AsyncGenerator[Piece, None]:
        return call_route(
            attempt.work, attempt.route, with_defaults(request, attempt.candidate.target.parameters), attempt
        )

    async def leave(_attempt: Attempt, _error: QuarterdeckError) -> None:
        return None

    ended: BaseException | None = None
    try:
        async with aclosing(streamed(course, call, lambda _, piece: is_token(piece), leave)) as pieces:
            async for piece in pieces:
                yield piece
    except QuarterdeckError as error:
        ended = error
        raise
    finally:
        course.end(ended)


async def call_route(
    work: Work, route: Route, request: ChatRequest, attempt: Attempt | None = None
) -> AsyncGenerator[Piece, None]:
    """The same, when it is known already who runs the model; perhaps as one attempt of several."""
    span = llm_span.start_chat(work, route, request)
    heard = PiecesTally()
    ended: BaseException | None = None
    complete = entered = False
    try:
        called = route.provider.chat(work.under(span), route.model, request)
        timeouts = None if attempt is None else attempt.timeouts()
        route.provider.enter()
        entered = True
        async with aclosing(called if timeouts is None else patiently(called, timeouts)) as pieces:
            async for piece in pieces:
                if is_token(piece):
                    span.first_token()
                heard.hear(piece)
                yield piece
        complete = True
    except GeneratorExit:
        span.attributes["quarterdeck.broken_off"] = "the caller went away"
        raise
    except QuarterdeckError as error:
        without_credential(error, route.provider.account.api_key)
        ended = error
        raise
    except BaseException as error:
        ended = error
        raise
    finally:
        if entered:
            route.provider.leave()
        if attempt is not None:
            attempt.mark(span, ended)
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
