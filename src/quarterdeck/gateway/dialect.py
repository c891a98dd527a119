"""The contract of a dialect: a wire format that clients speak to us. Plug-ins lie in `dialects/`, one format a file.

A dialect reads a request into a `ChatRequest`, and writes pieces, errors and streams in its own shape. Where the provider
speaks the same dialect, nothing is translated: bytes go through, and a `Listener` overhears what they took.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from quarterdeck.core.errors import InvalidInput, QuarterdeckError
from quarterdeck.gateway import dialects as plug_ins
from quarterdeck.gateway import sse
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.gateway.outcome import Outcome
from quarterdeck.gateway.parsing import without_fields
from quarterdeck.runtime.work import Work

if TYPE_CHECKING:  # an answer knows its route, a route its provider, a provider its dialects
    from quarterdeck.gateway.answer import Answer

DialectName = Literal["openai-chat", "anthropic-messages", "openai-responses", "openai-completions", "gemini"]
Verdict = Literal["pass", "hide", "end", "error"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was sent, and as we understand it."""

    body: bytes
    request: ChatRequest
    left_out: tuple[str, ...] = ()
    """What a translation leaves out, and can do without: told to the client in a header."""
    untranslatable: str | None = None
    """What only a provider of the same dialect can do, if something is asked that a translation would falsify."""
    rewritten: bool = False
    """Whether the body is no longer in the client's dialect but in ours, so that it cannot be sent on as it is."""
    previous: str | None = None
    """The earlier answer that this one goes on from, where a dialect has such."""
    newest: int | None = None
    """How many items at the end of the conversation were sent, where those before them were kept here."""

    def require_translatable(self, name: str) -> None:
        """Refuse what would not be the same in another dialect."""
        if self.untranslatable is not None:
            raise InvalidInput(f"{self.untranslatable} cannot be translated for `{name}`. Leave it out, or call a model "
                               "whose provider speaks this dialect itself.")  # fmt: skip


class StreamWriter(ABC):
    """Turns the pieces of one answer into events."""

    @abstractmethod
    def write(self, piece: Piece) -> bytes:
        """The events for a piece; before the first one, whatever opens a stream."""

    @abstractmethod
    def end(self) -> bytes:
        """The events that tell the client that the answer is whole."""


class BodyWriter(ABC):
    """Gathers the pieces of one answer into one body."""

    @abstractmethod
    def hear(self, piece: Piece) -> None:
        """One more piece."""

    @abstractmethod
    def write(self) -> bytes:
        """The body."""


class Listener(ABC):
    """Overhears one answer whose bytes go through untouched: where it ends, what is wrong, what it took."""

    remarkable: ClassVar[tuple[bytes, ...]]
    """The only bytes that deserve a closer look. Model text cannot contain them: quotes inside JSON are escaped."""
    answer_name: ClassVar[str]
    """What a whole answer is called: "a chat completion"."""
    usual_end: ClassVar[bytes] = b""
    """The end of a stream, for a provider that forgot it."""

    def speaks(self, block: bytes) -> bool:
        """Whether some whole events have something of the answer itself, and are not just its opening."""
        return True

    @abstractmethod
    def judge(self, data: bytes) -> Verdict:
        """What to do with an event that has remarkable bytes: let it pass, hide it, end with it, or fail."""

    @abstractmethod
    def failure(self, provider: str, data: bytes) -> QuarterdeckError:
        """What an error event, or a body that is an error, means."""

    @abstractmethod
    def keep(self, block: bytes) -> None:
        """Some whole events of the stream."""

    @abstractmethod
    def outcome(self) -> Outcome:
        """How the stream ended, or how far it came."""

    @abstractmethod
    def outcome_of_body(self, body: bytes) -> Outcome:
        """How a plain answer ended."""


