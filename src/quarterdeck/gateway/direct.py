"""The answer of one route: forwarded where its provider speaks the client's dialect, translated where it does not."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.forwarding import Forwarding
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.course import Attempt
from quarterdeck.gateway.speaking import answer_of_route
from quarterdeck.runtime.work import Work


def direct_answer(
    work: Work,
    route: Route,
    asked: Asked,
    dialect: Dialect,
    headers: Mapping[str, str] | None = None,
    attempt: Attempt | None = None,
) -> Answer:
    """An answer that has not been asked for yet. `headers` are those of the client's that belong to the conversation."""
    provider = route.provider
    if isinstance(provider, WireProvider) and provider.speaks(dialect.name, route.model) and not asked.rewritten:
        return Forwarding(work, route, provider, dialect, asked, headers, attempt)
    asked.require_translatable(route.id)
    return answer_of_route(work, route, asked.request, dialect, attempt)


def goes_untouched(route: Route, dialect: Dialect) -> bool:
    """Whether the bytes of a conversation in this dialect go through to the provider as they are."""
    return isinstance(route.provider, WireProvider) and route.provider.speaks(dialect.name, route.model)
