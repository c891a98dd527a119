"""Finds what an answer took, in whichever of the known shapes it tells it. What it does not tell is not guessed here."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass

import msgspec

from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.anthropic_reply import AnthropicReading
from quarterdeck.gateway.cohere_stream import CohereUsage
from quarterdeck.gateway.conversation import Usage, UsagePiece
from quarterdeck.gateway.gemini_stream import usage_of_response
from quarterdeck.gateway.wire_usage import WireUsage

_TELLING = (b'"usage', b'"billed_units"', b'invocationMetrics"', b'"bytes"', b'"duration"', b'"data"')
"""Bytes without which an event tells nothing of usage."""
_LAST_TIME = re.compile(rb"-->\s*(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})")
"""Where a subtitle ends: `00:00:04,000 --> 00:01:02,500`."""

_NOTHING = msgspec.Raw(b"null")


class _Bedrock(msgspec.Struct, rename="camel"):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


class _Metrics(msgspec.Struct, rename="camel"):
    input_token_count: int = 0
    output_token_count: int = 0


class _Inner(msgspec.Struct):
    """What a stream's event wraps: OpenAI's `response`, Cohere's `delta`."""

    usage: msgspec.Raw = _NOTHING
    model: str | None = None
    id: str | None = None
    service_tier: str | None = None


class _Units(msgspec.Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None
    search_units: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Units | None = None


class _Said(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: msgspec.Raw = _NOTHING
    usage_metadata: msgspec.Raw = msgspec.field(default=_NOTHING, name="usageMetadata")
    response: _Inner | None = None
    delta: msgspec.Raw = _NOTHING
    meta: msgspec.Raw = _NOTHING
    data: msgspec.Raw = _NOTHING
    duration: msgspec.Raw = _NOTHING
    metrics: _Metrics | None = msgspec.field(default=None, name="amazon-bedrock-invocationMetrics")
    bytes: str | None = None
    """Bedrock's streams wrap the events of others in base64."""


class _Kind(msgspec.Struct):
    """What tells the shapes of `usage` apart."""

    prompt_tokens: int | None = None
    input_tokens: int | None = None
    inputTokens: int | None = None  # noqa: N815  # AWS writes it so
    billed_units: msgspec.Raw = _NOTHING
    tokens: msgspec.Raw = _NOTHING
    type: str | None = None
    seconds: float | None = None


@dataclass
class Told:
    """What was heard of an answer so far."""

    provider: str
    items: int = 0
    """How many things a plain answer lists as its `data`: images."""
    usage: Usage | None = None
    model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None

    def __post_init__(self) -> None:
        self._anthropic = AnthropicReading(self.provider)

    def hear(self, data: bytes) -> None:
        """One event of a stream, or a whole body. What cannot be read tells nothing."""
        if not any(word in data for word in _TELLING):
            return
        try:
            self._hear(data, msgspec.json.decode(data, type=_Said))
        except (*UNREADABLE, binascii.Error):
            return

    def hear_subtitles(self, text: bytes) -> None:
        """A transcript as subtitles: the last of their times is about the length of the sound."""
        times = _LAST_TIME.findall(text)
        if times and self.usage is None:
            hours, minutes, seconds, thousandths = (int(number or 0) for number in times[-1])
            length_s = hours * 3600 + minutes * 60 + seconds + thousandths / 1000
            self.usage = Usage(0, 0, estimated=True, units=(("audio_second", math.ceil(length_s)),))

    def _hear(self, data: bytes, said: _Said) -> None:
        if said.bytes is not None:
            self.hear(base64.b64decode(said.bytes))
        elif said.metrics is not None and self.usage is None:
            self.usage = Usage(said.metrics.input_token_count, said.metrics.output_token_count)
        if bytes(said.data).startswith(b"["):
            self.items = len(msgspec.json.decode(said.data, type=list[msgspec.Raw]))
        if said.type in ("message", "message_start", "message_delta"):
            self._hear_anthropic(data, whole=said.type == "message")
        elif _there(said.usage_metadata):
            self._take(usage_of_response(data))
        elif said.response is not None and _there(said.response.usage):
            inner = said.response
            self._note(inner.model, inner.id, inner.service_tier)
            self._read(inner.usage)
        elif _there(said.usage):
            self._note(said.model, said.id, said.service_tier)
            self._read(said.usage)
        elif said.type == "message-end" and _there(said.delta):
            self._read(msgspec.json.decode(said.delta, type=_Inner).usage)
        elif _there(said.meta):
            self._hear_meta(msgspec.json.decode(said.meta, type=_Meta))
        if _there(said.duration) and self.usage is None:
            # A transcript with times says how long the sound was.
            seconds = msgspec.json.decode(said.duration, type=float, strict=False)
            self.usage = Usage(0, 0, units=(("audio_second", round(seconds)),))

    def _hear_anthropic(self, data: bytes, *, whole: bool) -> None:
        if whole:
            self._anthropic.read_whole(data)
        else:
            self._anthropic.read(data)
        self._take(self._anthropic.usage())

    def _hear_meta(self, meta: _Meta) -> None:
        units = meta.billed_units
        if units is not None:
            searches = (("search", int(units.search_units)),) if units.search_units else ()
            self.usage = Usage(int(units.input_tokens or 0), int(units.output_tokens or 0), units=searches)

    def _read(self, raw: msgspec.Raw) -> None:
        if not _there(raw):
            return
        kind = msgspec.json.decode(raw, type=_Kind)
        if kind.type == "duration" and kind.seconds is not None:
            self.usage = Usage(0, 0, units=(("audio_second", round(kind.seconds)),))
        elif kind.inputTokens is not None:
            used = msgspec.json.decode(raw, type=_Bedrock)
            read, written = used.cache_read_input_tokens or 0, used.cache_write_input_tokens or 0
            self.usage = Usage(
                (used.input_tokens or 0) + read + written,
                used.output_tokens or 0,
                cache_read_tokens=read,
                cache_write_tokens=written,
            )
        elif _there(kind.billed_units) or _there(kind.tokens):
            self.usage = msgspec.json.decode(raw, type=CohereUsage).usage()
        else:
            self.usage = msgspec.json.decode(raw, type=WireUsage).buckets()

    def _take(self, piece: UsagePiece | None) -> None:
        if piece is not None:
            self.usage = piece.usage
            self._note(piece.model, piece.response_id, piece.service_tier)

    def _note(self, model: str | None, response_id: str | None, tier: str | None) -> None:
        self.model = model or self.model
        self.response_id = response_id or self.response_id
        self.service_tier = tier or self.service_tier


def _there(raw: msgspec.Raw) -> bool:
    return bytes(raw) != b"null"
