"""Overhears an old completion whose bytes go through untouched."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.dialect import Listener, Verdict
from quarterdeck.gateway.outcome import Outcome
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.gateway.wire_usage import WireUsage
from quarterdeck.runtime.tracing import Attribute

_KEEP = 1024 * 1024


class _Choice(msgspec.Struct):
    index: int = 0
    text: str | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: WireUsage | None = None
    error: Any = None  # Any: see `upstream_errors.refusal`


_CHUNK = msgspec.json.Decoder(_Chunk)


class TextListener(Listener):
    """Looks at usage reports, errors and `[DONE]`, and at the rest when it is over."""

    remarkable: ClassVar[tuple[bytes, ...]] = (b'"usage":{', b'"usage": {', b'"error"', b"[DONE]")
    answer_name: ClassVar[str] = "a completion"
    usual_end: ClassVar[bytes] = sse.DONE

    def __init__(self, *, hides_usage: bool) -> None:
        self._hides_usage = hides_usage
        self._blocks: list[bytes] = []
        self._size = 0
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str] = {}
        self._outcome = Outcome()

    def judge(self, data: bytes) -> Verdict:
        if data == b"[DONE]":
            return "end"
        try:
            chunk = _CHUNK.decode(data)
        except UNREADABLE:
            return "pass"
        if chunk.error is not None:
            return "error"
        return "hide" if self._hides_usage and chunk.choices == [] and chunk.usage is not None else "pass"

    def failure(self, provider: str, data: bytes) -> QuarterdeckError:
        return refusal(provider, 502, {}, data)

    def keep(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        if self._size > _KEEP:
            self._fold()

    def outcome(self) -> Outcome:
        self._fold()
        said: list[Attribute] = [
            {"role": "assistant", "content": "".join(texts)} for _, texts in sorted(self._texts.items())
        ]
        self._outcome.output = said[0] if len(said) == 1 else (said or None)
        self._outcome.finish_reasons = [reason for _, reason in sorted(self._reasons.items())]
        return self._outcome

    def outcome_of_body(self, body: bytes) -> Outcome:
        try:
            whole = _CHUNK.decode(body)
        except UNREADABLE:
            return Outcome(output=body[:2000].decode(errors="replace"), is_completion=False)
        if whole.choices is None or whole.error is not None:
            return Outcome(is_completion=False)
        self._hear(whole)
        return self.outcome()

    def _fold(self) -> None:
        block = b"".join(self._blocks)
        self._blocks, self._size = [], 0
        for data in map(sse.payload, sse.events(block)):
            try:
                self._hear(_CHUNK.decode(data))
            except UNREADABLE:
                continue  # the client has got it as it is; here it is only counted

    def _hear(self, chunk: _Chunk) -> None:
        outcome = self._outcome
        outcome.model = outcome.model or chunk.model
        outcome.response_id = outcome.response_id or chunk.id
        if chunk.usage is not None:
            outcome.usage = chunk.usage.buckets()
        for choice in chunk.choices or ():
            self._texts.setdefault(choice.index, []).append(choice.text or "")
            if choice.finish_reason is not None:
                self._reasons[choice.index] = choice.finish_reason
