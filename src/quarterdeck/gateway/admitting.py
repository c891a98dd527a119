"""The one gate of the data plane: whatever would cost something passes here first, and gives back what it did not use.

Every endpoint that calls a provider says `async with admitted(…) as hold`; whoever calls a model from inside the house, with
no request before the door, says `async with held(…) as hold`. Who may call what, limits and budgets are looked at here and
nowhere else, so that no path goes around them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from quarterdeck.access.limits.limiter import Grant, Limiter
from quarterdeck.access.limits.rulebook import Asking, Needs
from quarterdeck.core import clock
from quarterdeck.core.errors import LimitReached, NotAllowed
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.estimating import Averages, needs_of_app, needs_of_model
from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.recording import note_who_asks
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work


class ModelNotAllowed(NotAllowed):
    """This key may not call this model."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something that is called for and is no model, such as a tool: `mcp/github__search`."""

    id: str
    cost_pico: int = 0
    """What one call is said to cost."""


class PassthroughNotAllowed(NotAllowed):
    """This key may not use `/passthrough`."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An app whose answer is made again, live or not."""

    name: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request may take, as far as one can tell before it is made."""

    target: Application | Route | Errand | Replayed
    input_bytes: int
    """The size of its text (`estimating.text_bytes`): tokens are estimated from it, and reconciled with what was used."""
    most_output_tokens: int | None = None
    """What the client allows for the answer; None when it does not say."""
    model: str | None = None
    """The name that the client gave, where it is not that of the target: an alias."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names under which the target goes, the fullest first."""
        if isinstance(self.target, Application | Replayed):
            own: tuple[str, ...] = (self.target.name,)
        elif isinstance(self.target, Errand | Selection):
            own = (self.target.id,)
        else:
            own = (self.target.id, self.target.model)
        return own if self.model is None or self.model in own else (*own, self.model)


class Hold:
    """What one request has been granted."""

    __slots__ = ("_averages", "_grant", "_target", "thrifty")

    def __init__(
        self,
        grant: Grant | None = None,
        averages: Averages | None = None,
        target: str = "",
        *,
        thrifty: bool = False,
    ) -> None:
        self.thrifty = thrifty
        """A budget has no room for the request; only those may answer who are named for that case."""
        self._grant = grant
        self._averages = averages
        self._target = target

    def settle(self, spans: Sequence[Span]) -> None:
        """Say what was really used: the finished spans of the request. Before the last byte is sent."""
        if self._grant is not None:
            took = _taken(spans)
            self._grant.settle(took)
            if self._averages is not None:
                self._averages.learn(self._target, took)

    def headers(self) -> list[Header]:
        """Response headers that tell what the limits still allow."""
        return [] if self._grant is None else self._grant.headers()

    def release(self) -> None:
        """Give back what was not settled."""
        if self._grant is not None:
            self._grant.release()


NOTHING_HELD = Hold()


@asynccontextmanager
async def admitted(plane: Plane, work: Work, envelope: Envelope, demand: Demand) -> AsyncIterator[Hold]:
    """Let a request in, or refuse it. What it holds is given back when the block ends, however it ends."""
    plane.admission.require_disk()
    note_who_asks(work, envelope)
    hold = await _hold(work, envelope, demand)
    try:
        yield hold
    finally:
        hold.release()


@asynccontextmanager
async def held(work: Work, demand: Demand, envelope: Envelope | None = None) -> AsyncIterator[Hold]:
    """The same for a call from inside the house: a replay, a judge, a job."""
    hold = await _hold(work, envelope or Envelope(), demand)
    try:
        yield hold
    finally:
        hold.release()


def require_model(work: Work, names: Sequence[str]) -> None:
    """Refuse a model that the key may not call, under any of its names."""
    allowed = work.actor.terms.allowed_models
    if allowed and not any(fnmatchcase(name, pattern) for pattern in allowed for name in names):
        raise ModelNotAllowed(
            f"The key `{work.actor.name}` may not call `{names[0]}`, only {', '.join(f'`{one}`' for one in allowed)}. "
            "Call one of these, or let the key do more with `quarterdeck keys change`.",
            param="model",
        )


def require_passthrough(work: Work) -> None:
    """Refuse a key that was kept from calling providers past every translation."""
    if not work.actor.terms.passthrough:
        raise PassthroughNotAllowed(
            f"The key `{work.actor.name}` may not use `/passthrough`. Call the model by one of the other paths, or let the "
            "key do more with `quarterdeck keys change --passthrough`."
        )


async def _hold(work: Work, envelope: Envelope, demand: Demand) -> Hold:
    if work.actor.terms.allowed_models and not isinstance(demand.target, Errand):
        # An alias is allowed as such; of models that a client lists itself, each must be.
        for names in _each(demand):
            require_model(work, names)
    limiter = work.part(Limiter)
    rules = limiter.rules_of(work.project_id)
    if rules is None:
        return NOTHING_HELD
    averages = work.part(Averages)
    asking = _asking(work, envelope, demand)
    thrifty = False
    try:
        grant = await limiter.reserve(rules, asking, lambda: _needs(work, demand, averages))
    except LimitReached as error:
        target = demand.target
        if error.kind != "insufficient_quota" or not isinstance(target, Selection) or not target.fallbacks["budget"]:
            raise
        cheaper, thrifty = replace(demand, target=target.within_budget()), True
        grant = await limiter.reserve(rules, asking, lambda: _needs(work, cheaper, averages))
    return NOTHING_HELD if grant is None else Hold(grant, averages, demand.names[0], thrifty=thrifty)


def _asking(work: Work, envelope: Envelope, demand: Demand) -> Asking:
    actor = work.actor
    tags = envelope.tags if not actor.terms.tags else tuple(dict.fromkeys((*actor.terms.tags, *envelope.tags)))
    is_app = isinstance(demand.target, Application | Replayed)
    # Which model answers for an alias is not known yet: each attempt asks the limits of its own.
    is_open = isinstance(demand.target, Selection)
    return Asking(
        work.project_id,
        key_id=actor.id,
        team=actor.terms.team_name,
        user=envelope.user_id,
        tags=tags,
        models=() if is_app or is_open else demand.names,
        app=demand.names[0] if is_app else None,
    )


def _each(demand: Demand) -> Sequence[Sequence[str]]:
    if not isinstance(demand.target, Selection):
        return (demand.names,)
    return [(name, name.partition("/")[2] or name) for name in demand.target.names]


def _needs(work: Work, demand: Demand, averages: Averages) -> Needs:
    target = demand.target
    if isinstance(target, Application | Replayed):
        return needs_of_app(demand.input_bytes, demand.most_output_tokens, averages, target.name)
    if isinstance(target, Errand):
        return Needs(cost_pico=target.cost_pico)
    prices, now = work.part(Prices), clock.now()
    # Of an alias, the dearest model that may answer.
    routes = [one.route for one in target.everybody()] if isinstance(target, Selection) else [target]
    possible = [
        needs_of_model(
            demand.input_bytes,
            demand.most_output_tokens,
            averages,
            target.id,
            prices.rates(route.provider.account, route.model, now),
        )
        for route in routes
    ]
    return max(possible, key=lambda needs: needs.cost_pico)


def _taken(spans: Sequence[Span]) -> Needs:
    return Needs(
        sum(span.input_tokens or 0 for span in spans if not span.cached),
        sum(span.output_tokens or 0 for span in spans if not span.cached),
        sum(span.cost_pico or 0 for span in spans),
    )
