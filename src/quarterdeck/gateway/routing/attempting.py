"""The answer of a selection: one of its models gives it, perhaps after others have failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.direct import direct_answer, goes_untouched
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.estimating import text_bytes
from quarterdeck.gateway.routing.course import Attempt, Course, Wishes, set_out
from quarterdeck.gateway.routing.parameters import with_parameters
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.shadowing import Shadows
from quarterdeck.gateway.routing.strategy import Candidate, Question
from quarterdeck.gateway.routing.trying import answered, streamed
from quarterdeck.runtime.work import Work

_BYTES_PER_TOKEN = 4


class Attempting(Answer):
    """Makes an answer of one route after the other, until one has begun to speak; then it is that answer."""

    def __init__(
        self,
        selection: Selection,
        question: Question,
        asked: Asked,
        dialect: Dialect,
        headers: Mapping[str, str] | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        self._selection = selection
        self._question = question
        self._asked = asked
        self._dialect = dialect
        self._headers = headers
        self._wishes = wishes
        self._course: Course | None = None
        self._current: Answer | None = None
        self._waited_before_ns = 0
        self._shadowed = False
        self.attempts = 0

    async def events(self) -> AsyncGenerator[bytes, None]:
        course = self._course = await set_out(self._selection, self._question, self._wishes)
        async with aclosing(streamed(course, self._events, self._speaks, self._leave)) as blocks:
            async for block in blocks:
                yield block
        self._is_whole()

    async def body(self) -> bytes:
        course = self._course = await set_out(self._selection, self._question, self._wishes)
        body = await answered(course, self._body, self._leave)
        self._is_whole()
        return body

    def settle(self, error: BaseException | None = None) -> None:
        if self._current is not None:
            self._current.settle(error)
        if self._course is not None:
            self._course.end(error)

    async def close(self) -> None:
        if self._current is not None:
            await self._current.close()
        if self.complete and self._selection.shadow is not None and not self._shadowed:
            self._shadowed = True
            self._question.work.part(Shadows).cast(self._selection, self._question)

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [] if self._current is None else list(self._current.headers())

    def _events(self, attempt: Attempt) -> AsyncGenerator[bytes, None]:
        return self._begin(attempt).events()

    async def _body(self, attempt: Attempt) -> bytes:
        return await self._begin(attempt).body()

    def _begin(self, attempt: Attempt) -> Answer:
        self.attempts = attempt.number
        self._waited_before_ns += int(attempt.pause_s * 1e9)
        asked = with_parameters(self._asked, attempt.candidate.target.parameters)
        answer = direct_answer(attempt.work, attempt.route, asked, self._dialect, self._headers, attempt)
        self._current, self.route = answer, attempt.route
        self.translated = answer.translated
        return answer

    def _speaks(self, _attempt: Attempt, block: bytes) -> bool:
        answer = self._current
        if answer is None or not answer.speaks(block):
            return False
        self.waited_ns = self._waited_before_ns + answer.waited_ns
        return True

    async def _leave(self, _attempt: Attempt, error: QuarterdeckError) -> None:
        answer, self._current = self._current, None
        if answer is not None:
            await answer.close()
            answer.settle(error)
            self._waited_before_ns += answer.waited_ns
            self.waited_ns = self._waited_before_ns

    def _is_whole(self) -> None:
        answer = self._current
        if answer is not None:
            self.waited_ns = self._waited_before_ns + answer.waited_ns
            self.complete, self.ending = answer.complete, answer.ending


def attempts_of(
    selection: Selection,
    work: Work,
    envelope: Envelope,
    asked: Asked,
    dialect: Dialect,
    headers: Mapping[str, str] | None,
) -> Answer:
    """The answer of a selection to a request, not asked for yet."""
    if asked.untranslatable is not None:
        selection = _who_take_it_as_it_is(selection, asked, dialect)
    question = Question(work, asked.request, envelope, text_bytes(asked.body) // _BYTES_PER_TOKEN)
    total_s = (envelope.stream_timeout_s if asked.request.stream else None) or envelope.timeout_s
    return Attempting(selection, question, asked, dialect, headers, Wishes(envelope.retries, total_s))


def _who_take_it_as_it_is(selection: Selection, asked: Asked, dialect: Dialect) -> Selection:
    def able(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        return tuple(one for one in candidates if goes_untouched(one.route, dialect))

    fallbacks = {kind: able(candidates) for kind, candidates in selection.fallbacks.items()}
    if not any((able(selection.candidates), *fallbacks.values())):
        asked.require_translatable(selection.name)
    return replace(selection, candidates=able(selection.candidates), fallbacks=fallbacks)
