"""An answer made of typed pieces, from an app or a provider of another dialect, spoken in the client's dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec

from quarterdeck.core import clock
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.calls import PiecesTally, call_route
from quarterdeck.gateway.conversation import ChatRequest, FinishPiece, Piece, is_token
from quarterdeck.gateway.dialect import Dialect
from quarterdeck.gateway.recorded import recorded
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.course import Attempt
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work


class Speaking(Answer):
    """Turns pieces into the client's wire format as they come."""

    def __init__(
        self,
        dialect: Dialect,
        model: str,
        request: ChatRequest,
        pieces: AsyncGenerator[Piece, None],
        span: ActiveSpan | None,
    ) -> None:
        self._dialect = dialect
        self._model = model
        self._request = request
        self._pieces = pieces
        self._span = span
        """The app's span, which is ours to end; the span of a direct call ends with its pieces."""
        self._tally = PiecesTally()
        self._finish: FinishPiece | None = None

    async def events(self) -> AsyncGenerator[bytes, None]:
        writer = self._dialect.stream_writer(self._model, self._request)
        asked = clock.monotonic_ns()
        async for piece in self._pieces:
            self._hear(piece, asked)
            block = writer.write(piece)
            if block:
                yield block
            asked = clock.monotonic_ns()
        self.waited_ns += clock.monotonic_ns() - asked
        self.ending = writer.end()
        self.complete = True

    async def body(self) -> bytes:
        writer = self._dialect.body_writer(self._model, self._request)
        asked = clock.monotonic_ns()
        async for piece in self._pieces:
            self._hear(piece, asked)
            writer.hear(piece)
            asked = clock.monotonic_ns()
        self.waited_ns += clock.monotonic_ns() - asked
        self.complete = True
        return writer.write()

    def settle(self, error: BaseException | None = None) -> None:
        span = self._span
        if span is None:
            return
        self._span = None
        outcome = self._tally.outcome()
        span.put(output=outcome.output)
        if self._finish is not None:
            span.put(declined=self._finish.declined)
            span.attributes["gen_ai.response.finish_reasons"] = [self._finish.reason]
            if self._finish.citations is not None:
                span.attributes["quarterdeck.citations"] = msgspec.to_builtins(self._finish.citations)
        if error is not None:
            span.fail(error)
        span.end()

    async def close(self) -> None:
        await self._pieces.aclose()

    def _hear(self, piece: Piece, asked: int) -> None:
        self.waited_ns += clock.monotonic_ns() - asked
        if self._span is None:
            return
        if is_token(piece):
            self._span.first_token()
        self._tally.hear(piece)
        if isinstance(piece, FinishPiece):
            self._finish = piece


def answer_of_app(work: Work, app: Application, request: ChatRequest, dialect: Dialect) -> Answer:
    """An app's answer; its span is the root, and everything it does hangs below."""
    # Every span below tells, too, which release it served.
    work.trace.shared.update(app=app.name, release_id=app.release_id)
    span = work.start(f"app {app.name}", "app")
    span.put(model=request.model, input=recorded(request.messages))
    span.attributes["gen_ai.operation.name"] = "invoke_agent"
    span.attributes["gen_ai.agent.name"] = app.name
    return Speaking(dialect, request.model, request, app.answer(work.under(span), request, span), span)


def answer_of_route(
    work: Work, route: Route, request: ChatRequest, dialect: Dialect, attempt: Attempt | None = None
) -> Answer:
    """A provider's answer, translated; its `llm` span is the root, or below that of all attempts."""
    return Speaking(dialect, route.model, request, call_route(work, route, request, attempt), None)
