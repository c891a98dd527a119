"""The words of the Model Context Protocol: JSON-RPC messages, its versions, its error codes, its headers.

Two eras are spoken. Until 2025-11-25 a client says `initialize` and may get a session; since 2026-07-28 every request
carries its protocol version and the client's capabilities in `params._meta`, and there are no sessions.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from quarterdeck import __version__
from quarterdeck.core.errors import QuarterdeckError

Json: TypeAlias = dict[str, Any]  # Any: tools define what they take and give

MODERN = "2026-07-28"
WITH_HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The versions that begin with `initialize`, newest first."""

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
OURSELVES: Json = {"name": "quarterdeck", "version": __version__}
NAMED_BY: Mapping[str, str] = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose subject stands in the header `mcp-name`, too, and the parameter it is taken from."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
REFUSED = -32000
"""Of the range that JSON-RPC leaves to servers: a limit, a missing right, an upstream that is down."""

_PLAIN = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?|")


class McpError(Exception):
    """An error that belongs into a JSON-RPC answer."""

    def __init__(self, code: int, message: str, data: Any = None, *, status: int | None = None) -> None:
        # Any, above: servers attach to their errors what they like.
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status
        """The HTTP status that goes with it, where it is not the usual one of its code."""
        self.refusal: QuarterdeckError | None = None
        """The refusal of ours that it tells of, with headers of its own."""


def request(number: int, method: str, params: Json) -> Json:
    """A request of ours."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def notification(method: str, params: Json | None = None) -> Json:
    """A message that wants no answer."""
    return {"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}


def result(request_id: str | int, found: Json) -> bytes:
    """A good answer."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "result": found})


def failure(request_id: str | int | None, error: McpError) -> bytes:
    """A bad one."""
    said: Json = {"code": error.code, "message": error.message}
    if error.data is not None:
        said["data"] = error.data
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "error": said})


def http_status(error: McpError) -> int:
    """The HTTP status of an error in an answer of its own; inside a stream it has none."""
    if error.status is not None:
        return error.status
    return {
        PARSE_ERROR: 400,
        INVALID_REQUEST: 400,
        HEADER_MISMATCH: 400,
        UNSUPPORTED_VERSION: 400,
    }.get(error.code, 200)


def meaning(error: QuarterdeckError) -> McpError:
    """A refusal of ours as an MCP client understands it."""
    code = INVALID_PARAMS if error.status in (400, 404) else REFUSED if error.status < 500 else INTERNAL_ERROR
    said = McpError(code, error.message, {"code": error.code, "type": error.kind, "status": error.status})
    # Limits and missing rights concern HTTP clients, too; the rest is between the two ends of the protocol.
    said.status = error.status if error.status in (401, 403, 429, 503) else None
    said.refusal = error
    return said


def header_value(text: str) -> str:
    """A text as a header may carry it: as it is, or in base64 where it would not survive."""
    if _PLAIN.fullmatch(text) and not text.startswith("=?base64?"):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def header_text(value: str) -> str | None:
    """What `header_value` made, read again; None when it is damaged."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except ValueError:
        return None


def without_our_words(params: Json) -> Json:
    """Parameters without what the newer era says in `_meta` about the connection: that is told to each server anew."""
    meta = {name: value for name, value in (params.get("_meta") or {}).items() if name not in _OF_THE_CONNECTION}
    rest = {name: value for name, value in params.items() if name != "_meta"}
    return {**rest, "_meta": meta} if meta else rest


_OF_THE_CONNECTION = {VERSION_KEY, CLIENT_KEY, CAPABILITIES_KEY}
