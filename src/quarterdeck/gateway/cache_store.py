"""The contract of a cache store: where finished answers are kept for the next one who asks the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from quarterdeck.runtime.tracing import Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished answer: its bytes, the root span it left, and what it cost."""

    content: bytes
    ending: bytes
    root: Span
    cost_pico: int | None
    size: int
    expires_ns: int
    """On the clock that never jumps, as is the moment below."""
    kept_ns: int = 0
    namespace: str = ""
    target: str = ""
    """The app or model that answered, as a purge names it."""


@dataclass(frozen=True)
class CacheContents:
    """What a store holds of one project."""

    entries: int
    bytes: int


@dataclass(frozen=True)
class Purge:
    """Which entries of a project are to go; None means any."""

    project_id: str
    namespace: str | None = None
    target: str | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is one of them."""
        return (
            entry.root.project_id == self.project_id
            and self.namespace in (None, entry.namespace)
            and self.target in (None, entry.target)
        )


class CacheStore(ABC):
    """Keeps entries by key, within bounds of its own. A key is a whole hash of everything that decides an answer."""

    @abstractmethod
    async def get(self, key: bytes) -> Entry | None:
        """What is there and has not expired. A store that cannot be reached has nothing."""

    @abstractmethod
    def put(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, soon: nobody waits for it."""

    @abstractmethod
    async def purge(self, which: Purge) -> int:
        """Drop entries; returns how many."""

    @abstractmethod
    async def contents(self, project_id: str) -> CacheContents:
        """What it holds of a project."""
