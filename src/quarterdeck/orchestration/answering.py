"""How an app answers, on one screen: find passages, decline or fill the prompt, ask the model, guard every sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest, FinishPiece, PassagesPiece, Piece, TextPiece
from quarterdeck.gateway.extractive import answer as extractive
from quarterdeck.gateway.extractive.follow_up import with_context
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.orchestration import passages, prompting, releases
from quarterdeck.orchestration.asking import LOCAL_MODEL, ask
from quarterdeck.orchestration.compressing import shortened
from quarterdeck.orchestration.guarding import guarded
from quarterdeck.orchestration.passages import Found
from quarterdeck.orchestration.recipe import Recipe
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work


async def answer(work: Work, recipe: Recipe, request: ChatRequest, span: ActiveSpan) -> AsyncGenerator[Piece, None]:
    """Answer with citations, or say that the documents do not answer. `span` is the app's; children go below it."""
    work = work.under(span)
    work.trace.shared |= {"app": recipe.app.name, "release_id": recipe.release.id}
    span.attributes["quarterdeck.release.members"] = [releases.describe(one) for one in recipe.release.members]
    question = _question(recipe, request)
    found = await passages.find(work, recipe.knowledge, recipe.index_id, question, recipe.parameters)
    yield PassagesPiece(found.citations())
    if not found.hits or await _is_beside_the_point(work, recipe, question, found):
        yield TextPiece(recipe.declined)
        yield FinishPiece("stop", citations=[], declined=True)
        return
    quoted = await shortened(work, recipe, question, found)
    to_model, to_local = prompting.fill(work, recipe, request, found, quoted)
    async with (
        aclosing(ask(work, to_model, to_local if recipe.parameters.fallback else None, span)) as said,
        aclosing(guarded(work, said, found, recipe, question)) as shown,
    ):
        async for piece in shown:
            yield piece


def _question(recipe: Recipe, request: ChatRequest) -> str:
    if request.tools:
        raise InvalidInput(f"`{recipe.app.name}` is an app and calls no tools. Leave out `tools`.", param="tools")
    if request.n not in (None, 1):
        raise InvalidInput(f"`{recipe.app.name}` gives one answer. Leave out `n`.", param="n")
    question = with_context(request.messages)
    if not question:
        raise InvalidInput("`messages` has no user message with a text. Ask something.", param="messages")
    return question


async def _is_beside_the_point(work: Work, recipe: Recipe, question: str, found: Found) -> bool:
    """Whether the passages so surely do not answer that no model need be paid. `local/extractive` judges by itself."""
    least = recipe.parameters.min_relevance
    if recipe.model == LOCAL_MODEL or least == 0:
        return False
    with work.span("relevance", "guardrail") as span:
        embed = work.part(VectorMemory).embed_if_ready
        judged = await asyncio.to_thread(extractive.answer, question, found.documents(), embed)
        beside = judged.probability < least
        span.put(input=question, output="declined" if beside else "passed")
        span.attributes["quarterdeck.answer.probability"] = round(judged.probability, 4)
        span.attributes["quarterdeck.answer.threshold"] = least
    return beside
