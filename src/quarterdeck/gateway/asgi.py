"""The data plane: raw ASGI for `/v1/chat/completions`, `/v1/embeddings` and `/v1/models`. No framework on the hot path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from quarterdeck.core.errors import NotFound, QuarterdeckError
from quarterdeck.gateway import model_list, refusals
from quarterdeck.gateway.chat import answer_chat
from quarterdeck.gateway.embeddings import answer_embedding
from quarterdeck.gateway.exchange import Exchange, Receive, Scope, Send
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

Endpoint = Callable[[Plane, Exchange, Work], Awaitable[None]]
_MODELS = "/v1/models"


class MethodNotAllowed(QuarterdeckError):
    """This path takes another method."""

    status = 405
    kind = "invalid_request_error"


class DataPlane(Plane):
    """Answers data-plane requests."""

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path belongs to the data plane."""
        return path in _ENDPOINTS or path == _MODELS or path.startswith(_MODELS + "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        exchange = Exchange(scope, receive, send, stall_limit_s=self.stall_limit_s)
        work: Work | None = None
        try:
            actor = self.keyring.authenticate(exchange.method, scope["headers"])
            actor.require("gateway")
            work = Work(runtime=self.runtime, actor=actor, trace=exchange.trace(), request_id=exchange.request_id)
            with self.admission.one_more():
                await _endpoint(exchange)(self, exchange, work)
        except asyncio.CancelledError:
            if not exchange.client_gone:
                raise
        except QuarterdeckError as error:
            await _refuse(exchange, work, error)
        except Exception:
            log.exception("request %s failed", exchange.request_id)
            await _refuse(exchange, work, QuarterdeckError())
        finally:
            exchange.close()


async def _answer_models(_plane: Plane, exchange: Exchange, work: Work) -> None:
    if exchange.path == _MODELS:
        found = model_list.list_models(work)
    else:
        found = model_list.one_model(work, exchange.path.removeprefix(_MODELS + "/"))
    headers = [refusals.JSON, *headers_of_request(exchange, work)]
    await exchange.answer(200, headers, msgspec.json.encode(found))


def _endpoint(exchange: Exchange) -> Endpoint:
    method, endpoint = _ENDPOINTS.get(exchange.path, ("GET", _answer_models))
    if not DataPlane.serves(exchange.path):
        raise NotFound(f"There is nothing at `{exchange.path}`.")
    if exchange.method != method and not (method == "GET" and exchange.method == "HEAD"):
        raise MethodNotAllowed(f"`{exchange.path}` takes {method}, not {exchange.method}.")
    return endpoint


async def _refuse(exchange: Exchange, work: Work | None, error: QuarterdeckError) -> None:
    if exchange.client_gone:
        return
    if exchange.responding:
        # The status is out. A connection that just ends tells the client that the answer is not whole.
        log.warning("request %s broke off: %s", exchange.request_id, error.message)
        await exchange.end_stream(refusals.event_of(error, exchange.request_id))
        return
    headers = refusals.headers_of(error)
    headers += [(b"x-request-id", exchange.request_id.encode())] if work is None else headers_of_request(exchange, work)
    await exchange.answer(error.status, headers, refusals.body_of(error, exchange.request_id))


_ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "/v1/chat/completions": ("POST", answer_chat),
    "/v1/embeddings": ("POST", answer_embedding),
}
