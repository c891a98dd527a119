"""Which models a client may call, in OpenAI's shape: apps first, then every model that is known by name."""

from __future__ import annotations

import msgspec

from quarterdeck.core.errors import ModelNotFound
from quarterdeck.gateway import refusals
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.runtime.work import Work


async def answer_list(_plane: Plane, exchange: Exchange, work: Work) -> None:
    """`GET /v1/models`."""
    await _answer(exchange, work, list_models(work))


async def answer_one(_plane: Plane, exchange: Exchange, work: Work) -> None:
    """`GET /v1/models/{name}`."""
    await _answer(exchange, work, one_model(work, exchange.path.removeprefix("/v1/models/")))


def list_models(work: Work) -> dict[str, object]:
    """Everything that can be called, from memory."""
    apps = [_entry(name, "quarterdeck") for name in work.part(Applications).names(work.project_id)]
    routes = [
        _entry(route.id, route.provider.account.name) for route, _ in work.part(Catalogue).routes(work.project_id)
    ]
    aliases = [_entry(name, "quarterdeck") for name in work.part(Catalogue).aliases(work.project_id)]
    return {"object": "list", "data": apps + aliases + routes}


def one_model(work: Work, name: str) -> dict[str, object]:
    """Whatever can be called by this name."""
    target = work.part(Catalogue).find(work.project_id, name)
    if isinstance(target, Application):
        return _entry(target.name, "quarterdeck")
    if not name:
        raise ModelNotFound("Name a model: GET /v1/models/{id}.")
    return _entry(target.id, "quarterdeck" if isinstance(target, Selection) else target.provider.account.name)


async def _answer(exchange: Exchange, work: Work, found: dict[str, object]) -> None:
    headers = [refusals.JSON, *headers_of_request(exchange, work)]
    await exchange.answer(200, headers, msgspec.json.encode(found))


def _entry(name: str, owner: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
