"""Which models a client may call: apps first, then every model that is known by name; in OpenAI's shape, Anthropic's or Google's."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec

from quarterdeck.core.errors import InvalidInput, ModelNotFound
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
    found = list_models(work)
    if _speaks_anthropic(exchange):
        found = _page(found, exchange.query)
    elif _speaks_google(exchange):
        found = {"models": [in_googles_words(entry) for entry in found["data"]]}
    await _answer(exchange, work, found)


async def answer_one(_plane: Plane, exchange: Exchange, work: Work) -> None:
    """`GET /v1/models/{name}`."""
    found = one_model(work, exchange.path.removeprefix("/v1/models/"))
    if _speaks_anthropic(exchange):
        found = _in_anthropics_words(found)
    elif _speaks_google(exchange):
        found = in_googles_words(found)
    await _answer(exchange, work, found)


def list_models(work: Work) -> dict[str, Any]:  # Any: JSON, here and below
    """Everything that can be called, from memory."""
    apps = [_entry(name, "quarterdeck") for name in work.part(Applications).names(work.project_id)]
    routes = [
        _entry(route.id, route.provider.account.name) for route, _ in work.part(Catalogue).routes(work.project_id)
    ]
    aliases = [_entry(name, "quarterdeck") for name in work.part(Catalogue).aliases(work.project_id)]
    return {"object": "list", "data": apps + aliases + routes}


def one_model(work: Work, name: str) -> dict[str, Any]:
    """Whatever can be called by this name."""
    target = work.part(Catalogue).find(work.project_id, name)
    if isinstance(target, Application):
        return _entry(target.name, "quarterdeck")
    if not name:
        raise ModelNotFound("Name a model: GET /v1/models/{id}.")
    return _entry(target.id, "quarterdeck" if isinstance(target, Selection) else target.provider.account.name)


async def _answer(exchange: Exchange, work: Work, found: dict[str, Any]) -> None:
    headers = [refusals.JSON, *headers_of_request(exchange, work)]
    await exchange.answer(200, headers, msgspec.json.encode(found))


def _entry(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}


def _speaks_anthropic(exchange: Exchange) -> bool:
    # Their clients always say which version of the API they mean.
    return b"anthropic-version" in exchange.headers


def _speaks_google(exchange: Exchange) -> bool:
    # Their SDKs ask `/v1` as well as `/v1beta`, and bring the key in a header that nobody else uses.
    return b"x-goog-api-key" in exchange.headers


def in_googles_words(entry: dict[str, Any]) -> dict[str, Any]:
    """A model as Google's clients know one."""
    embeds = "embed" in entry["id"]
    methods = (
        ["embedContent", "batchEmbedContents"]
        if embeds
        else ["generateContent", "streamGenerateContent", "countTokens"]
    )
    return {"name": f"models/{entry['id']}", "displayName": entry["id"], "supportedGenerationMethods": methods}


def _in_anthropics_words(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "model", "id": entry["id"], "display_name": entry["id"], "created_at": _LONG_AGO}


def _page(found: dict[str, Any], query: bytes) -> dict[str, Any]:
    """A page of the list; `after_id` and `before_id` name the neighbour that is on another one."""
    asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
    entries = [_in_anthropics_words(entry) for entry in found["data"]]
    limit = asked.get("limit", str(_USUAL_PAGE))
    if not limit.isdigit() or not 1 <= int(limit) <= _LARGEST_PAGE:
        raise InvalidInput(f"`limit` is a number from 1 to {_LARGEST_PAGE}.", param="limit")
    places = {entry["id"]: place for place, entry in enumerate(entries)}
    if "before_id" in asked:
        end = places.get(asked["before_id"], 0)
        start = max(0, end - int(limit))
        more = start > 0
    else:
        start = places.get(asked.get("after_id", ""), -1) + 1
        end = start + int(limit)
        more = end < len(entries)
    page = entries[start:end]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return {"data": page, "has_more": more, **ends}


_LONG_AGO = "1970-01-01T00:00:00Z"
"""What Anthropic says of a model whose release is unknown."""
_USUAL_PAGE, _LARGEST_PAGE = 20, 1000
