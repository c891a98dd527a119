"""The nouns of orchestration: applications, releases and deployments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.events import Event

MemberRole = Literal["prompt", "model", "index", "parameters"]


@dataclass(frozen=True)
class App:
    """Something people use: called as a model by its name."""

    name: str
    description: str
    release_id: str | None
    created_at: str


@dataclass(frozen=True)
class Member:
    """One artifact version in a release."""

    role: MemberRole
    name: str
    version: int
    sha256: str


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
class ReleaseDeployed(Event):
    """Another release is live: directories of applications reload."""

    project_id: str
    app: str
    release_id: str
