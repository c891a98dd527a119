"""`/passthrough/{provider}/…`: whatever a provider offers, with our credential, past every translation and still counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import llm_span
from quarterdeck.gateway.admitting import Demand, admitted, require_model, require_passthrough
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.guarding.guard import ContentPolicyViolation, Guarding, RequestGuard
from quarterdeck.gateway.passing.asked import FORM
from quarterdeck.gateway.passing.crossing import headers_for_client, headers_for_provider
from quarterdeck.gateway.passing.form import read_form
from quarterdeck.gateway.passing.relaying import Passage, relay
from quarterdeck.gateway.passing.sending import Parcel, send
from quarterdeck.gateway.passing.upload import Upload
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.provider import Provider
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.runtime.work import Work

PATH = "/passthrough/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_NO_MODEL = "passthrough"
"""What stands for the model where a request names none: `openai/passthrough`."""
_MODEL_IN_PATH = re.compile(r"/(?:model/(?P<bedrock>[^/]+)/|models/(?P<google>[^/:?]+)|deployments/(?P<azure>[^/]+))")
_BAD_BYTES = re.compile(rb"[\x00-\x20\x7f\\#?]")
_RECORDED = 64 * 1024


class _Named(msgspec.Struct):
    model: str | None = None


async def answer_passthrough(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Answer one such request."""
    require_passthrough(work)
    provider, path = _place(plane, exchange, work)
    with Upload(plane.runtime.settings.home) as upload:
        body = await _body(exchange, upload, plane.max_body_bytes)
        models = [*_models_in_path(path), *await _models_in_body(exchange, body, upload)]
        route = Route(provider, models[0] if models else _NO_MODEL)
        for model in models[1:]:
            # A second name must not open what the first one hides.
            require_model(work, (f"{provider.account.name}/{model}", model))
        envelope = read_envelope(exchange)
        guarding = Guarding(plane, work, envelope, route)
        demand = Demand(route, len(body) if isinstance(body, bytes) else 0)
        async with admitted(plane, work, envelope, demand) as hold, guarding as guard:
            if guard is not None:
                work = guard.work
                body = await _guarded(guard, body)
            exchange.watch()
            span = llm_span.start_operation(work, route, "passthrough", _recorded(exchange, path, body))
            # What lists, fetches or deletes costs nothing; what asks a model and tells no usage is an open bill.
            costs = bool(models) and exchange.method == "POST"
            passage = Passage(plane, exchange, work, route, hold, guard, span, lambda told: told.usage, costs)
            try:
                await _forward(passage, path, body)
            except BaseException as error:
                passage.fail(error)
                raise


async def _forward(passage: Passage, path: str, body: bytes | Parcel | None) -> None:
    exchange, provider = passage.exchange, passage.route.provider
    signed = None if isinstance(body, Parcel) else body or b""
    address = await provider.address(exchange.method, path, _query(exchange), signed)
    provider.enter()
    try:
        passed = await send(provider, exchange.method, address, body, headers_for_provider(exchange))
        try:
            said = None
            if passed.status >= 400:
                said = passed.reply.masked(await passed.reply.read())
            await relay(passage, passed, headers_for_client(passed.headers), said)
        finally:
            passed.reply.close()
    finally:
        provider.leave()


def _place(plane: Plane, exchange: Exchange, work: Work) -> tuple[Provider, str]:
    """The provider, and the path below it as it was on the wire."""
    raw = exchange.raw_path.removeprefix(PATH.encode())
    name, slash, rest = raw.partition(b"/")
    providers = plane.catalogue.providers(work.project_id)
    provider = providers.get(unquote(name.decode("latin-1")))
    if provider is None:
        raise NotFound(f"No provider is called `{unquote(name.decode('latin-1'))}`. There are: {sorted(providers)}.")
    _require_below(rest)
    return provider, f"/{rest.decode('ascii', errors='replace')}" if slash else ""


def _require_below(path: bytes) -> None:
    """Refuse a path that might mean another place than it says: it stays below the provider's base URL."""
    once = unquote_to_bytes(path)
    for written in (path, once, unquote_to_bytes(once)):
        if any(segment in (b".", b"..") for segment in re.split(rb"[/\\]", written)):
            raise InvalidInput("The path may have no `.` and no `..` in it.")
    if _BAD_BYTES.search(path) or not path.isascii() or re.search(rb"[\x00-\x1f\x7f\\]", once):
        raise InvalidInput("The path has characters that must be percent-encoded, or may not be there at all.")


def _query(exchange: Exchange) -> str:
    """The query without our own key, which stands there with Gemini's clients."""
    parts = exchange.query.decode("ascii", errors="replace").split("&")
    return "&".join(part for part in parts if part and unquote(part.partition("=")[0]) != "key")


async def _body(exchange: Exchange, upload: Upload, limit: int) -> bytes | Parcel | None:
    """JSON in memory, as with chats; everything else in a file, so that memory stays bounded."""
    kind = exchange.header(b"content-type") or ""
    if not kind or "json" in kind.lower():
        return await exchange.body(limit) or None
    await upload.take(exchange, limit)
    return Parcel(upload.size, upload.pieces)


def _models_in_path(path: str) -> Iterator[str]:
    for found in _MODEL_IN_PATH.finditer(path):
        yield unquote(next(name for name in found.groups() if name))


async def _models_in_body(exchange: Exchange, body: bytes | Parcel | None, upload: Upload) -> list[str]:
    if isinstance(body, bytes):
        try:
            model = msgspec.json.decode(body, type=_Named).model
        except UNREADABLE:
            return []
        return [model] if model else []
    kind = exchange.header(b"content-type") or ""
    if body is not None and kind.lower().startswith(FORM):
        model = (await read_form(upload, kind)).fields.get("model")
        return [model] if model else []
    return []


async def _guarded(guard: RequestGuard, body: bytes | Parcel | None) -> bytes | Parcel | None:
    """Guardrails see the whole JSON as one text: here nobody knows what in it are words."""
    if not isinstance(body, bytes):
        return body
    text = body.decode(errors="replace")
    (written,) = await guard.admit_texts([text])
    if written == text:
        return body
    try:
        msgspec.json.decode(written, type=msgspec.Raw)
    except UNREADABLE as error:
        raise ContentPolicyViolation() from error
    return written.encode()


def _recorded(exchange: Exchange, path: str, body: bytes | Parcel | None) -> Attribute:
    said: dict[str, Attribute] = {"method": exchange.method, "path": path}
    if isinstance(body, Parcel):
        said["bytes"] = body.size
    elif body is not None and len(body) > _RECORDED:
        said["bytes"] = len(body)
    elif body is not None:
        try:
            said["body"] = msgspec.json.decode(body)
        except UNREADABLE:
            said["body"] = body.decode(errors="replace")
    return said
