"""What a client wishes for one request that the plan of its model does not say: retries, fallbacks, an end in time."""

from __future__ import annotations

from quarterdeck.gateway.application import Application
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.route import Route
from quarterdeck.runtime.work import Work


def as_wished(catalogue: Catalogue, work: Work, target: Application | Route, envelope: Envelope) -> Application | Route:
    """The target, to be tried as often as the client wishes. An app has fallbacks of its own."""
    return target if isinstance(target, Application) else wished_route(catalogue, work, target, envelope)


def wished_route(catalogue: Catalogue, work: Work, route: Route, envelope: Envelope) -> Route:
    """The route, to be tried as often as the client wishes; nearly all requests wish nothing."""
    if (
        not envelope.fallbacks
        and envelope.retries is None
        and envelope.timeout_s is None
        and envelope.stream_timeout_s is None
    ):
        return route
    return catalogue.with_wishes(work.project_id, route, envelope.fallbacks)
