"""The nouns of prompts: a prompt and its versions."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True)
class Prompt:
    """A prompt by its name, with its newest version."""

    name: str
    versions: int
    newest: PromptVersion


@dataclass(frozen=True)
class PromptHistory:
    """A prompt with all its versions, newest first."""

    name: str
    versions: list[PromptVersion]


@dataclass(frozen=True)
class RenderedPrompt:
    """A template filled in: what the model is told, and what stands in place of the user's message, if anything."""

    system: str
    user: str | None
