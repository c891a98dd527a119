"""Counts the tokens of a request before it is made: `POST /v1/messages/count_tokens`."""

from __future__ import annotations

import msgspec

from quarterdeck.gateway import refusals
from quarterdeck.gateway.anthropic_asked import read_messages_request
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.compression.length import estimate
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.parsing import with_fields
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.runtime.work import Work

PATH = "/v1/messages/count_tokens"
_FORWARDED = (b"anthropic-version", b"anthropic-beta")


async def answer_count(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Ask the provider, if it is Anthropic, which counts for free; estimate by length for everybody else."""
    body = await exchange.body(plane.max_body_bytes)
    asked = read_messages_request(body, counting=True)
    target = plane.catalogue.find(work.project_id, asked.request.model)
    exchange.watch()
    headers = [refusals.JSON, *headers_of_request(exchange, work)]
    if isinstance(target, Route) and isinstance(target.provider, WireProvider) and _counts(target.provider):
        sent = {name.decode(): value for name in _FORWARDED if (value := exchange.header(name)) is not None}
        reply = await target.provider.post("/messages/count_tokens", with_fields(body, model=target.model), sent)
        await exchange.answer(200, headers, await reply.read())
        return
    headers.append((b"x-quarterdeck-estimated", b"true"))
    await exchange.answer(200, headers, msgspec.json.encode({"input_tokens": estimate(asked.request)}))


def _counts(provider: WireProvider) -> bool:
    return "anthropic-messages" in provider.dialects
