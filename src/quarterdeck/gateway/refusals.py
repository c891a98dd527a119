"""How an error looks to a client of either door: headers and a body in OpenAI's shape, or an event inside a stream."""

from __future__ import annotations

import math

import msgspec

from quarterdeck.core.errors import LimitReached, QuarterdeckError
from quarterdeck.gateway import sse

Header = tuple[bytes, bytes]
JSON: Header = (b"content-type", b"application/json")


def body_of(error: QuarterdeckError, request_id: str | None) -> bytes:
    """The body of an error response."""
    said = {
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
        "request_id": request_id,
    }
    return msgspec.json.encode({"error": said})


def event_of(error: QuarterdeckError, request_id: str) -> bytes:
    """The event that ends a stream which broke: after it comes nothing, and no `[DONE]`."""
    return sse.event(body_of(error, request_id))


def headers_of(error: QuarterdeckError) -> list[Header]:
    """What the official SDKs read to decide whether and when to try again."""
    headers = [JSON]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(error.retry_after_s))).encode()))
        headers.append((b"retry-after-ms", str(int(error.retry_after_s * 1000)).encode()))
    if isinstance(error, LimitReached):
        headers += error.headers
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.code in _IN_VAIN or error.kind in _IN_VAIN:
        headers.append((b"x-should-retry", b"false"))
    return headers


_IN_VAIN = {"credential_refused", "insufficient_quota"}
