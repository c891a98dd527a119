"""The nouns of prompts: a prompt and its versions."""

from __future__ import annotations

from dataclasses import dataclass, field

from quarterdeck.core.events import Event
from quarterdeck.core.hashing import Json


@dataclass(frozen=True)
class PromptVersion:
    """One wording of a prompt. Never changed: a better wording is the next version."""

    id: str
    name: str
    version: int
    sha256: str
    template: str
    note: str
    created_at: str
    created_by: str
    model: str | None = None
    """What is called with it as `model="prompt:NAME"`, unless a request says otherwise."""
    parameters: dict[str, Json] = field(default_factory=dict)
    """What goes with the call where a request says nothing: `temperature`, `max_tokens` …"""


@dataclass(frozen=True)
class PromptLabel:
    """A name for a version, which can be moved: `production`."""

    label: str
    version: int
    moved_at: str
    moved_by: str


@dataclass(frozen=True)
class Prompt:
    """A prompt by its name, with its newest version."""

    name: str
    versions: int
    newest: PromptVersion
    labels: list[PromptLabel] = field(default_factory=list)


@dataclass(frozen=True)
class PromptHistory:
    """A prompt with all its versions, newest first."""

    name: str
    versions: list[PromptVersion]
    labels: list[PromptLabel] = field(default_factory=list)


@dataclass(frozen=True)
class PromptsChanged(Event):
    """A version was added, or a label moved: the live ones reload."""


@dataclass(frozen=True)
class RenderedPrompt:
    """A template filled in: what the model is told, and what stands in place of the user's message, if anything."""

    system: str
    user: str | None
