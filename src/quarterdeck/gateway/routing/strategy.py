"""The contract of a strategy: in which order the targets of an alias are asked. Plug-ins lie in `strategies/`, one a file.

A strategy is made when an alias is stored or loaded, with that alias's plan, and ranks its candidates for every request.
It never decides whether somebody may be asked at all: conditions, breakers and cooldowns are looked at before it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing import strategies as plug_ins
from quarterdeck.gateway.routing.health import Health
from quarterdeck.gateway.routing.records import Plan, Target
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.runtime.work import Work

O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that may be asked: what the plan says of it, who runs it, and how well that is doing."""

    target: Target
    route: Route
    health: Health


@dataclass(frozen=True, slots=True)
class Question:
    """What a strategy may look at: the request, who sends it, and how long it is."""

    work: Work
    request: ChatRequest | None
    """None for what is no conversation, such as an embedding."""
    envelope: Envelope
    input_tokens: int
    """Estimated from the length of the body."""
    notes: dict[str, Attribute] = field(default_factory=dict)
    """Attributes for the span of the request: why this order. Names begin with `quarterdeck.route.`."""

    @property
    def stream(self) -> bool:
        """Whether the answer is wanted piece by piece."""
        return self.request is not None and bool(self.request.stream)


class Strategy(ABC):
    """One way to choose. Made for one plan; shared by all its requests."""

    name: ClassVar[str]
    about: ClassVar[str]
    """For people who choose a strategy: one line."""

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        """Read the plan's options, or raise `InvalidInput`. What is slow to prepare is prepared at the first request."""
        self.plan = plan
        self.runtime = runtime

    @abstractmethod
    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """All candidates (two or more), the one to ask first at the front.

        Stands between a request and its answer: from memory, in microseconds. One that must think longer does so in a
        thread, with a limit, and falls back to the order of the plan. It may leave candidates out; it must not raise.
        """

    def options(self, kind: type[O]) -> O:
        """The plan's options as a struct; what does not fit is named."""
        try:
            return msgspec.convert(dict(self.plan.options), kind)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"`options` of the strategy `{self.name}`: {error}.", param="options") from error


class NoOptions(msgspec.Struct, forbid_unknown_fields=True):
    """The options of a strategy that has none."""


@functools.cache
def all_strategies() -> Mapping[str, type[Strategy]]:
    """The strategies by name: every concrete `Strategy` in a module of `gateway/routing/strategies`."""
    found: dict[str, type[Strategy]] = {}
    for module in sorted(pkgutil.iter_modules(plug_ins.__path__), key=lambda module: module.name):
        namespace = importlib.import_module(f"{plug_ins.__name__}.{module.name}")
        for thing in vars(namespace).values():
            if isinstance(thing, type) and issubclass(thing, Strategy) and thing.__module__ == namespace.__name__:
                found[thing.name] = thing
    return found


def strategy_of(plan: Plan, runtime: Runtime) -> Strategy:
    """The strategy that a plan names, made for it."""
    known = all_strategies()
    if plan.strategy not in known:
        there = ", ".join(f"`{name}`" for name in sorted(known))
        raise InvalidInput(f"No strategy is called `{plan.strategy}`. There are: {there}.", param="strategy")
    return known[plan.strategy](plan, runtime)
