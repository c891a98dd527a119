"""The nouns of orchestration: applications, releases, deployments, replays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from quarterdeck.core.events import Event

MemberRole = Literal["prompt", "model", "index", "parameters"]
PRODUCTION = "production"


@dataclass(frozen=True)
class App:
    """Something people use: called as a model by its name."""

    name: str
    description: str
    release_id: str | None
    created_at: str
    suggested_questions: list[str]
    """What a newcomer could ask; they decide no answer, so they are no part of a release."""


@dataclass(frozen=True)
class Member:
    """One artifact version in a release."""

    role: MemberRole
    name: str
    version: int
    sha256: str
    content: dict[str, Any] = field(default_factory=dict)  # Any: `Json` refers to itself, and pydantic stops at that
    """What the release itself keeps of it: a model's profile, the parameters, the id of an index version."""


@dataclass(frozen=True)
class Release:
    """Everything that decides what an app answers, under one content address."""

    id: str
    app: str
    members: list[Member]
    notes: str
    created_at: str
    created_by: str
    live: bool

    def member(self, role: MemberRole) -> Member:
        """The member with a role; every release has one of each."""
        return next(member for member in self.members if member.role == role)


@dataclass(frozen=True)
class AppDetail(App):
    """An app with the release that is live."""

    release: Release | None


@dataclass(frozen=True)
class Deployment:
    """A release put live in an environment. Never changed: a rollback is a new one."""

    id: str
    app: str
    environment: str
    release_id: str
    weight: int
    started_at: str
    actor: str
    reason: str


@dataclass(frozen=True)
class Parameters:
    """How an app answers, beside its prompt, model and index."""

    passages: int = 6
    """How many passages are looked for."""
    context_tokens: int = 3000
    """Passages beyond this many tokens are left out."""
    min_relevance: float = 0.05
    """A question that the passages answer with a lower probability is declined before a model is paid. At 0.05 that is
    a third of the questions that nobody can answer here, and none of 192 that the passages do answer."""
    guard: bool = True
    """Whether every sentence is checked against the passages before it is shown."""
    fallback: bool = True
    """Whether `local/extractive` answers when the model cannot be reached."""
    follow_index: bool = True
    """Whether a newly published version of the knowledge is released and deployed by itself."""
    temperature: float | None = None
    max_tokens: int | None = None
    keep_share: float | None = None
    """Passages are cut down together to this share of themselves before a model reads them, whole sentences at a time."""


@dataclass(frozen=True)
class DiffPart:
    """Some words that stayed, came or went."""

    op: Literal["equal", "insert", "delete"]
    text: str


@dataclass(frozen=True)
class Answered:
    """One answer of a replay: where its trace is, and what it said."""

    trace_id: str
    output: str
    latency_ms: float
    release_id: str | None


@dataclass(frozen=True)
class Replay:
    """The same release on the same input, then and now."""

    original: Answered
    replay: Answered
    same: bool
    diff: list[DiffPart]


@dataclass(frozen=True)
class ReleaseDeployed(Event):
    """Another release is live: directories of applications reload."""

    project_id: str
    app: str
    release_id: str
