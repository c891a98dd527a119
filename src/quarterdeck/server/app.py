"""The one ASGI application: the data plane first and bare, then the control API, then the UI."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck import __version__
from quarterdeck.access import routes as access_routes
from quarterdeck.core import ids
from quarterdeck.core.errors import TooLarge
from quarterdeck.prompts import routes as prompts_routes
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server import errors, health
from quarterdeck.server.ui import Ui

log = logging.getLogger(__name__)

ROOMS: tuple[APIRouter, ...] = (access_routes.router, prompts_routes.router)
"""The control API of all rooms: what is not listed here is not served."""

_CONTROL_PATHS = ("/api/", "/v1/", "/healthz", "/readyz")


class Application:
    """Sends each request where it belongs, gives it an id, and answers for mistakes that nobody caught."""

    def __init__(self, runtime: Runtime) -> None:
        self._data_plane: ASGIApp | None = None
        self._data_plane_paths: frozenset[str] = frozenset()
        self._control = control_api()
        self._control.state.runtime = runtime
        self._ui = Ui()
        self._largest_body = runtime.settings.max_body_mb * 1024 * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if self._data_plane is not None and path in self._data_plane_paths:
            await self._data_plane(scope, receive, send)
        elif path.startswith(_CONTROL_PATHS):
            await self._answer(self._control, scope, receive, send)
        else:
            await self._answer(self._ui, scope, receive, send)

    async def _answer(self, app: ASGIApp, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request_id = scope["quarterdeck.request_id"] = ids.new_id("req")
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        if _announced_size(scope) > self._largest_body:
            too_large = TooLarge(f"The body is larger than {self._largest_body // 2**20} MB, the most accepted here.")
            await errors.render(too_large, request_id)(scope, receive, send_with_id)
            return
        try:
            await app(scope, receive, send_with_id)
        except Exception:
            log.exception("%s %s failed (%s)", scope["method"], scope["path"], request_id)
            if not started:
                await errors.unexpected_error(request_id)(scope, receive, send_with_id)


def control_api() -> FastAPI:
    """The control API of all rooms. It can describe itself without any live objects."""
    app = FastAPI(
        title="Quarterdeck",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
    )
    for router in ROOMS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(health.router)
    errors.add_error_handlers(app)
    return app


def _announced_size(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
    return 0
