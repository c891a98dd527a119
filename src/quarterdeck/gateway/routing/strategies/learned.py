"""`learned`: the cheaper model where a trained router expects it to do, the stronger one where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.routing.learned.choosing import LearnedRouters
from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, Question, Strategy
from quarterdeck.runtime.runtime import Runtime


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    router: str = ""
    """The learned router, by name: it chooses between two of the plan's targets."""


class Learned(Strategy):
    """Ranks the router's choice first, its other model next, and everybody else after them.

    Where the router is off, or cannot say, its strong model comes first: the promise is about that model's quality. Where
    there is no such router, or its models are not among the candidates, the plan's order stands.
    """

    name: ClassVar[str] = "learned"
    about: ClassVar[str] = "A trained router's choice between a cheap and a strong model, under a promise of quality."

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self._router = self.options(_Options).router
        if not self._router:
            raise InvalidInput("The strategy `learned` needs `options.router`: the name of a router.", param="options")

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        routers, notes = self.runtime.part(LearnedRouters), question.notes
        ready = routers.find(question.work.project_id, self._router)
        notes["quarterdeck.route.router"] = self._router
        text = _text(question)
        if ready is None or text is None or not {ready.weak, ready.strong} <= {one.route.id for one in candidates}:
            notes["quarterdeck.route.router_says"] = "untrained" if ready is None else "nothing to choose"
            return candidates
        prediction = await routers.predict(ready, text)
        notes["quarterdeck.route.router_says"] = prediction.reason
        notes["quarterdeck.route.gain"] = prediction.gain
        places = {ready.weak: 1, ready.strong: 1} | {prediction.target: 0}
        return sorted(candidates, key=lambda one: places.get(one.route.id, 2))


def _text(question: Question) -> str | None:
    """What the router was trained on: the words of the last user message."""
    messages = [] if question.request is None else question.request.messages
    return next((text for message in reversed(messages) if message.role == "user" and (text := message.text())), None)
