"""Reads a stream of Google's `generateContent` responses into our pieces; Gemini and Vertex AI send the same."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quarterdeck.core import ids
from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.conversation import (
    FinishPiece,
    Piece,
    ReasoningPiece,
    TextPiece,
    ToolCallPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.upstream_errors import refusal

_Reason = Literal["stop", "length", "tool_calls", "content_filter"]
_BLOCKED = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
}
_FAILED = {
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MALFORMED_RESPONSE",
    "MISSING_THOUGHT_SIGNATURE",
}


class _Wire(msgspec.Struct, rename="camel"):
    """Google writes names in camel case."""


class _FunctionCall(_Wire):
    name: str = ""
    args: Any = None  # Any: a tool's arguments
    id: str | None = None


class _Part(_Wire):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None


class _Content(_Wire):
    parts: list[_Part] | None = None


class _Candidate(_Wire):
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    index: int = 0


class _Modality(_Wire):
    modality: str = ""
    token_count: int = 0


class _WireUsage(_Wire):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    thoughts_token_count: int | None = None
    prompt_tokens_details: list[_Modality] | None = None
    cache_tokens_details: list[_Modality] | None = None
    candidates_tokens_details: list[_Modality] | None = None
    traffic_type: str | None = None
    """Vertex: `ON_DEMAND_PRIORITY`, `ON_DEMAND_FLEX`, …"""

    def usage(self) -> Usage:
        """The same in our buckets."""
        thoughts = self.thoughts_token_count or 0
        read, cached, said = map(
            _by_modality, (self.prompt_tokens_details, self.cache_tokens_details, self.candidates_tokens_details)
        )
        return Usage(
            # Google counts cached tokens inside the prompt, but thoughts beside the answer, and what its own tools
            # have found beside the prompt.
            input_tokens=(self.prompt_token_count or 0) + (self.tool_use_prompt_token_count or 0),
            output_tokens=(self.candidates_token_count or 0) + thoughts,
            cache_read_tokens=self.cached_content_token_count or 0,
            reasoning_tokens=thoughts,
            audio_input_tokens=read.get("AUDIO", 0),
            image_input_tokens=read.get("IMAGE", 0),
            video_input_tokens=read.get("VIDEO", 0),
            audio_output_tokens=said.get("AUDIO", 0),
            image_output_tokens=said.get("IMAGE", 0),
            audio_cache_read_tokens=cached.get("AUDIO", 0),
            image_cache_read_tokens=cached.get("IMAGE", 0),
        )


def _by_modality(details: list[_Modality] | None) -> dict[str, int]:
    return {detail.modality: detail.token_count for detail in details or ()}


_TIERS = {"ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}


class _Feedback(_Wire):
    block_reason: str | None = None


class _Failure(_Wire):
    code: int = 500


class _Response(_Wire):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _WireUsage | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: _Failure | None = None


_RESPONSE = msgspec.json.Decoder(_Response)


def usage_of_response(data: bytes) -> UsagePiece | None:
    """What a response, or one event of a stream, tells of its usage; None when it tells nothing."""
    said = _RESPONSE.decode(data)
    used = said.usage_metadata
    return None if used is None else _usage_piece(used, said.model_version, said.response_id)


def _usage_piece(used: _WireUsage, model: str | None, response_id: str | None) -> UsagePiece:
    return UsagePiece(used.usage(), model, response_id, _TIERS.get(used.traffic_type or ""))


class GeminiReading:
    """What has been read of one stream so far."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._used: _WireUsage | None = None
        self._model: str | None = None
        self._response_id: str | None = None
        self._reason: _Reason | None = None
        self._calls = 0

    def read(self, data: bytes) -> list[Piece]:
        """The pieces in one event."""
        if not data:
            return []
        try:
            said = _RESPONSE.decode(data)
        except UNREADABLE as error:
            raise UpstreamFailed(f"`{self._provider}` sent an event that cannot be read: {data[:200]!r}.") from error
        if said.error is not None:
            raise refusal(self._provider, said.error.code, {}, data)
        self._model = said.model_version or self._model
        self._response_id = said.response_id or self._response_id
        self._used = said.usage_metadata or self._used  # each event counts anew from the beginning
        if said.prompt_feedback is not None and said.prompt_feedback.block_reason is not None:
            self._reason = "content_filter"
        pieces: list[Piece] = []
        for candidate in said.candidates or ():
            if candidate.index == 0:
                pieces += self._candidate(candidate)
        return pieces

    def finish(self, rest: bytes) -> tuple[FinishPiece, UsagePiece | None]:
        """How it ended and what it took. A stream that ended without saying why has broken off."""
        if rest.strip() or self._reason is None:
            raise UpstreamFailed(f"`{self._provider}` broke off before the end of its answer.")
        reason: _Reason = "tool_calls" if self._calls and self._reason == "stop" else self._reason
        used = self._used
        return FinishPiece(reason), None if used is None else _usage_piece(used, self._model, self._response_id)

    def ending(self) -> list[Piece]:
        """How it ended and what it took, as far as that was said."""
        found: list[Piece] = []
        if self._reason is not None:
            found.append(FinishPiece("tool_calls" if self._calls and self._reason == "stop" else self._reason))
        if self._used is not None:
            found.append(_usage_piece(self._used, self._model, self._response_id))
        return found

    def _candidate(self, candidate: _Candidate) -> list[Piece]:
        pieces = [
            piece
            for part in (candidate.content.parts if candidate.content else None) or ()
            if (piece := self._part(part)) is not None
        ]
        reason = candidate.finish_reason
        if reason in _FAILED:
            raise UpstreamFailed(
                f"`{self._provider}` could not finish its answer ({reason}): {candidate.finish_message or 'no details'}."
            )
        if reason is not None:
            self._reason = "length" if reason == "MAX_TOKENS" else "content_filter" if reason in _BLOCKED else "stop"
        return pieces

    def _part(self, part: _Part) -> Piece | None:
        if part.function_call is not None:
            call = part.function_call
            self._calls += 1
            return ToolCallPiece(
                index=self._calls - 1,
                id=call.id or ids.new_id("call"),  # Gemini names its calls by order, OpenAI's clients by id
                name=call.name,
                arguments=msgspec.json.encode(call.args if call.args is not None else {}).decode(),
                signature=part.thought_signature,
            )
        if part.thought:
            return ReasoningPiece(part.text or "", signature=part.thought_signature)
        return TextPiece(part.text) if part.text else None
