"""OTLP in JSON: requests in, answers out.

The mapping is Protobuf's with OTLP's exceptions: ids are hexadecimal (some programs send base64 all the same), 64-bit
numbers are texts (some send numbers), enumerations are numbers (some send names), and unknown fields are ignored.
"""

from __future__ import annotations

import base64
import binascii
import math

import msgspec

from quarterdeck.core.errors import MalformedBody
from quarterdeck.observability.received import FAILED, SPAN_KINDS, ReceivedEvent, ReceivedSpan
from quarterdeck.runtime.tracing import Attribute

Number = int | str | None


class _Wire(msgspec.Struct, rename="camel"):
    """A message of OTLP/JSON; a field that is null is a field that is not there."""


class _Array(_Wire):
    values: list[_Value] | None = None


class _Value(_Wire):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Number = None
    double_value: float | str | None = None
    array_value: _Array | None = None
    kvlist_value: _Pairs | None = None
    bytes_value: str | None = None


class _Pair(_Wire):
    key: str = ""
    value: _Value | None = None


class _Pairs(_Wire):
    values: list[_Pair] | None = None


class _Attributed(_Wire):
    name: str | None = None
    version: str | None = None
    attributes: list[_Pair] | None = None


class _Event(_Attributed):
    time_unix_nano: Number = None


class _Link(_Attributed):
    trace_id: str | None = None
    span_id: str | None = None


class _Status(_Wire):
    code: Number = None
    message: str | None = None


class _Span(_Attributed):
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    kind: Number = None
    start_time_unix_nano: Number = None
    end_time_unix_nano: Number = None
    dropped_attributes_count: Number = None
    events: list[_Event] | None = None
    links: list[_Link] | None = None
    status: _Status | None = None


class _ScopeSpans(_Wire):
    scope: _Attributed | None = None
    # Raw: one span that is wrong must not take the others along.
    spans: list[msgspec.Raw] | None = None


class _ResourceSpans(_Wire):
    resource: _Attributed | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _Request(_Wire):
    resource_spans: list[_ResourceSpans] | None = None


def read(body: bytes) -> tuple[list[ReceivedSpan], list[str]]:
    """The spans of a request, and why others in it cannot be read."""
    try:
        request = msgspec.json.decode(body, type=_Request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(f"The body is not an OTLP trace request in JSON: {error}.") from error
    spans: list[ReceivedSpan] = []
    refusals: list[str] = []
    decode = msgspec.json.Decoder(_Span).decode
    for of_resource in request.resource_spans or ():
        resource = _attributes(of_resource.resource.attributes) if of_resource.resource else {}
        for of_scope in of_resource.scope_spans or ():
            scope: dict[str, Attribute] = (
                {"name": of_scope.scope.name or "", "version": of_scope.scope.version or ""} if of_scope.scope else {}
            )
            for raw in of_scope.spans or ():
                try:
                    spans.append(_span(decode(raw), resource, scope))
                except (ValueError, RecursionError) as error:
                    refusals.append(f"A span cannot be read: {error}.")
    return spans, refusals


def accepted(rejected: int, message: str) -> bytes:
    """The answer to a request that was taken, in full or in part."""
    if not rejected:
        return b"{}"
    return msgspec.json.encode({"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": message}})


def refused(code: int, message: str) -> bytes:
    """A `google.rpc.Status`."""
    return msgspec.json.encode({"code": code, "message": message})


def _span(span: _Span, resource: dict[str, Attribute], scope: dict[str, Attribute]) -> ReceivedSpan:
    status = span.status or _Status()
    return ReceivedSpan(
        trace_id=_id(span.trace_id),
        span_id=_id(span.span_id),
        parent_id=_id(span.parent_span_id),
        name=span.name or "",
        kind=_kind(span.kind),
        start_ns=_whole(span.start_time_unix_nano),
        end_ns=_whole(span.end_time_unix_nano),
        failed=status.code in (FAILED, str(FAILED), "STATUS_CODE_ERROR"),
        status_message=status.message or "",
        attributes=_attributes(span.attributes),
        dropped_attributes=_whole(span.dropped_attributes_count),
        events=tuple(
            ReceivedEvent(event.name or "", _whole(event.time_unix_nano), _attributes(event.attributes))
            for event in span.events or ()
        ),
        links=tuple(
            {"trace_id": _id(link.trace_id), "span_id": _id(link.span_id), "attributes": _attributes(link.attributes)}
            for link in span.links or ()
        ),
        resource=resource,
        scope=scope,
    )


def _id(text: str | None) -> str:
    """An id in hexadecimal. Base64 of 16 or 8 bytes has 24 or 12 characters, hexadecimal 32 or 16."""
    if text and len(text) in (12, 24):
        try:
            return base64.b64decode(text, validate=True).hex()
        except binascii.Error:
            return text.lower()
    return (text or "").lower()


def _kind(kind: Number) -> str:
    name = str(kind or 0).removeprefix("SPAN_KIND_").lower()
    if name.isdigit():
        return SPAN_KINDS[int(name)] if int(name) < len(SPAN_KINDS) else SPAN_KINDS[0]
    return name if name in SPAN_KINDS else SPAN_KINDS[0]


def _whole(number: Number) -> int:
    try:
        return int(number or 0)
    except ValueError as error:
        raise ValueError(f"`{number}` is no whole number") from error


def _attributes(pairs: list[_Pair] | None) -> dict[str, Attribute]:
    return {pair.key: _value(pair.value) for pair in pairs or ()}


def _value(value: _Value | None) -> Attribute:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return _whole(value.int_value)
    if value.double_value is not None:
        number = float(value.double_value)
        return number if math.isfinite(number) else str(value.double_value)
    if value.array_value is not None:
        return [_value(item) for item in value.array_value.values or ()]
    if value.kvlist_value is not None:
        return _attributes(value.kvlist_value.values)
    return value.bool_value if value.bool_value is not None else value.bytes_value
