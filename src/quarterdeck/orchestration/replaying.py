"""Runs an answer again: the same release (its old prompt, its old index) on the same input, and shows what differs."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from difflib import SequenceMatcher
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway.admitting import Demand, Replayed, held
from quarterdeck.gateway.calls import PiecesTally, call_model
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import ChatRequest, FinishPiece, Message
from quarterdeck.observability import traces
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import SpanDetail, TraceDetail
from quarterdeck.orchestration import answering, apps, releases
from quarterdeck.orchestration.recipe import recipe_of
from quarterdeck.orchestration.records import Answered, DiffPart, Replay
from quarterdeck.runtime.tracing import ActiveSpan, Trace
from quarterdeck.runtime.work import Work

_MOST_WORDS = 4000


async def replay(work: Work, trace_id: str) -> Replay:
    """Answer the input of a trace again, as its release did then; the new trace points back to the old one."""
    original = _root(await traces.get(work, trace_id), trace_id)
    again = Work(runtime=work.runtime, actor=work.actor, trace=Trace(), request_id=work.request_id)
    again.trace.shared["api_key_id"] = work.actor.id
    # It costs what the first answer cost, so it passes the same limits.
    async with held(again, _demand(again, original)) as hold:
        span = again.start(original.name, original.kind)
        span.attributes["quarterdeck.replay.of"] = trace_id
        try:
            said = await _again(again, original, span)
        except BaseException as error:
            span.fail(error)
            raise
        finally:
            span.end()
            work.part(Recorder).accept(again.trace.finished)
            hold.settle(again.trace.finished)
    took_ms = next((one.end_ns - one.start_ns) / 1e6 for one in again.trace.finished if one.span_id == span.span_id)
    before = _words(original.output)
    return Replay(
        original=Answered(trace_id, before, original.latency_ms, original.release_id),
        replay=Answered(again.trace.trace_id, said, took_ms, original.release_id),
        same=before == said,
        # Long answers with few different words take a fifth of a second: others need not wait for that.
        diff=await asyncio.to_thread(_diff, before, said),
    )


def _demand(work: Work, original: SpanDetail) -> Demand:
    size = len(msgspec.json.encode(original.input))
    if original.app is not None and original.release_id is not None:
        return Demand(Replayed(original.app), size)
    return Demand(work.part(Catalogue).route(work.project_id, _model(original)), size)


def _model(original: SpanDetail) -> str:
    return f"{original.provider}/{original.model}" if original.provider else str(original.model)


async def _again(work: Work, original: SpanDetail, span: ActiveSpan) -> str:
    messages = _messages(original)
    tally = PiecesTally()
    span.put(
        input=msgspec.to_builtins(messages), model=original.model, app=original.app, release_id=original.release_id
    )
    if original.app is not None and original.release_id is not None:
        row = await apps.find(work, original.app)
        release = await releases.get(work, row, original.release_id)
        recipe = await recipe_of(work.runtime, work.project_id, row.as_app(), release)
        request = ChatRequest(model=original.model or original.app, messages=messages)
        pieces = answering.answer(work, recipe, request, span)
    else:
        pieces = call_model(work.under(span), ChatRequest(model=_model(original), messages=messages))
    async with aclosing(pieces):
        async for piece in pieces:
            span.first_token()
            tally.hear(piece)
            if isinstance(piece, FinishPiece):
                span.put(declined=piece.declined)
    outcome = tally.outcome()
    span.put(output=outcome.output)
    return _words(outcome.output)


def _root(detail: TraceDetail, trace_id: str) -> SpanDetail:
    """The span that was asked for: an app's, or else the first call of a model."""
    for kind in ("app", "llm"):
        found = next((span for span in detail.spans if span.kind == kind and span.input is not None), None)
        if found is not None:
            return found
    raise NotFound(f"The trace `{trace_id}` has no call of an app or a model whose input was kept.")


def _messages(span: SpanDetail) -> list[Message]:
    try:
        messages = msgspec.convert(span.input, list[Message])
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The input of this trace is no list of chat messages: {error}.") from error
    if not messages:
        raise InvalidInput("The input of this trace is empty.")
    return messages


def _words(output: Any) -> str:  # Any: whatever shape the answer was recorded in
    if isinstance(output, dict):
        content = output.get("content")
        return content if isinstance(content, str) else ""
    if isinstance(output, list):
        return "\n".join(_words(one) for one in output)
    return output if isinstance(output, str) else ""


def _diff(before: str, after: str) -> list[DiffPart]:
    """Word by word; what is beyond a few thousand words counts as one."""
    old, new = _tokens(before), _tokens(after)
    parts: list[DiffPart] = []
    for op, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            parts.append(DiffPart("equal", "".join(old[old_start:old_end])))
            continue
        if old_end > old_start:
            parts.append(DiffPart("delete", "".join(old[old_start:old_end])))
        if new_end > new_start:
            parts.append(DiffPart("insert", "".join(new[new_start:new_end])))
    return parts


def _tokens(text: str) -> list[str]:
    tokens = re.findall(r"\S+\s*|\s+", text)
    return [*tokens[:_MOST_WORDS], "".join(tokens[_MOST_WORDS:])] if len(tokens) > _MOST_WORDS else tokens
