"""A message of an MCP client, understood: which era it belongs to, what it asks, and whether it contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.mcp.wire import (
    CAPABILITIES_KEY,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    MODERN,
    NAMED_BY,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    VERSION_KEY,
    WITH_HANDSHAKE,
    Json,
    McpError,
    header_text,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One message. A notification has no id, an answer to a server's question has no method."""

    message: Json
    method: str | None
    id: Any  # Any: a text or a number, as the client likes; None for a notification
    params: Json
    version: str | None
    """What the client says in the header; None when it says nothing."""

    @property
    def modern(self) -> bool:
        """Whether it stands for itself, without a session."""
        return self.version == MODERN

    @property
    def capabilities(self) -> Json:
        """What a client without a session can do, as it says with each request."""
        found = (self.params.get("_meta") or {}).get(CAPABILITIES_KEY)
        return found if isinstance(found, dict) else {}

    @property
    def traceparent(self) -> bytes:
        """The trace that the client wants this to belong to, when it says so inside the message."""
        found = (self.params.get("_meta") or {}).get("traceparent")
        return found.encode("latin-1", "replace") if isinstance(found, str) else b""


def read_message(exchange: Exchange, body: bytes) -> Asked:
    """One JSON-RPC message, or what is wrong with it."""
    try:
        message = msgspec.json.decode(body)
    except UNREADABLE as error:
        raise McpError(PARSE_ERROR, f"The body is not JSON: {error}.") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise McpError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 message; lists of them are not taken.")
    method, number, params = message.get("method"), message.get("id"), message.get("params") or {}
    if method is not None and not isinstance(method, str):
        raise McpError(INVALID_REQUEST, "`method` must be a text.")
    if isinstance(number, bool) or not isinstance(number, int | str | None) or (number is None and "id" in message):
        raise McpError(INVALID_REQUEST, "`id` must be a text or a whole number.")
    if not isinstance(params, dict) or not isinstance(params.get("_meta") or {}, dict):
        raise McpError(INVALID_REQUEST, "`params`, and `_meta` in it, must be objects.")
    asked = Asked(message, method, number, params, exchange.header(b"mcp-protocol-version"))
    if method is not None and number is not None:
        _require_known_version(asked)
        if asked.modern:
            _require_agreement(exchange, asked)
    return asked


def _require_known_version(asked: Asked) -> None:
    if asked.version is not None and asked.version != MODERN and asked.version not in WITH_HANDSHAKE:
        known = {"supported": [MODERN, *WITH_HANDSHAKE], "requested": asked.version}
        raise McpError(UNSUPPORTED_VERSION, f"MCP version `{asked.version}` is not spoken here.", known)


def _require_agreement(exchange: Exchange, asked: Asked) -> None:
    """What stands in headers, so that proxies can read it, must be what the message says."""
    meta = asked.params.get("_meta") or {}
    if VERSION_KEY not in meta or CAPABILITIES_KEY not in meta:
        raise McpError(
            INVALID_PARAMS, f"`params._meta` must have `{VERSION_KEY}` and `{CAPABILITIES_KEY}`.", status=400
        )
    subject = NAMED_BY.get(asked.method or "")
    said = {
        b"mcp-protocol-version": meta[VERSION_KEY],
        b"mcp-method": asked.method,
        **({b"mcp-name": asked.params.get(subject)} if subject is not None else {}),
    }
    for name, value in said.items():
        header = exchange.header(name)
        if header is None or header_text(header) != value:
            raise McpError(HEADER_MISMATCH, f"The header `{name.decode()}` is not what the message says ({value!r}).")
