"""Which models a client may call, in OpenAI's shape: apps first, then every model that is known by name."""

from __future__ import annotations

from quarterdeck.core.errors import ModelNotFound
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.runtime.work import Work


def list_models(work: Work) -> dict[str, object]:
    """`GET /v1/models`, from memory."""
    apps = [_entry(name, "quarterdeck") for name in work.part(Applications).names(work.project_id)]
    routes = [
        _entry(route.id, route.provider.account.name) for route, _ in work.part(Catalogue).routes(work.project_id)
    ]
    return {"object": "list", "data": apps + routes}


def one_model(work: Work, name: str) -> dict[str, object]:
    """`GET /v1/models/{name}`: whatever can be called by this name."""
    target = work.part(Catalogue).find(work.project_id, name)
    if isinstance(target, Application):
        return _entry(target.name, "quarterdeck")
    if not name:
        raise ModelNotFound("Name a model: GET /v1/models/{id}.")
    return _entry(target.id, target.provider.account.name)


def _entry(name: str, owner: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
