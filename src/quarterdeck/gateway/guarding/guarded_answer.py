"""An answer behind guardrails: nothing leaves it that they have not let through, whoever gives it and in whatever dialect.

A stream is held back only as far as the checks need: events go out untouched, in their order, as soon as the words in them
are decided. So a match is caught wherever chunks are cut, and bytes of a provider stay its bytes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec

from quarterdeck.gateway import sse
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.guarding.guard import ContentPolicyViolation, RequestGuard, refusal
from quarterdeck.gateway.guarding.stream import GuardedStream, Watch
from quarterdeck.gateway.guarding.texts import places_of_answer
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.safety.judging import Judgement, judge, without_findings


class GuardedAnswer(Answer):
    """Another answer, with guardrails before it."""

    def __init__(self, answer: Answer, guard: RequestGuard, dialect: str) -> None:
        self._answer = answer
        self._guard = guard
        self._dialect = dialect
        self._watches: list[Watch] = []
        self._began = False
        self._settled = False

    async def body(self) -> bytes:
        watches = self._begin(streaming=False)
        body = await self._answer.body()
        self._keep_time()
        content = msgspec.json.decode(body)
        places = places_of_answer(content)
        changed = False
        for watch in watches:
            texts = [place.text for place in places]
            circumstances = self._guard.circumstances(watch.guardrail, "output")
            http = self._guard.work.runtime.http
            watch.judgement, written = await judge(watch.guardrail, "output", texts, http, circumstances)
            self._conclude(watch)
            if watch.judgement.blocked:
                raise refusal(watch.judgement)
            for place, old, new in zip(places, texts, written, strict=True):
                if new != old:
                    place.write(new)
                    changed = True
        self.complete = self._answer.complete
        return msgspec.json.encode(content) if changed else body

    async def events(self) -> AsyncGenerator[bytes, None]:
        watches = [watch for watch in self._begin(streaming=True) if watch.skipped is None]
        stream = GuardedStream(self._guard, watches, self._dialect)
        try:
            async for block in self._answer.events():
                self._keep_time()
                if not watches:
                    yield block
                    continue
                for event in sse.events(block):
                    stream.take(event + b"\n\n")
                if released := stream.release():
                    yield released
            self._keep_time()
            if watches:
                await stream.finish()
                for watch in watches:
                    self._conclude(watch)
                if released := stream.release(at_end=True):
                    yield released
            self.ending = stream.rewritten_ending(self._answer.ending)
            self.complete = self._answer.complete
        except ContentPolicyViolation:
            for watch in watches:
                if watch.judgement.blocked:
                    self._conclude(watch)
            if stream.begun and (last := stream.filtered()):
                yield last
            raise

    def settle(self, error: BaseException | None = None) -> None:
        if self._settled:
            return
        self._settled = True
        if not self._began:
            self._begin(streaming=False)
        for watch in self._watches:
            if not watch.concluded:
                broke = "the answer broke off" if error is None else f"the answer failed ({type(error).__name__})"
                self._conclude(watch, not_evaluated=watch.skipped or broke)
        self._answer.settle(error)
        output = self._scrub()
        self._guard.root.put(output=output)
        self._guard.finish(error)

    async def close(self) -> None:
        await self._answer.close()

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self._answer.headers()

    def _begin(self, *, streaming: bool) -> list[Watch]:
        self._began = True
        for guardrail in self._guard.at("output"):
            skips = streaming and guardrail.record.streaming == "skip"
            span = self._guard.work.start(f"guardrail {guardrail.record.name}", "guardrail")
            skipped = "streams are not looked at, as the guardrail says" if skips else None
            self._watches.append(Watch(guardrail, Judgement(guardrail, "output"), span, skipped))
        return self._watches

    def _keep_time(self) -> None:
        answer = self._answer
        self.waited_ns, self.attempts = answer.waited_ns, answer.attempts
        self.route, self.translated = answer.route, answer.translated

    def _conclude(self, watch: Watch, *, not_evaluated: str | None = None) -> None:
        if not watch.concluded:
            watch.concluded = True
            self._guard.conclude(watch.judgement, watch.span, not_evaluated=not_evaluated)

    def _scrub(self) -> Attribute:
        """Take out of the record what was taken out of the answer. Returns what the client has been told."""
        finished = self._guard.work.trace.finished
        scrubbing = [watch.guardrail for watch in self._watches if any(watch.judgement.found.values())]

        def scrub(text: str) -> str:
            for guardrail in scrubbing:
                text = without_findings(guardrail, text)
            return text

        if scrubbing:
            for number, span in enumerate(finished):
                if span.kind in ("llm", "app", "chain") and span.output is not None:
                    finished[number] = msgspec.structs.replace(span, output=_mapped(span.output, scrub))
        return next((span.output for span in reversed(finished) if span.kind in ("llm", "app", "chain")), None)


def _mapped(value: Attribute, change: Callable[[str], str]) -> Attribute:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(one, change) for one in value]
    if isinstance(value, dict):
        return {name: _mapped(one, change) for name, one in value.items()}
    return value
