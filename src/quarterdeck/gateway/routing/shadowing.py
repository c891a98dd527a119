"""Shadow traffic: a copy of a request goes to a second model, when the client has its answer and nobody waits.

A copy is a call like any other: it passes the gate, is paid for, and leaves a trace of its own that names the one it
copies. It is no part of the answer: not of its cost, not of its trace, and never of a cache.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import aclosing
from dataclasses import replace

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.admitting import Demand, held
from quarterdeck.gateway.calls import call_route
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.recording import accept, note_who_asks
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.strategy import Question
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.tracing import Trace
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

TAG = "shadow"
_MOST_AT_ONCE = 32
_LONGEST_S = 300.0


class Shadows:
    """The copies under way. There are never more than a few: what is too much is left out, and counted."""

    def __init__(self) -> None:
        self.left_out = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def cast(self, selection: Selection, question: Question) -> None:
        """Send a copy of a request that was answered, if the plan of its alias has a shadow and chance will have it."""
        plan, route, request = selection.plan, selection.shadow, question.request
        if plan.shadow is None or route is None or request is None or random.random() >= plan.shadow.share:  # noqa: S311
            return
        if len(self._tasks) >= _MOST_AT_ONCE:
            self.left_out += 1
            return
        task = asyncio.create_task(_copy(selection.name, route, question, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for the copies that are under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Break off what is under way; what it has said until now is recorded."""
        for task in self._tasks:
            task.cancel()
        await self.settled()


async def _copy(alias: str, route: Route, question: Question, request: ChatRequest) -> None:
    envelope = replace(question.envelope, tags=(*question.envelope.tags, TAG))
    trace = Trace()
    trace.remarks["quarterdeck.shadow_of"] = question.work.trace.trace_id
    trace.remarks["quarterdeck.route"] = alias
    work = replace(question.work, trace=trace, parent=None)
    note_who_asks(work, envelope)
    most = request.max_completion_tokens or request.max_tokens
    try:
        async with (
            asyncio.timeout(_LONGEST_S),
            held(work, Demand(route, question.input_tokens * 4, most, alias), envelope) as hold,
        ):
            try:
                await _listen(work, route, request)
            finally:
                spans = accept(work.part(Recorder), work)
                if spans:
                    hold.settle(spans)
    except (QuarterdeckError, TimeoutError) as error:
        # Nobody asked for it, so nobody is told; its trace, if it came so far, says the same.
        log.info("The shadow `%s` of `%s` did not answer: %s", route.id, alias, error)
    except Exception:
        log.exception("The shadow `%s` of `%s` failed", route.id, alias)


async def _listen(work: Work, route: Route, request: ChatRequest) -> None:
    async with aclosing(call_route(work, route, request)) as pieces:
        async for _ in pieces:
            pass