class Dialect(ABC):
    """One wire format. Made once, shared by all requests."""

    name: ClassVar[DialectName]
    paths: ClassVar[tuple[str, ...]] = ()
    """Where it is spoken to us, as far as the paths are fixed."""
    keep_alive: ClassVar[bytes] = sse.KEEP_ALIVE
    forwarded_headers: ClassVar[tuple[bytes, ...]] = ()
    """Request headers that belong to the conversation, and go on to a provider of this dialect."""
    limit_headers: ClassVar[tuple[bytes, ...]] = (b"x-ratelimit",)
    """How the headers begin in which its providers tell what they still allow."""

    near: ClassVar[tuple[str, ...]] = ()
    """Paths beside them that are no conversations, and whose errors have this shape, too."""

    near_below: ClassVar[tuple[str, ...]] = ()
    """The same, for all paths below these."""

    def speaks_at(self, path: str) -> bool:
        """Whether a request to this path is in this dialect."""
        return path in self.paths

    @abstractmethod
    def read(self, path: str, body: bytes) -> Asked:
        """Understand a request, or say what is wrong with it."""

    def read_again(self, path: str, asked: Asked, body: bytes) -> Asked:
        """The same request with other words in it."""
        return self.read(path, body)

    async def recall(self, work: Work, asked: Asked) -> Asked:
        """The request with all that came before it; only asked for where it names an earlier answer."""
        return asked

    def keeping(self, work: Work, asked: Asked, answer: Answer) -> Answer:
        """The answer; in a dialect where a client may come back to it by its id, one that keeps itself."""
        return answer

    def without_wishes(self, asked: Asked) -> Asked:
        """The request without the fields of its body that are for us alone: a provider would refuse them."""
        ours = self.fields_for_us(asked.request)
        return replace(asked, body=without_fields(asked.body, ours)) if ours else asked

    def fields_for_us(self, request: ChatRequest) -> list[str]:
        """The names of those fields."""
        return list(request.wishes())

    @abstractmethod
    def stream_writer(self, model: str, request: ChatRequest) -> StreamWriter:
        """A writer for a stream."""

    @abstractmethod
    def body_writer(self, model: str, request: ChatRequest) -> BodyWriter:
        """A writer for a plain answer."""

    @abstractmethod
    def listener(self, request: ChatRequest) -> Listener:
        """Somebody to overhear an answer in this dialect."""

    @abstractmethod
    def upstream_path(self, model: str, request: ChatRequest) -> str:
        """Where a provider of this dialect takes such requests, below its base URL."""

    @abstractmethod
    def upstream_body(self, asked: Asked, model: str) -> bytes:
        """The client's own body, with the provider's name for the model."""

    @abstractmethod
    def error_body(self, error: QuarterdeckError, request_id: str) -> bytes:
        """The body of an error response."""

    def error_event(self, error: QuarterdeckError, request_id: str) -> bytes:
        """The event that ends a stream which broke: after it comes nothing."""
        return sse.event(self.error_body(error, request_id))

    def headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Response headers that clients of this dialect look for."""
        return []


@functools.cache
def all_dialects() -> tuple[Dialect, ...]:
    """The dialect plug-ins: every concrete `Dialect` in a module of `gateway/dialects`."""
    found: list[Dialect] = []
    for module in sorted(pkgutil.iter_modules(plug_ins.__path__), key=lambda module: module.name):
        namespace = importlib.import_module(f"{plug_ins.__name__}.{module.name}")
        found += [
            thing()
            for thing in vars(namespace).values()
            if isinstance(thing, type) and issubclass(thing, Dialect) and thing.__module__ == namespace.__name__
        ]
    return tuple(found)


@functools.cache
def dialects_by_path() -> Mapping[str, Dialect]:
    """The dialects by the fixed paths where they are spoken."""
    return {path: dialect for dialect in all_dialects() for path in dialect.paths}


def error_dialect_at(path: str) -> Dialect | None:
    """The dialect in whose shape the errors of a path are told."""
    return dialect_at(path) or next(
        (dialect for dialect in all_dialects() if path in dialect.near or path.startswith(dialect.near_below)), None
    )


def dialect_at(path: str) -> Dialect | None:
    """The dialect in which a path is spoken to, if it is one for conversations."""
    known = dialects_by_path().get(path)
    # Some have a model in their path, and a method after a colon.
    if known is not None or not path.startswith(("/v1beta/", "/v1/models/")) or ":" not in path:
        return known
    return next((dialect for dialect in all_dialects() if dialect.speaks_at(path)), None)
