"""Where a server that speaks OpenAI's dialect departs from it, and how a request is put so that it is understood there.

Only what carries no meaning for the answer is left out, and only what has another name there is renamed. Whatever else a
server does not know it refuses itself: an answer that silently ignores a wish would be a wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

RerankShape = Literal["jina", "voyage", "tei"]
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class Manners:
    """The ways of one server."""

    renames: tuple[tuple[str, str], ...] = ()
    """Parameters that have another name there: (`max_completion_tokens`, `max_tokens`)."""
    drops: tuple[str, ...] = ()
    """Parameters that are refused there, and that change no answer."""
    wants_thoughts: bool = False
    """Whether it wants the `reasoning_content` of earlier turns back, as some do between tool calls."""
    reasoning: Literal["reasoning_content", "reasoning", "text", "-"] = "-"
    """Where its models think aloud: a field of the message, `<think>` in the text, or nowhere."""
    completes: bool = False
    """Whether it has the old `/completions` for all its models, where these go on with a text."""
    rerank: RerankShape | None = None
    """How its reranker is spoken to, if it has one."""

    def fit(self, body: bytes) -> bytes:
        """A client's own body, as this server takes it. All values keep their very bytes."""
        if not any(b'"%b"' % name.encode() in body for name in self._concerned()):
            return body
        fields = _FIELDS.decode(body)
        if fields.keys().isdisjoint(self._concerned()):
            return body
        return msgspec.json.encode(self.fit_fields(fields))

    def fit_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
        """The same for fields."""
        fitted = {name: value for name, value in fields.items() if name not in self.drops}
        for name, theirs in self.renames:
            if name in fitted:
                fitted.setdefault(theirs, fitted.pop(name))
        return fitted

    def _concerned(self) -> tuple[str, ...]:
        return (*self.drops, *(name for name, _ in self.renames))


OLD_LIMIT = (("max_completion_tokens", "max_tokens"),)
"""`max_tokens` is the name that everybody knows, and `max_completion_tokens` one that many ignore."""
PLAIN = Manners()
