"""The data plane: raw ASGI before every endpoint of `endpoints.py`. No framework on the hot path."""

from __future__ import annotations

import asyncio
import logging

from quarterdeck.core.errors import NotFound, QuarterdeckError
from quarterdeck.gateway import refusals
from quarterdeck.gateway.dialect import error_dialect_at
from quarterdeck.gateway.endpoint import Endpoint
from quarterdeck.gateway.endpoints import endpoint_at
from quarterdeck.gateway.exchange import Exchange, Receive, Scope, Send
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.gateway.repeats import HEADER
from quarterdeck.runtime.work import Actor, Work

log = logging.getLogger(__name__)


_WITH_NAMES = ("/v1/models/", "/v1beta/", "/v1/files/", "/v1/batches/", "/v1/responses/", "/mcp/", "/passthrough/")


class MethodNotAllowed(QuarterdeckError):
    """This path takes another method."""

    status = 405
    kind = "invalid_request_error"


class DataPlane(Plane):
    """Answers data-plane requests."""

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path belongs to the data plane."""
        return endpoint_at(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        exchange = Exchange(scope, receive, send, stall_limit_s=self.stall_limit_s)
        work: Work | None = None
        try:
            # Calls from inside the house (a line of a batch) are for somebody who has shown a key before.
            actor: Actor | None = scope.get("quarterdeck.actor")
            if actor is None:
                actor = self.keyring.authenticate(exchange.method, exchange.credentials(), exchange.peer)
            actor.require("gateway")
            if HEADER in exchange.headers and exchange.method == "POST":
                await self.repeats.answer(self, scope, exchange, actor, send, self.max_body_bytes)
                return
            work = Work(runtime=self.runtime, actor=actor, trace=exchange.trace(), request_id=exchange.request_id)
            with self.admission.one_more():
                await _endpoint(exchange).answer(self, exchange, work)
        except asyncio.CancelledError:
            if not exchange.client_gone:
                raise
        except QuarterdeckError as error:
            await _refuse(exchange, work, error)
        except Exception:
            log.exception("request %s failed", exchange.request_id)
            await _refuse(exchange, work, QuarterdeckError())
        finally:
            self.traffic.answered(_counted(exchange.path), 499 if exchange.client_gone else exchange.status)
            exchange.close()


def _counted(path: str) -> str:
    """The path as it is counted: ids, names and whatever strangers make up left out."""
    for start in _WITH_NAMES:
        if path.startswith(start):
            return start + "…"
    return path if endpoint_at(path) is not None else "other"


def _endpoint(exchange: Exchange) -> Endpoint:
    endpoint = endpoint_at(exchange.path)
    if endpoint is None:
        raise NotFound(f"There is nothing at `{exchange.path}`.")
    if exchange.method not in endpoint.methods:
        raise MethodNotAllowed(f"`{exchange.path}` takes {' or '.join(endpoint.methods)}, not {exchange.method}.")
    return endpoint


async def _refuse(exchange: Exchange, work: Work | None, error: QuarterdeckError) -> None:
    if exchange.client_gone:
        return
    dialect = error_dialect_at(exchange.path)
    if exchange.responding:
        # The status is out. A connection that just ends tells the client that the answer is not whole.
        log.warning("request %s broke off: %s", exchange.request_id, error.message)
        if not exchange.tells_events:
            return
        say = refusals.event_of if dialect is None else dialect.error_event
        await exchange.end_stream(say(error, exchange.request_id))
        return
    headers = refusals.headers_of(error)
    headers += [(b"x-request-id", exchange.request_id.encode())] if work is None else headers_of_request(exchange, work)
    headers += [] if dialect is None else dialect.headers(exchange.request_id)
    body_of = refusals.body_of if dialect is None else dialect.error_body
    await exchange.answer(error.status, headers, body_of(error, exchange.request_id))
