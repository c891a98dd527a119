"""The nouns of access: projects and API keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from quarterdeck.core.events import Event
from quarterdeck.runtime.work import Scope


@dataclass(frozen=True)
class Project:
    """A tenant: everything belongs to exactly one project."""

    id: str
    name: str
    created_at: str


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret: only the start is kept in clear, the whole as a hash."""

    id: str
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None = None
    last_used_at: str | None = None
    revoked_at: str | None = None
    team: str | None = None
    """The team it belongs to, by name."""
    allowed_models: list[str] = field(default_factory=list)
    """Patterns such as `openai/*` of what it may call; empty means all."""
    allowed_ips: list[str] = field(default_factory=list)
    """Addresses and CIDR ranges it may be used from; empty means all."""
    allowed_tools: list[str] = field(default_factory=list)
    """Patterns such as `github__*` of the tools it may call at `/mcp`; empty means all."""
    passthrough: bool = True
    """Whether it may call providers below `/passthrough`."""
    tags: list[str] = field(default_factory=list)
    """Put on every call that it makes."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Labels put on every call that it makes."""
    rotated_at: str | None = None
    previous_until: str | None = None
    """Until when the secret before the last rotation works, too."""
    owner: str = "ui"


@dataclass(frozen=True)
class NewKey:
    """A key just made. This is the only time its secret can be read."""

    key: ApiKey
    secret: str


@dataclass(frozen=True)
class Me:
    """Who the caller is, and where."""

    name: str
    kind: str
    scopes: list[str]
    project: Project
    version: str
    password_set: bool


@dataclass(frozen=True)
class LoginLink:
    """A way into the web interface: `/login?token=…`, once, from the server's own machine."""

    token: str
    expires_at: str


@dataclass(frozen=True)
class KeysChanged(Event):
    """A key was made or revoked, or a project was made: keyrings reload."""
