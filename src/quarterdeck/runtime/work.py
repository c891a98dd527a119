"""One request or one job: who does it, for which project, with which live objects, and under which trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from quarterdeck.core.errors import NotAllowed
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import ActiveSpan, SpanKind, Trace

T = TypeVar("T")

Scope = Literal["gateway", "read", "write", "admin"]
"""gateway: call models and send spans. read: see what is there. write: change it. admin: keys, providers, people."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for whoever asks with a certain key, beyond its scopes."""

    team_id: str | None = None
    team_name: str | None = None
    allowed_models: tuple[str, ...] = ()
    """Patterns such as `openai/*`; empty means all."""
    allowed_tools: tuple[str, ...] = ()
    """Patterns such as `github__*` of what it may call at `/mcp`; empty means all."""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    passthrough: bool = True
    """Whether it may call providers below `/passthrough`, past every translation."""


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: an API key, the administrator, a browser session, or the system itself."""

    id: str
    name: str
    kind: Literal["key", "admin", "session", "system"]
    project_id: str
    project_name: str
    scopes: frozenset[Scope]
    terms: Terms = NO_TERMS

    def require(self, scope: Scope) -> None:
        """Refuse to go on without this scope; `admin` includes all others."""
        if scope not in self.scopes and "admin" not in self.scopes:
            raise NotAllowed(f"`{self.name}` lacks the scope `{scope}`. Use a key that has it.")


@dataclass(frozen=True, slots=True)
class Work:
    """What verbs take first. Frozen: a narrower piece of work (a child span) is a new `Work`."""

    runtime: Runtime
    actor: Actor
    trace: Trace = field(default_factory=Trace)
    parent: ActiveSpan | None = None
    request_id: str | None = None

    @property
    def project_id(self) -> str:
        return self.actor.project_id

    def part(self, contract: type[T]) -> T:
        """The live object that fulfils a contract."""
        return self.runtime.part(contract)

    def start(self, name: str, kind: SpanKind) -> ActiveSpan:
        """Start a span under this work; whoever starts it ends it."""
        return self.trace.start(name, kind, parent=self.parent, project_id=self.project_id)

    @contextmanager
    def span(self, name: str, kind: SpanKind) -> Iterator[ActiveSpan]:
        """A span around a block; an error that leaves the block becomes the span's status."""
        active = self.start(name, kind)
        try:
            yield active
        except BaseException as error:
            active.fail(error)
            raise
        finally:
            active.end()

    def under(self, parent: ActiveSpan) -> Work:
        """The same work, whose spans are children of `parent`."""
        return replace(self, parent=parent)
