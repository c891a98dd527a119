"""A request as one target gets it: with that target's parameters, where the client has said nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.parsing import with_fields, without_fields

_NOT_PARAMETERS = {"model", "messages", "stream", "input", "contents"}


def with_parameters(asked: Asked, parameters: Mapping[str, Any]) -> Asked:  # Any: JSON
    """The request and its body with a target's parameters."""
    if not parameters:
        return asked
    there = msgspec.json.decode(asked.body, type=dict[str, msgspec.Raw])
    added = {name: value for name, value in parameters.items() if value is not None and name not in there}
    removed = [name for name, value in parameters.items() if value is None and name in there]
    body = with_fields(asked.body, **added) if added else asked.body
    body = without_fields(body, removed) if removed else body
    return replace(asked, body=body, request=with_defaults(asked.request, parameters))


def with_defaults(request: ChatRequest, parameters: Mapping[str, Any]) -> ChatRequest:  # Any: JSON
    """A request made in the house with a target's parameters; what only the provider knows is left out."""
    if not parameters:
        return request
    changed = {
        name: value
        for name, value in parameters.items()
        if name in ChatRequest.__struct_fields__ and (value is None or getattr(request, name) is None)
    }
    return msgspec.structs.replace(request, **changed)


def require_parameters(parameters: Mapping[str, Any]) -> None:  # Any: JSON
    """Refuse parameters that would make another request of it, or that have the wrong type."""
    for name in sorted(_NOT_PARAMETERS.intersection(parameters)):
        raise InvalidInput(f"`{name}` is what the client asks, and no parameter of a target.", param="parameters")
    try:
        msgspec.convert({"model": "m", "messages": [], **parameters}, ChatRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"`parameters` of a target: {error}.", param="parameters") from error
