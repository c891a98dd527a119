"""OpenAI's endpoints that are no conversations: moderations, speech, transcripts, translations and images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway import llm_span
from quarterdeck.gateway.admitting import Demand, admitted
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange, Header
from quarterdeck.gateway.guarding.guard import Guarding
from quarterdeck.gateway.passing.asked import Asked, MediaRequest, read_asked
from quarterdeck.gateway.passing.relaying import Passage, relay
from quarterdeck.gateway.passing.sending import send
from quarterdeck.gateway.passing.upload import Upload
from quarterdeck.gateway.passing.usage_told import Told
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.runtime.work import Work

_KEPT_HEADERS = ("content-type", "content-disposition")


def _as_told(told: Told, _request: MediaRequest) -> Usage | None:
    return told.usage


def _characters(told: Told, request: MediaRequest) -> Usage | None:
    """Speech is paid by the letter, and its sound tells nothing; as events it tells tokens."""
    if told.usage is not None or not isinstance(request.input, str):
        return told.usage
    return Usage(0, 0, units=(("character", len(request.input)),))


def _pictures(told: Told, _request: MediaRequest) -> Usage | None:
    """Whatever an image model writes is image; those that count no tokens are paid by the picture."""
    if told.usage is not None:
        return msgspec.structs.replace(told.usage, image_output_tokens=told.usage.output_tokens)
    return Usage(0, 0, units=(("image", told.items),)) if told.items else None


@dataclass(frozen=True, slots=True)
class Kind:
    """One of these endpoints."""

    operation: str
    measure: Callable[[Told, MediaRequest], Usage | None] = _as_told
    default_model: str | None = None
    costs: bool = True


KINDS: Mapping[str, Kind] = {
    # Judging is free where no usage is told, as with OpenAI.
    "/v1/moderations": Kind("moderation", default_model="omni-moderation-latest", costs=False),
    "/v1/audio/speech": Kind("speech", _characters),
    "/v1/audio/transcriptions": Kind("transcription"),
    "/v1/audio/translations": Kind("translation"),
    "/v1/images/generations": Kind("image", _pictures),
    "/v1/images/edits": Kind("image", _pictures),
    "/v1/images/variations": Kind("image", _pictures),
}


async def answer_media(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Answer one such request: forwarded as it is, with the model renamed, and counted."""
    kind = KINDS.get(exchange.path)
    if kind is None:
        raise NotFound(f"There is nothing at `{exchange.path}`.")
    with Upload(plane.runtime.settings.home) as upload:
        asked = await read_asked(exchange, upload, plane.max_body_bytes)
        request = asked.request
        envelope = read_envelope(exchange, request.user, request.metadata, request)
        named = envelope.model_for(request.model or kind.default_model or "")
        if not named:
            raise InvalidInput("`model` is missing.", param="model")
        route = plane.catalogue.route(work.project_id, named).first
        guarding = Guarding(plane, work, envelope, route)
        demand = Demand(route, asked.size, 0, named)
        async with admitted(plane, work, envelope, demand) as hold, guarding as guard:
            if guard is not None:
                work = guard.work
                await asked.guard(guard)
            exchange.watch()
            span = llm_span.start_operation(work, route, kind.operation, asked.words)

            def measure(told: Told) -> Usage | None:
                return kind.measure(told, request)

            passage = Passage(plane, exchange, work, route, hold, guard, span, measure, kind.costs)
            try:
                await _forward(passage, asked)
            except BaseException as error:
                passage.fail(error)
                raise


async def _forward(passage: Passage, asked: Asked) -> None:
    exchange, route = passage.exchange, passage.route
    provider, path = route.provider, exchange.path.removeprefix("/v1")
    if not isinstance(provider, WireProvider):
        raise InvalidInput(f"`{provider.account.name}` has no `{path}`.", param="model")
    address, their_name = provider.place(path, route.model)
    kind = {"content-type": exchange.header(b"content-type") or "application/json"}
    provider.enter()
    try:
        passed = await send(provider, "POST", address, asked.body_for(their_name), kind)
        try:
            if passed.status != 200:
                said = passed.reply.masked(await passed.reply.read())
                raise refusal(provider.account.name, passed.status, passed.headers, said)
            await relay(passage, passed, _headers(route, passed.headers))
        finally:
            passed.reply.close()
    finally:
        provider.leave()


def _headers(route: Route, headers: Mapping[str, str]) -> list[Header]:
    said = [(name.encode(), headers[name].encode("latin-1")) for name in _KEPT_HEADERS if name in headers]
    return [*said, (b"x-quarterdeck-model", route.id.encode())]
