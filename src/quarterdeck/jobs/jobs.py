"""The contract of durable jobs: started once, finished even if the process dies in between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from quarterdeck.core.errors import Unavailable

JobFunction = Callable[[dict[str, str]], Awaitable[None]]
"""A job takes texts by name. It runs at least once and may be cut off anywhere: it must find what is already done."""


@dataclass(frozen=True)
class JobState:
    """How a job stands."""

    id: str
    kind: str
    status: str
    """`waiting`, `running`, `done` or `failed`."""
    error: str | None


class Jobs(ABC):
    """Starts and watches durable jobs."""

    @abstractmethod
    def register(self, kind: str, function: JobFunction) -> None:
        """Say what a kind of job does. The wiring does this before `open`."""

    @abstractmethod
    async def open(self) -> None:
        """Begin to work, first on what a crash has left."""

    @abstractmethod
    async def close(self) -> None:
        """Stop taking work. What is running is resumed by the next `open`."""

    @abstractmethod
    async def start(self, kind: str, arguments: dict[str, str], *, key: str) -> str:
        """Start a job and return its id, soon. The same key while it waits or runs is the same job."""

    @abstractmethod
    async def state(self, job_id: str) -> JobState | None:
        """How a job stands; None when there is no such job."""


class JobsElsewhere(Jobs):
    """In a process that runs no jobs: they may be known here, and are started where they run."""

    def register(self, kind: str, function: JobFunction) -> None:
        return None

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def start(self, kind: str, arguments: dict[str, str], *, key: str) -> str:
        raise Unavailable("Jobs are started in the main process, not in a worker.")

    async def state(self, job_id: str) -> JobState | None:
        return None
