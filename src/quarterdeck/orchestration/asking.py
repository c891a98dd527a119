"""Asks the model of a release; when it cannot be reached, the one that runs in this house."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from quarterdeck.core.errors import LimitReached, ModelNotFound, Unavailable, UpstreamFailed, UpstreamTimeout
from quarterdeck.gateway.calls import call_model
from quarterdeck.gateway.conversation import ChatRequest, Piece, TextPiece
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work

LOCAL_MODEL = "local/extractive"
_UNREACHABLE = (UpstreamFailed, UpstreamTimeout, Unavailable, LimitReached, ModelNotFound)


async def ask(
    work: Work, request: ChatRequest, fallback: ChatRequest | None, span: ActiveSpan
) -> AsyncGenerator[Piece, None]:
    """The pieces of the model's answer. After its first word there is no way back to another model."""
    spoken = False
    try:
        async with aclosing(call_model(work, request)) as pieces:
            async for piece in pieces:
                spoken = spoken or isinstance(piece, TextPiece)
                yield piece
        return
    except _UNREACHABLE as error:
        if spoken or fallback is None or fallback.model == request.model:
            raise
        span.attributes["quarterdeck.fallback.model"] = fallback.model
        span.attributes["quarterdeck.fallback.reason"] = error.message
    async with aclosing(call_model(work, fallback)) as pieces:
        async for piece in pieces:
            yield piece
