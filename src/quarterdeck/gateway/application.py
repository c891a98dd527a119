"""The contract of an application: it is called like a model, and is more than one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator

from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work


class Application(ABC):
    """One application at one release, ready to answer."""

    name: str
    release_id: str

    @abstractmethod
    def answer(self, work: Work, request: ChatRequest, span: ActiveSpan) -> AsyncGenerator[Piece, None]:
        """Answer a request. `span` is the app's own span: children go below it (`work` already points there)."""


class Applications(ABC):
    """The directory of applications. Asked on every request, so it answers from memory."""

    @abstractmethod
    def find(self, project_id: str, name: str) -> Application | None:
        """The application that is live under this name (`policy-bot`, `policy-bot@production`), if any."""

    @abstractmethod
    def names(self, project_id: str) -> list[str]:
        """All applications of a project, sorted."""
