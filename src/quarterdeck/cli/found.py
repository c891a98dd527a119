"""Finds what a person means by `last` or by the start of an id."""

from __future__ import annotations

import re

from quarterdeck.cli.client import Client
from quarterdeck.cli.exits import WrongUse
from quarterdeck.core.errors import NotFound

_LOOKED_AT = 500
_WHOLE = 32


def trace_id(server: Client, meant: str) -> str:
    """The whole id of a trace."""
    if meant == "last":
        newest = server.get("/api/v1/traces", limit=1)["items"]
        if not newest:
            raise NotFound("There are no traces yet. `quarterdeck ask` makes one.")
        return str(newest[0]["trace_id"])
    if not re.fullmatch(r"[0-9a-f]+", meant):
        raise WrongUse(f"`{meant}` is no trace id. `quarterdeck traces` lists them; `last` is the newest.")
    if len(meant) == _WHOLE:
        return meant
    recent = [item["trace_id"] for item in server.get("/api/v1/traces", limit=_LOOKED_AT)["items"]]
    matches = [whole for whole in recent if whole.startswith(meant)]
    if not matches:
        raise NotFound(
            f"None of the newest {_LOOKED_AT} traces begins with `{meant}`. Give the whole id for an older one."
        )
    if len(matches) > 1:
        raise WrongUse(
            f"{len(matches)} traces begin with `{meant}`: {', '.join(f'`{match[:12]}`' for match in matches[:3])}…"
        )
    return str(matches[0])
