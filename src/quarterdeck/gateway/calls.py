"""One call of a model from inside the house: typed pieces out, and an `llm` span that says what it took."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.runtime.work import Work


async def call_model(work: Work, request: ChatRequest) -> AsyncIterator[Piece]:
    """Answer `request` with the model it names, streaming; the call becomes an `llm` span below `work.parent`.

    Apps, replays and the data plane come through here. Nothing is buffered. The span ends with the last piece, with an
    error, or when the caller closes the iterator; whoever owns the trace hands its spans to the recorder.
    """
    raise NotImplementedError
    yield
