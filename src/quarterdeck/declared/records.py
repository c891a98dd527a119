"""The nouns of declared configuration: changes, what became of them, and how the watched file stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from quarterdeck.core.events import Event
from quarterdeck.core.hashing import Json

Verb = Literal["create", "change", "adopt", "remove"]
"""adopt: it is there as the file says, and belongs to people; from now on it belongs to the file."""


@dataclass(frozen=True)
class FieldChange:
    """One field of an object that would become another. Credentials are not shown, only that they differ."""

    field: str
    was: Json
    becomes: Json


@dataclass(frozen=True)
class Change:
    """What would be done to one object."""

    project: str
    kind: str
    name: str
    verb: Verb
    fields: list[FieldChange] = field(default_factory=list)
    owner: str | None = None
    """Whose it is now; None when it is not there."""


@dataclass(frozen=True)
class ChangePlan:
    """The difference between what is declared and what is live."""

    source: str
    changes: list[Change]
    unchanged: int
    adoptions: list[Change]
    """What is as the file says and belongs to people: applying makes it the file's, and changes nothing else."""
    leftovers: list[Change]
    """What the file once declared and does not any more: removed only where pruning is asked for."""


@dataclass(frozen=True)
class MadeKey:
    """A key that was made. This is the only time its secret can be read."""

    project: str
    name: str
    secret: str


@dataclass(frozen=True)
class Application:
    """What was done, as a whole."""

    source: str
    changes: list[Change]
    unchanged: int
    made_keys: list[MadeKey]


@dataclass(frozen=True)
class WatchedFile:
    """The file of `quarterdeck up --config`, and whether what it says now is what holds."""

    path: str | None
    state: Literal["none", "applied", "broken"]
    """none: the server was started without one. broken: it cannot be applied as it is; what was applied before holds."""
    error: str | None = None
    applied_at: str | None = None
    changes: int = 0
    """How many objects the last application changed."""


@dataclass(frozen=True)
class NamedSecret:
    """A secret that a file may name: everything but itself."""

    name: str
    hint: str
    changed_at: str
    changed_by: str


@dataclass(frozen=True)
class SecretsChanged(Event):
    """A secret was set or removed: who watches a file applies it anew."""
