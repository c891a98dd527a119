"""Makes of a plan what requests need: routes looked up, the strategy made, fallbacks followed to their ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from quarterdeck.core.errors import InvalidInput, QuarterdeckError
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.health import HealthBook
from quarterdeck.gateway.routing.parameters import require_parameters
from quarterdeck.gateway.routing.records import FAILURE_KINDS, FailureKind, Plan, Target, Timeouts
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.gateway.routing.strategy import Candidate, strategy_of
from quarterdeck.runtime.runtime import Runtime

MOST_TARGETS = 50
MOST_RETRIES = 10
_DEEPEST = 5

FindRoute = Callable[[str], Route]
"""The model of a name, without aliases; raises `ModelNotFound`."""
FindPlan = Callable[[str], Plan | None]
"""The plan of an alias; None when there is none of the name."""


class Compiler:
    """Compiles the plans of one project."""

    def __init__(self, runtime: Runtime, project_id: str, health: HealthBook, route: FindRoute, plan: FindPlan) -> None:
        self._runtime = runtime
        self._project_id = project_id
        self._health = health
        self._route = route
        self._plan = plan

    def selection(self, name: str, plan: Plan, asked: Sequence[str] | None = None) -> Selection:
        """The plan of an alias, ready for requests; raises what is wrong with it."""
        require_sound(plan)
        candidates = tuple(self._candidate(target) for target in plan.targets)
        fallbacks: dict[FailureKind, tuple[Candidate, ...]] = {
            kind: tuple(one for model in plan.fallbacks.of(kind) for one in self._followed(model, {name}))
            for kind in FAILURE_KINDS
        }
        first = candidates[0].route
        everybody = [*candidates, *(one for ones in fallbacks.values() for one in ones)]
        identities = sorted({(*one.route.identity, *map(str, one.target.parameters.items())) for one in everybody})
        return Selection(
            provider=first.provider,
            model=first.model,
            name=name,
            asked=tuple(asked or (name,)),
            plan=plan,
            strategy=strategy_of(plan, self._runtime),
            candidates=candidates,
            fallbacks=fallbacks,
            shadow=self._route(plan.shadow.model) if plan.shadow is not None else None,
            digest=hashlib.sha256(msgspec.json.encode([identities, plan.strategy, plan.options])).hexdigest()[:16],
        )

    def _candidate(self, target: Target) -> Candidate:
        require_parameters(target.parameters)
        route = self._route(target.model)
        return Candidate(target, route, self._health.of(route.provider.account.project_id, route.id))

    def _followed(self, model: str, seen: set[str]) -> list[Candidate]:
        plan = self._plan(model)
        if plan is None or model in seen:
            return [self._candidate(Target(model))]
        if len(seen) >= _DEEPEST:
            raise InvalidInput(f"Fallbacks lead from alias to alias more than {_DEEPEST} times.", param="fallbacks")
        return [self._candidate(target) for target in plan.targets]


def require_sound(plan: Plan) -> None:
    """Refuse numbers that cannot be meant."""
    if not plan.targets:
        raise InvalidInput("`targets` is empty. Name at least one model, as `provider/model`.", param="targets")
    if len(plan.targets) > MOST_TARGETS:
        raise InvalidInput(f"`targets` has {len(plan.targets)} models; {MOST_TARGETS} are the most.", param="targets")
    for target in plan.targets:
        if not 0 <= target.weight < 1e6:
            raise InvalidInput(
                f"The weight of `{target.model}` is {target.weight}; it is a number from 0.", param="weight"
            )
    if not 0 <= plan.retries <= MOST_RETRIES:
        raise InvalidInput(f"`retries` is {plan.retries}; it is a number from 0 to {MOST_RETRIES}.", param="retries")
    if not 0 <= plan.longest_wait_s <= 300:
        raise InvalidInput("`longest_wait_s` is a number of seconds from 0 to 300.", param="longest_wait_s")
    for timeouts in (plan.timeouts, *(target.timeouts for target in plan.targets)):
        _require_times(timeouts)
    if plan.shadow is not None and not 0 < plan.shadow.share <= 1:
        raise InvalidInput("`shadow.share` is a part of the requests, above 0 and up to 1.", param="shadow")
    if plan.health_check is not None and not 1 <= plan.health_check.every_s <= 86_400:
        raise InvalidInput("`health_check.every_s` is a number of seconds from 1 to a day.", param="health_check")


def _require_times(timeouts: Timeouts | None) -> None:
    if timeouts is None:
        return
    said: Mapping[str, float | None] = {
        name: getattr(timeouts, name) for name in ("connect_s", "first_token_s", "idle_s", "total_s")
    }
    for name, value in said.items():
        if value is not None and not 0.01 <= value <= 86_400:
            raise InvalidInput(
                f"`timeouts.{name}` is {value}; it is a number of seconds up to a day.", param="timeouts"
            )


def why_broken(error: QuarterdeckError, name: str) -> str:
    """What to say of an alias that was sound when it was stored."""
    return f"The alias `{name}` cannot be used: {error.message}"
