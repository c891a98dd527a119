"""What a client says beside the conversation: for whom it asks, under which tags, and what may be tried for it.

Every endpoint of the data plane reads it once, from headers and from the fields of a body that are about the request and
not about its answer. Nothing in it changes what a model is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.gateway.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Envelope:
    """The wishes and labels of one request. Everything is optional, and nearly all requests have nearly nothing."""

    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Labels as the client gave them, values as text."""
    cache_directives: str = ""
    """In the words of HTTP's `cache-control`: `no-cache`, `no-store`, `max-age=60`."""


def read_envelope(exchange: Exchange, user: str | None = None, metadata: Mapping[str, Any] | None = None) -> Envelope:
    """Read it from the headers of a request, and from the `user` and `metadata` of its body."""
    # Any, above: metadata is whatever the client likes.
    labels = {str(name): value if isinstance(value, str) else str(value) for name, value in (metadata or {}).items()}
    return Envelope(
        user_id=user,
        session_id=exchange.header(b"x-session-id") or labels.get("session_id") or None,
        metadata=labels,
        cache_directives=exchange.header(b"cache-control") or "",
    )
