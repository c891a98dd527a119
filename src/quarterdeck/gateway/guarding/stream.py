"""A stream behind guardrails: events wait in their order until the words in them are decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from quarterdeck.gateway import sse
from quarterdeck.gateway.guarding.guard import RequestGuard, refusal
from quarterdeck.gateway.guarding.texts import Json, Place, is_whole, places_of_answer, read_event, written_event
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.safety.judging import Judgement, LiveGuardrail, ask_elsewhere, inspector, without_findings
from quarterdeck.safety.records import Finding
from quarterdeck.safety.text_window import TextWindow, rewritten


@dataclass
class Watch:
    """One guardrail over one answer."""

    guardrail: LiveGuardrail
    judgement: Judgement
    span: ActiveSpan
    skipped: str | None = None
    concluded: bool = False


@dataclass
class _Growing:
    """One of the texts of an answer: the words of a choice, the arguments of a tool call."""

    number: int
    windows: list[TextWindow]
    """One for each guardrail."""
    parts: list[str] = field(default_factory=list)
    length: int = 0

    @property
    def final(self) -> int:
        """How far all guardrails have decided."""
        return min(window.final for window in self.windows)


@dataclass
class _Held:
    """An event that waits."""

    event: bytes
    content: Json | None = None
    words: list[tuple[Place, _Growing, int, int]] = field(default_factory=list)
    """Each piece of text in it, and where it stands in the text that grows."""
    whole: bool = False

    @property
    def decided(self) -> bool:
        return all(growing.final >= end for _, growing, _, end in self.words)


class GuardedStream:
    """Takes events in, and gives them out once they may go."""

    def __init__(self, guard: RequestGuard, watches: Sequence[Watch], dialect: str) -> None:
        self.begun = False
        """Whether anything has been given out."""
        self._guard = guard
        self._watches = watches
        self._dialect = dialect
        self._growing: dict[tuple[object, ...], _Growing] = {}
        self._held: deque[_Held] = deque()
        self._last: Json | None = None

    def take(self, event: bytes) -> None:
        """One more event. Raises when a guardrail does not let it through."""
        content = read_event(event)
        held = _Held(event, content)
        self._held.append(held)
        if content is None:
            return
        self._last = content
        held.whole = is_whole(content)
        if held.whole:
            return
        for place in places_of_answer(content):
            if place.text:
                growing = self._text_at(place.channel)
                held.words.append((place, growing, growing.length, growing.length + len(place.text)))
                growing.length += len(place.text)
                growing.parts.append(place.text)
                for watch, window in zip(self._watches, growing.windows, strict=True):
                    self._note(watch, growing, window.feed(place.text))

    async def finish(self) -> None:
        """There will be no more."""
        for growing in self._growing.values():
            for watch, window in zip(self._watches, growing.windows, strict=True):
                self._note(watch, growing, window.finish())
        for number, watch in enumerate(self._watches):
            await self._ask_elsewhere(number, watch)

    def release(self, *, at_end: bool = False) -> bytes:
        """The events that may go now, in their order."""
        if not self.begun and not at_end:
            # Nothing goes before the first words are decided, so that a refusal can still be told by the status.
            first = next((held for held in self._held if held.words), None)
            if first is None or not first.decided:
                return b""
        released: list[bytes] = []
        while self._held and (at_end or self._held[0].decided):
            released.append(self._written(self._held.popleft()))
        self.begun = self.begun or bool(released)
        return b"".join(released)

    def rewritten_ending(self, ending: bytes) -> bytes:
        """The last events; where they repeat the answer, without what was taken out of it."""
        if not self._watches or not ending:
            return ending
        return b"".join(
            self._written(_Held(event + b"\n\n", read_event(event), whole=True)) for event in sse.events(ending)
        )

    def filtered(self) -> bytes:
        """The event that says that a filter has ended the answer, in the words of the dialect, if it has any."""
        last = self._last or {}
        if self._dialect == "openai-chat" or "choices" in last:
            kept = {name: last[name] for name in ("id", "object", "created", "model") if name in last}
            choice = {"index": 0, "delta": {}, "finish_reason": "content_filter"}
            return sse.event(msgspec.json.encode({**kept, "choices": [choice]}))
        if self._dialect == "anthropic-messages":
            delta = {"stop_reason": "refusal", "stop_sequence": None}
            said = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0}}
            return b"event: message_delta\n" + sse.event(msgspec.json.encode(said))
        if self._dialect == "gemini":
            return sse.event(msgspec.json.encode({"candidates": [{"index": 0, "finishReason": "SAFETY"}]}))
        return b""

    def _text_at(self, channel: tuple[object, ...]) -> _Growing:
        growing = self._growing.get(channel)
        if growing is None:
            windows = [TextWindow(inspector(watch.judgement), watch.guardrail.reach) for watch in self._watches]
            growing = self._growing[channel] = _Growing(len(self._growing), windows)
            for watch in self._watches:
                watch.judgement.texts += 1
        return growing

    def _note(self, watch: Watch, growing: _Growing, found: Sequence[tuple[Finding, str]]) -> None:
        for finding, words in found:
            watch.judgement.note(finding.check, growing.number, finding, words)
        if found and watch.judgement.blocked:
            raise refusal(watch.judgement)

    async def _ask_elsewhere(self, number: int, watch: Watch) -> None:
        if not watch.guardrail.remote or not self._growing:
            return
        all_growing = list(self._growing.values())
        texts = [self._as_written(growing) for growing in all_growing]
        circumstances = self._guard.circumstances(watch.guardrail, "output")
        await ask_elsewhere(watch.judgement, texts, self._guard.work.runtime.http, circumstances)
        if watch.judgement.blocked:
            raise refusal(watch.judgement)
        if watch.judgement.rewritten is not None and watch.guardrail.record.action == "redact":
            for growing, old, new in zip(all_growing, texts, watch.judgement.rewritten, strict=True):
                if new != old:
                    whole = Finding("webhook", 0, growing.length, replacement=new)
                    growing.windows[number].findings[:] = [whole]

    def _taken_out(self, growing: _Growing) -> list[Finding]:
        return [
            finding
            for watch, window in zip(self._watches, growing.windows, strict=True)
            if watch.guardrail.record.action == "redact"
            for finding in window.findings
        ]

    def _as_written(self, growing: _Growing) -> str:
        return rewritten(self._taken_out(growing), 0, "".join(growing.parts))

    def _written(self, held: _Held) -> bytes:
        changed = False
        for place, growing, start, _ in held.words:
            new = rewritten(self._taken_out(growing), start, place.text)
            if new != place.text:
                place.write(new)
                changed = True
        if held.whole and held.content is not None:
            changed = self._rewrite_whole(held.content)
        return written_event(held.event, held.content) if changed else held.event

    def _rewrite_whole(self, content: Json) -> bool:
        """An event that repeats what has been said: it must not say more than the pieces did."""
        redacting = [watch for watch in self._watches if watch.guardrail.record.action == "redact"]
        if not any(any(watch.judgement.found.values()) for watch in redacting):
            return False
        known = {"".join(growing.parts): self._as_written(growing) for growing in self._growing.values()}
        changed = False
        for place in places_of_answer(content):
            old = place.text
            new = known.get(old, old)
            if old not in known:
                for watch in redacting:
                    new = without_findings(watch.guardrail, new)
            if new != old:
                place.write(new)
                changed = True
        return changed
