"""Shows an answer sentence by sentence as the guard lets it through, and closes it with what it cites."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from dataclasses import asdict

from quarterdeck.gateway.conversation import FinishPiece, Piece, TextPiece
from quarterdeck.orchestration.passages import Found
from quarterdeck.orchestration.recipe import Recipe
from quarterdeck.runtime.tracing import ActiveSpan, Attribute
from quarterdeck.runtime.work import Work
from quarterdeck.safety.guard import Guard


async def guarded(
    work: Work, said: AsyncGenerator[Piece, None], found: Found, recipe: Recipe, question: str
) -> AsyncGenerator[Piece, None]:
    """The pieces that may be shown. When nothing may, the app declines; usage passes through whatever happens."""
    known = f"{question}\n{found.titles()}\n{recipe.app.description}"
    guard = Guard(found.texts(), also_known=known, withholds=recipe.parameters.guard)
    reason = FinishPiece().reason
    last: list[Piece] = []
    heard: list[str] = []
    span: ActiveSpan | None = None
    try:
        async for piece in said:
            if isinstance(piece, TextPiece):
                span = span or work.start("grounding", "guardrail")  # before the first word there is nothing to judge
                heard.append(piece.text)
                for text in _non_empty(guard.feed(piece.text)):
                    yield TextPiece(text)
            elif isinstance(piece, FinishPiece):
                reason = piece.reason
            else:
                last.append(piece)
        for text in _non_empty(guard.flush()):
            yield TextPiece(text)
        if not guard.shown:
            yield TextPiece(recipe.declined)
    finally:
        # Also when the model broke off or the client went away: what was judged until then is in the trace.
        span = span or work.start("grounding", "guardrail")
        _note(span, guard, "".join(heard), recipe)
        span.end()
    declined = not guard.supported if recipe.parameters.guard else guard.declined
    yield FinishPiece(reason, citations=found.citations(_quotes(guard)), declined=declined)
    for piece in last:
        yield piece


def _quotes(guard: Guard) -> dict[int, str]:
    """For each cited passage, the sentences of it that were used."""
    quotes: dict[int, list[str]] = {n: [] for n in guard.cited}
    for verdict in guard.verdicts:
        if verdict.supported_by in verdict.citations and verdict.evidence not in quotes[verdict.supported_by]:
            quotes[verdict.supported_by].append(verdict.evidence)
    return {n: "\n".join(used) for n, used in quotes.items()}


def _note(span: ActiveSpan, guard: Guard, heard: str, recipe: Recipe) -> None:
    outcomes = Counter(verdict.outcome for verdict in guard.verdicts)
    verdicts: list[Attribute] = [
        {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(verdict).items()}
        for verdict in guard.verdicts
    ]
    span.put(input=heard, output=verdicts)
    span.attributes["quarterdeck.guard.enabled"] = recipe.parameters.guard
    for outcome in ("passed", "corrected", "withheld", "not_evaluated"):
        span.attributes[f"quarterdeck.guard.{outcome}"] = outcomes[outcome]


def _non_empty(texts: Iterator[str]) -> Iterator[str]:
    return (text for text in texts if text)
