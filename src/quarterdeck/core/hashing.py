"""Content addresses: the same content has the same name, everywhere and for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from typing_extensions import TypeAliasType

# Named, because a type that refers to itself without a name sends pydantic round in circles.
Json = TypeAliasType("Json", "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None")
"""Any JSON value."""


def sha256(content: bytes | str) -> str:
    """The SHA-256 of bytes (or of a text in UTF-8), in hexadecimal."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def canonical(value: Json) -> bytes:
    """A value as bytes that do not depend on key order or spacing (in the spirit of RFC 8785)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def content_hash(value: Json) -> str:
    """The content address of a JSON value."""
    return sha256(canonical(value))
