"""The only way into a route: who asks, and whether they may. Each answers with the `Work` that verbs take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from quarterdeck.access import browsers
from quarterdeck.access.keyring import Keyring
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Scope, Work

_FORWARDED = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"}


@dataclass(frozen=True)
class Visitor:
    """Someone who has shown no credential yet: all that logging in may know."""

    runtime: Runtime
    client: str
    """The address it calls from."""
    encrypted: bool


async def _stranger(request: Request) -> Visitor:
    runtime = _runtime(request)
    browsers.require_known_host(dict(request.headers.raw), runtime.settings.host)
    address = request.client.host if request.client is not None else "unknown"
    # Behind a proxy the address is the proxy's: whoever it is, it is nobody on this machine.
    client = f"proxy {address}" if _FORWARDED.intersection(request.headers) else address
    encrypted = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    return Visitor(runtime, client, encrypted)


async def _known(request: Request) -> Work:
    runtime = _runtime(request)
    peer = request.client.host if request.client is not None else None
    actor = runtime.part(Keyring).authenticate(request.method, request.headers.raw, peer)
    return Work(runtime=runtime, actor=actor, request_id=request.scope.get("quarterdeck.request_id"))


def _having(scope: Scope) -> Callable[[Request], Awaitable[Work]]:
    async def work_with_scope(request: Request) -> Work:
        work = await _known(request)
        work.actor.require(scope)
        return work

    return work_with_scope


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Stranger = Annotated[Visitor, Depends(_stranger)]
"""No credential at all: for logging in, and nothing else."""
CanEnter = Annotated[Work, Depends(_known)]
"""Any valid credential."""
CanCall = Annotated[Work, Depends(_having("gateway"))]
"""May call models and send spans."""
CanRead = Annotated[Work, Depends(_having("read"))]
"""May see what is there."""
CanWrite = Annotated[Work, Depends(_having("write"))]
"""May change it."""
CanAdmin = Annotated[Work, Depends(_having("admin"))]
"""May manage keys, providers and people."""
