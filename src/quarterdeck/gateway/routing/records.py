"""The nouns of routing: an alias, the targets behind it, and what may be done when one of them fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from quarterdeck.core.events import Event

FailureKind = Literal["error", "timeout", "rate_limit", "context_window", "content_policy", "budget"]
"""Why an attempt was left: what the provider did, or what it would not do."""
FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)

Feature = Literal["tools", "images", "audio", "files", "json", "reasoning", "stream"]
"""Something that a request uses and not every model can."""
FEATURES: tuple[Feature, ...] = get_args(Feature)

# An unknown field is a mistake that would otherwise show as a limit or a fallback that does not hold.
_STRICT: Mapping[str, str] = {"extra": "forbid"}


@dataclass(frozen=True)
class Timeouts:
    """How long to wait for a provider. What is None is as the settings of the server say."""

    connect_s: float | None = None
    first_token_s: float | None = None
    idle_s: float | None = None
    """The longest silence between two pieces of a stream."""
    total_s: float | None = None
    """The whole answer, all attempts together."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT


@dataclass(frozen=True)
class Condition:
    """Which requests a target is for. Every field that is set must hold; a list holds when one of its entries does."""

    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Labels of the request, all of which must be as said here."""
    keys: tuple[str, ...] = ()
    """API keys, by name or id."""
    users: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    least_input_tokens: int | None = None
    """The input, estimated from its length, is at least this long."""
    most_input_tokens: int | None = None
    uses: tuple[Feature, ...] = ()
    """Features of which the request uses one or more."""
    uses_none_of: tuple[Feature, ...] = ()
    """Features that the request must not use: what the model cannot do."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT


@dataclass(frozen=True)
class Target:
    """One of the models behind an alias."""

    model: str
    """`provider/model`."""
    weight: float = 1.0
    """Its share, compared with the others'. 0 means: only when the others have failed."""
    parameters: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON, in the words of the request
    """Fields of the request that are set where the client says nothing; one that is null here is taken out."""
    timeouts: Timeouts | None = None
    when: Condition | None = None

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT


@dataclass(frozen=True)
class Fallbacks:
    """Who is asked when the targets cannot answer, by what went wrong: models or other aliases, in order."""

    any: tuple[str, ...] = ()
    """For each kind that has no list of its own, but for a refusal by content policy: that must be said."""
    error: tuple[str, ...] = ()
    timeout: tuple[str, ...] = ()
    rate_limit: tuple[str, ...] = ()
    context_window: tuple[str, ...] = ()
    content_policy: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    def of(self, kind: FailureKind) -> tuple[str, ...]:
        """Who is asked after a failure of this kind."""
        named: tuple[str, ...] = getattr(self, kind)
        return named or (() if kind == "content_policy" else self.any)


@dataclass(frozen=True)
class Shadow:
    """A second model that gets a copy of the requests, to be compared later. Nobody waits for it."""

    model: str
    share: float = 1.0
    """Which part of the requests is copied."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT


@dataclass(frozen=True)
class HealthCheck:
    """Ask the targets now and then whether they are there. Without it, health is learnt from calls alone."""

    every_s: float = 30.0
    by: Literal["models", "chat"] = "models"
    """`models` asks for the list of models, which is free; `chat` asks for one token, which is not."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT


@dataclass(frozen=True)
class Plan:
    """How requests to an alias are answered: everything about it but its name."""

    targets: tuple[Target, ...]
    strategy: str = "ordered"
    """Which target is asked first: `GET /api/v1/routing/strategies` lists what there is."""
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON; each strategy checks its own
    retries: int = 1
    """How often one target is asked again, before the next one gets its turn."""
    longest_wait_s: float = 10.0
    """The longest pause before asking again; who wants us to wait longer (`Retry-After`) is not asked again."""
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    timeouts: Timeouts = field(default_factory=Timeouts)
    shadow: Shadow | None = None
    health_check: HealthCheck | None = None
    description: str = ""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT


@dataclass(frozen=True)
class Alias:
    """A public name with a plan, in one project."""

    id: str
    project_id: str
    name: str
    plan: Plan
    owner: str
    """Who may change it: people (`ui`), or the file that declares it (`file:NAME`)."""
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class RoutesChanged(Event):
    """An alias was stored or removed: the snapshot of the catalogue is taken anew."""
