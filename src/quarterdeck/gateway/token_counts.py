"""Counts the tokens of a request before it is made: `POST /v1/messages/count_tokens`."""

from __future__ import annotations

import msgspec

from quarterdeck.gateway import refusals
from quarterdeck.gateway.admitting import Demand, require_model
from quarterdeck.gateway.anthropic_asked import read_messages_request
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.compression.length import estimate
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.parsing import with_fields, without_fields
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.recorded import recorded
from quarterdeck.gateway.recording import accept, headers_of_request, note_who_asks
from quarterdeck.gateway.route import Route
from quarterdeck.runtime.work import Work

PATH = "/v1/messages/count_tokens"
_FORWARDED = (b"anthropic-version", b"anthropic-beta")


class _Counted(msgspec.Struct):
    input_tokens: int | None = None


async def answer_count(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Ask the provider, if it is Anthropic, which counts for free; estimate by length for everybody else."""
    body = await exchange.body(plane.max_body_bytes)
    request = read_messages_request(body, counting=True).request
    envelope = read_envelope(exchange, request.user, request.metadata, request)
    target = plane.catalogue.find(work.project_id, envelope.model_for(request.model))
    route = None if isinstance(target, Application) else target.first
    require_model(work, Demand(target, 0, model=request.model).names)
    note_who_asks(work, envelope)
    exchange.watch()
    headers = [refusals.JSON, *headers_of_request(exchange, work)]
    span = work.start(f"count_tokens {request.model}", "other")
    span.put(model=request.model, input=recorded(request.messages))
    try:
        if route is not None and isinstance(route.provider, WireProvider) and _counts(route.provider):
            ours = list(request.wishes())
            counted = await _asked(exchange, route, route.provider, without_fields(body, ours) if ours else body)
        else:
            headers.append((b"x-quarterdeck-estimated", b"true"))
            counted = msgspec.json.encode({"input_tokens": estimate(request)})
        # No tokens of the span's own: nothing was used, so nothing is to be paid.
        span.attributes["quarterdeck.counted_tokens"] = msgspec.json.decode(counted, type=_Counted).input_tokens
    except BaseException as error:
        span.fail(error)
        raise
    finally:
        span.end()
        accept(plane.recorder, work)
    await exchange.answer(200, headers, counted)


async def _asked(exchange: Exchange, route: Route, provider: WireProvider, body: bytes) -> bytes:
    sent = {name.decode(): value for name in _FORWARDED if (value := exchange.header(name)) is not None}
    reply = await provider.post("/messages/count_tokens", with_fields(body, model=route.model), sent)
    return await reply.read()


def _counts(provider: WireProvider) -> bool:
    return "anthropic-messages" in provider.dialects
