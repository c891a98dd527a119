"""Which headers cross the house when something is passed through: whatever is not about us, our keys, or one connection."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.access.key_carriers import CARRIERS
from quarterdeck.gateway.exchange import Exchange, Header
from quarterdeck.gateway.vendor import header_readers

_OF_ONE_CONNECTION = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
}
_NOT_FOR_PROVIDERS = _OF_ONE_CONNECTION | {
    "host",
    "content-length",
    "accept-encoding",
    "expect",
    "cookie",
    "origin",
    "referer",
    "forwarded",
    "x-real-ip",
    "traceparent",
    "tracestate",
    "baggage",
    "x-request-id",
    "idempotency-key",
    "x-goog-user-project",
}
_NOT_FOR_PROVIDERS_BEGIN = ("x-quarterdeck-", "x-forwarded-", "x-amz-", "sec-", "cf-")
_NOT_FOR_CLIENTS = _OF_ONE_CONNECTION | {
    "content-length",
    "content-encoding",
    "set-cookie",
    "strict-transport-security",
    "alt-svc",
    "server",
    "date",
    "x-request-id",
    "openai-processing-ms",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "content-security-policy",
    "x-content-type-options",
}
# What a provider sends is shown under our own address: as a page, it must not be able to do anything there.
_HARMLESS: tuple[Header, ...] = (
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


def headers_for_provider(exchange: Exchange) -> dict[str, str]:
    """The client's headers, without its keys and without what it says to gateways."""
    readers = header_readers()
    listed = exchange.header(b"connection") or ""
    dropped = {name.strip().lower() for name in listed.split(",")} | _NOT_FOR_PROVIDERS
    return {
        name: raw.decode("latin-1")
        for key, raw in exchange.headers.items()
        if key not in CARRIERS
        and (name := key.decode("latin-1")) not in dropped
        and not name.startswith(_NOT_FOR_PROVIDERS_BEGIN)
        and key not in readers.exact
        and not key.startswith(readers.prefixes)
    }


def headers_for_client(headers: Mapping[str, str]) -> list[Header]:
    """The provider's headers, without its cookies and without those that are ours to say."""
    listed = headers.get("connection", "")
    dropped = {name.strip().lower() for name in listed.split(",")} | _NOT_FOR_CLIENTS
    kept = [
        (name.lower().encode("latin-1"), value.encode("latin-1", errors="replace"))
        for name, value in headers.items()
        if name.lower() not in dropped and not name.lower().startswith("x-quarterdeck-")
    ]
    return [*kept, *_HARMLESS]
