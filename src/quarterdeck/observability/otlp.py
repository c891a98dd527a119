"""The door for OpenTelemetry: OTLP/HTTP trace requests, kept before they are acknowledged.

Answers follow the OTLP specification, so that every exporter knows whether to send again: 200 with what was rejected,
429 and 503 for "later", any other 4xx for "never".
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from quarterdeck.core.errors import InvalidInput, LimitReached, QuarterdeckError, TooLarge, Unavailable
from quarterdeck.observability import dialects, otlp_json, otlp_protobuf
from quarterdeck.observability.pricing import Pricing
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024 * 1024
"""As sent, and as unpacked: the limit of the specification."""
MAX_PENDING_SPANS = 1_000_000
"""With more than this in the spool, senders are asked to wait: disk is finite too."""
_RETRY_AFTER_S = 5
_SHOWN_REFUSALS = 3
_FORMATS: Mapping[str, tuple[ModuleType, str]] = {
    "application/x-protobuf": (otlp_protobuf, "application/x-protobuf"),
    "application/protobuf": (otlp_protobuf, "application/x-protobuf"),
    "application/json": (otlp_json, "application/json"),
}
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 415: 3, 429: 8, 503: 14}
"""HTTP status to gRPC code, as `google.rpc.Status` wants it."""


class UnsupportedEncoding(InvalidInput):
    """Traces are taken as `application/x-protobuf` or `application/json`, plain or packed with gzip or deflate."""

    status = 415


@dataclass(frozen=True)
class OtlpReply:
    """What an exporter is answered."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


async def receive(
    work: Work, body: AsyncIterator[bytes], *, content_type: str | None, content_encoding: str | None
) -> OtlpReply:
    """Take in a trace request. What is acknowledged survives a crash."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    language, answer_type = _FORMATS.get(media_type, (otlp_json, "application/json"))
    try:
        if media_type not in _FORMATS:
            raise UnsupportedEncoding
        packed = await _whole(work, body)
        answer = await asyncio.to_thread(_take_in, work, language, packed, content_encoding)
        return OtlpReply(200, answer_type, answer)
    except QuarterdeckError as error:
        retry = {"retry-after": str(_RETRY_AFTER_S)} if isinstance(error, LimitReached | Unavailable) else {}
        reply = language.refused(_CODES.get(error.status, 13), error.message)
        return OtlpReply(error.status, answer_type, reply, retry)


async def _whole(work: Work, body: AsyncIterator[bytes]) -> bytes:
    if work.part(Recorder).ledger().pending > MAX_PENDING_SPANS:
        raise LimitReached("More spans are waiting to be stored than may. Send this again in a few seconds.")
    packed = bytearray()
    async for piece in body:
        packed += piece
        if len(packed) > MAX_BODY_BYTES:
            raise TooLarge(f"A trace request may have {MAX_BODY_BYTES >> 20} MiB. Send smaller batches.")
    return bytes(packed)


def _take_in(work: Work, language: ModuleType, packed: bytes, content_encoding: str | None) -> bytes:
    """Unpack, read, make sense of it, keep it. In a thread: a large request must not hold up streams of answers."""
    received, refusals = language.read(_unpacked(packed, content_encoding))
    sent = len(received) + len(refusals)
    recorder, pricing = work.part(Recorder), work.part(Pricing)
    recorder.count_rejected(len(refusals))
    spans = [dialects.translate(span, work.project_id, pricing) for span in received]
    refusals += recorder.accept(spans)
    message = ""
    if refusals:
        message = f"{len(refusals)} of {sent} spans were rejected. " + " ".join(refusals[:_SHOWN_REFUSALS])
        log.warning("otlp: %s: %s", work.actor.name, message)
    answer: bytes = language.accepted(len(refusals), message)
    return answer


def _unpacked(packed: bytes, content_encoding: str | None) -> bytes:
    encoding = (content_encoding or "identity").strip().lower()
    if encoding == "identity":
        return packed
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UnsupportedEncoding(f"The content encoding `{encoding}` is not known. Use `gzip`, `deflate` or none.")
    # 47: gzip or zlib, whichever the header says. Some call a bare stream without any header `deflate`: -15.
    is_bare = encoding == "deflate" and (not packed or packed[0] & 0x0F != 8)
    unpacker = zlib.decompressobj(-15 if is_bare else 47)
    try:
        body = unpacker.decompress(packed, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise InvalidInput(f"The body is not valid {encoding}: {error}.") from error
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge(f"A trace request may have {MAX_BODY_BYTES >> 20} MiB when unpacked. Send smaller batches.")
    if not unpacker.eof:
        raise InvalidInput(f"The {encoding} body breaks off before its end. Send it again.")
    return body
