"""An alias as requests meet it: compiled once from its plan, so that choosing is a look into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.records import FailureKind, Plan
from quarterdeck.gateway.routing.strategy import Candidate, Strategy


@dataclass(frozen=True, slots=True)
class Selection(Route):
    """Several routes that may answer, and how one is chosen. As a `Route`, it stands for the first of them."""

    name: str
    """The alias; for a request that lists models itself, what it wrote."""
    asked: tuple[str, ...]
    """The names that a key must be allowed: the alias alone, or every model that a request lists."""
    plan: Plan
    strategy: Strategy
    candidates: tuple[Candidate, ...]
    fallbacks: Mapping[FailureKind, tuple[Candidate, ...]]
    shadow: Route | None
    digest: str
    """Changes with whatever may change the answer."""

    @property
    def id(self) -> str:
        return self.name

    @property
    def first(self) -> Route:
        return self.candidates[0].route

    @property
    def names(self) -> tuple[str, ...]:
        return self.asked

    @property
    def identity(self) -> tuple[str, ...]:
        return ("alias", self.name, self.digest)

    def within_budget(self) -> Selection:
        """The same, answered only by those who are named for when a budget is spent."""
        return replace(self, candidates=self.fallbacks["budget"], fallbacks={})

    def everybody(self) -> list[Candidate]:
        """Targets and fallbacks, each once."""
        found = [*self.candidates, *(one for ones in self.fallbacks.values() for one in ones)]
        return list({one.route.id: one for one in found}.values())
