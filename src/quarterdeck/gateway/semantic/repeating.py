"""An answer given again to a question that means the same: spoken anew in the client's dialect, streamed if it likes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence

import msgspec

from quarterdeck.gateway.cache import Entry, Stored
from quarterdeck.gateway.conversation import ChatRequest, Citation, FinishPiece, Piece, TextPiece, Usage, UsagePiece
from quarterdeck.gateway.dialect import Dialect
from quarterdeck.runtime.tracing import Attribute, Span
from quarterdeck.runtime.work import Work

_PROPER_ENDS = {"stop", "end_turn", "STOP"}
"""How providers say that an answer came to its natural end."""


class Repeated(Stored):
    """The words of a kept answer."""

    def __init__(
        self, work: Work, request: ChatRequest, entry: Entry, dialect: Dialect, told: dict[str, Attribute]
    ) -> None:
        super().__init__(work, request, entry)
        if self._span is not None:
            self._span.attributes.update(told)
        self._request = request
        self._dialect = dialect
        self._model = str(entry.root.attributes.get("gen_ai.response.model") or entry.root.model or request.model)
        self.complete = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        if self._span is not None:
            self._span.first_token()
        writer = self._dialect.stream_writer(self._model, self._request)
        for piece in self._pieces():
            block = writer.write(piece)
            if block:
                yield block
        self.ending = writer.end()
        self.complete = True

    async def body(self) -> bytes:
        writer = self._dialect.body_writer(self._model, self._request)
        for piece in self._pieces():
            writer.hear(piece)
        self.complete = True
        return writer.write()

    def _pieces(self) -> Iterator[Piece]:
        root = self._entry.root
        yield TextPiece(text_of(root) or "")
        citations = root.attributes.get("quarterdeck.citations")
        found = None if citations is None else msgspec.convert(citations, list[Citation])
        yield FinishPiece("stop", citations=found, declined=root.declined)
        yield UsagePiece(Usage(root.input_tokens or 0, root.output_tokens or 0), model=self._model)


def text_of(root: Span) -> str | None:
    """The words of an answer that is words and nothing else; None for tool calls, refusals, broken answers and the rest."""
    said = root.output
    if not isinstance(said, dict) or said.get("tool_calls") or said.get("refusal") or root.status != "ok":
        return None
    reasons = root.attributes.get("gen_ai.response.finish_reasons")
    content = said.get("content")
    if not isinstance(content, str) or not content.strip():
        return None
    ended = isinstance(reasons, list) and len(reasons) == 1 and reasons[0] in _PROPER_ENDS
    return content if ended else None


def answering_span(spans: Sequence[Span]) -> Span:
    """The span that has the answer: the root, or the attempt below it that ended well."""
    root = spans[-1]
    if "gen_ai.response.finish_reasons" in root.attributes:
        return root
    return next((span for span in reversed(spans) if span.kind == "llm" and span.status == "ok"), root)


def entry_of(answered: Span, cost_pico: int | None, expires_ns: int) -> Entry:
    """What is kept of an answer: the span it left, without the question and without its bytes."""
    root = msgspec.structs.replace(answered, input=None)
    return Entry(b"", b"", root, cost_pico, len(msgspec.msgpack.encode(root)), expires_ns)
