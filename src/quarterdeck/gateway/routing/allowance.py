"""What the limits of one model still allow: looked at for each attempt, since an alias may end at any of its models.

Limits of the key, the team, the user, the tags and the project are those of the request, and looked at where it comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.access.limits.limiter import Grant, Limiter
from quarterdeck.access.limits.records import Subject
from quarterdeck.access.limits.rulebook import Asking, Needs
from quarterdeck.core import clock
from quarterdeck.gateway.estimating import Averages, needs_of_model
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.strategy import Question
from quarterdeck.runtime.tracing import ActiveSpan


@dataclass(frozen=True, slots=True)
class _AskingForModel(Asking):
    def of(self, subject: Subject) -> Sequence[str]:
        return self.models if subject == "model" else ()


async def reserve(question: Question, alias: str, route: Route) -> Grant | None:
    """Hold what one attempt may need of its model's limits, or refuse it; None when no limit concerns it."""
    work = question.work
    limiter = work.part(Limiter)
    rules = limiter.rules_of(work.project_id)
    if rules is None:
        return None
    names = tuple(dict.fromkeys((route.id, route.model, alias)))
    return await limiter.reserve(rules, _AskingForModel(work.project_id, models=names), lambda: _needs(question, route))


def settle(grant: Grant, span: ActiveSpan | None) -> None:
    """Say what an attempt has used, by its span."""
    if span is not None:
        used = (span.fields.get(name) for name in ("input_tokens", "output_tokens", "cost_pico"))
        tokens_in, tokens_out, cost = (value if isinstance(value, int) else 0 for value in used)
        grant.settle(Needs(tokens_in, tokens_out, cost))
    grant.release()


def _needs(question: Question, route: Route) -> Needs:
    request, work = question.request, question.work
    most = 0 if request is None else request.max_completion_tokens or request.max_tokens
    rates = work.part(Prices).rates(route.provider.account, route.model, clock.now())
    return needs_of_model(question.input_tokens * 4, most, work.part(Averages), route.id, rates)
