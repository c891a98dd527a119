"""The only way into a route: who asks, and whether they may. Each answers with the `Work` that verbs take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from quarterdeck.access.keyring import Keyring
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Scope, Work


def runtime_of(request: Request) -> Runtime:
    """The live objects behind a request; for the few routes that answer strangers (logging in)."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def _requires(scope: Scope) -> Callable[[Request], Work]:
    async def work(request: Request) -> Work:
        runtime = runtime_of(request)
        actor = runtime.part(Keyring).authenticate(request.method, request.headers.raw)
        actor.require(scope)
        return Work(runtime=runtime, actor=actor, request_id=request.scope.get("quarterdeck.request_id"))

    return work  # type: ignore[return-value]  # FastAPI awaits it


async def _anyone_known(request: Request) -> Work:
    runtime = runtime_of(request)
    actor = runtime.part(Keyring).authenticate(request.method, request.headers.raw)
    return Work(runtime=runtime, actor=actor, request_id=request.scope.get("quarterdeck.request_id"))


CanEnter = Annotated[Work, Depends(_anyone_known)]
"""Any valid credential."""
CanCall = Annotated[Work, Depends(_requires("gateway"))]
"""May call models and send spans."""
CanRead = Annotated[Work, Depends(_requires("read"))]
"""May see what is there."""
CanWrite = Annotated[Work, Depends(_requires("write"))]
"""May change it."""
CanAdmin = Annotated[Work, Depends(_requires("admin"))]
"""May manage keys, providers and people."""
