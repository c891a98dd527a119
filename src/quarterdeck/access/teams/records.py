"""The nouns of teams."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Team:
    """Some people or programs of a project, whose keys share limits and budgets."""

    id: str
    name: str
    description: str
    created_at: str
    owner: str = "ui"
    keys: int = 0
    """How many keys that still work belong to it."""
