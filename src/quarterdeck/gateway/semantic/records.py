"""The nouns of the semantic cache: how it may be used for an app or model, how that goes, and the checks it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from quarterdeck.core.events import Event
from quarterdeck.gateway.semantic.promise import Promise

Mode = Literal["on", "by-header"]
State = Literal["learning", "serving", "broken"]
"""learning: would-be hits are compared with what the model says, none is served. serving: the promise is kept so far, hits
are served and a share of them goes on being compared. broken: the promise did not hold; nothing is served any more."""
Source = Literal["live", "labels"]


@dataclass(frozen=True)
class Policy:
    """How answers of one app or model may be given again for questions that mean the same."""

    mode: Mode = "on"
    """`on`: for every request, unless its header says no. `by-header`: only for requests whose header says yes."""
    promise: Promise = field(default_factory=Promise)
    check_share: float = 0.1
    """The share of would-be hits that is answered by the model all the same, and compared."""
    ttl_s: int = 3600
    personal_data: bool = False
    """Whether questions with e-mail addresses, phone, card or account numbers take part. Off: they go to the model."""
    shared: bool = False
    """Whether all keys of the project share answers; else each key has its own."""


@dataclass(frozen=True)
class SemanticCacheCard:
    """One semantic cache: its policy, whether the promise is kept, and what it has saved."""

    target: str
    """The app, or the model by its full name."""
    mode: Mode
    most_wrong: float
    confidence: float
    promise: str
    """The promise in words."""
    check_share: float
    ttl_s: int
    personal_data: bool
    shared: bool
    state: State
    reason: str
    """Why it is in this state, and what would change that."""
    threshold: float | None
    """The least score that is served."""
    checks: int
    checks_covered: int
    """Checks at or above the threshold."""
    checks_wrong: int
    """Of those, the wrong ones."""
    bound: float | None
    """No more than this share of hits is wrong, at the promised confidence."""
    hit_share: float
    """The share of candidates that the threshold lets through."""
    served: int
    saved_usd: float
    entries: int
    """Answers that are kept now."""
    since: str
    """Checks from before this moment do not count."""
    owner: str = "ui"


@dataclass(frozen=True)
class CheckRecord:
    """One would-be hit that was compared with the right answer."""

    at: str
    score: float
    similarity: float
    wrong: bool
    source: Source
    trace_id: str | None
    neighbour_trace_id: str | None


@dataclass(frozen=True)
class Purged:
    """How many answers were forgotten."""

    target: str
    entries: int


@dataclass(frozen=True)
class SemanticCachesChanged(Event):
    """A semantic cache was set up, changed or taken away: the data plane reads them anew."""
