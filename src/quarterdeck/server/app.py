"""The one ASGI application: the data plane first and bare, then the control API, then the UI."""

from __future__ import annotations

import logging

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck import __version__
from quarterdeck.access import routes as access_routes
from quarterdeck.access.limits import routes as limit_routes
from quarterdeck.access.teams import routes as team_routes
from quarterdeck.config.settings import Settings
from quarterdeck.core import ids
from quarterdeck.declared import routes as declared_routes
from quarterdeck.gateway import routes as gateway_routes
from quarterdeck.gateway.asgi import DataPlane
from quarterdeck.gateway.compression import routes as compression_routes
from quarterdeck.gateway.mcp import routes as mcp_routes
from quarterdeck.gateway.money import routes as money_routes
from quarterdeck.gateway.routing import routes as routing_routes
from quarterdeck.gateway.routing.learned import routes as router_routes
from quarterdeck.gateway.semantic import routes as semantic_routes
from quarterdeck.observability import routes as observability_routes
from quarterdeck.observability.spending import routes as spending_routes
from quarterdeck.orchestration import routes as orchestration_routes
from quarterdeck.prompts import routes as prompts_routes
from quarterdeck.retrieval import routes as retrieval_routes
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.safety import routes as safety_routes
from quarterdeck.server import errors, health, metrics
from quarterdeck.server.ui import Ui

log = logging.getLogger(__name__)

ROOMS: tuple[APIRouter, ...] = (
    access_routes.router,
    team_routes.router,
    limit_routes.router,
    gateway_routes.router,
    routing_routes.router,
    mcp_routes.router,
    semantic_routes.router,
    compression_routes.router,
    router_routes.router,
    money_routes.router,
    observability_routes.router,
    spending_routes.router,
    orchestration_routes.router,
    prompts_routes.router,
    retrieval_routes.router,
    safety_routes.router,
    declared_routes.router,
)
"""The control API of all rooms: what is not listed here is not served."""

_CONTROL_PATHS = ("/api/", "/v1/", "/healthz", "/readyz", "/metrics")


class Application:
    """Sends each request where it belongs, gives it an id, and answers for mistakes that nobody caught."""

    def __init__(self, runtime: Runtime) -> None:
        self._control = control_api(largest_body_mb=runtime.settings.max_body_mb)
        self._control.state.runtime = runtime
        self._ui = Ui()
        self._data_plane = DataPlane(runtime)
        self._largest_body_mb = runtime.settings.max_body_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if DataPlane.serves(scope["path"]):
            await self._data_plane(scope, receive, send)
        else:
            scope["quarterdeck.request_id"] = ids.new_id("req")
            await _answer(self._responsible(scope), scope, receive, send)

    def _responsible(self, scope: Scope) -> ASGIApp:
        if not scope["path"].startswith(_CONTROL_PATHS):
            return self._ui
        if _announced_bytes(scope) > self._largest_body_mb * 2**20:
            return errors.render(errors.too_large(self._largest_body_mb), scope["quarterdeck.request_id"])
        return self._control


async def _answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    request_id = scope["quarterdeck.request_id"]
    answered: str | None = None

    async def send_with_id(message: Message) -> None:
        nonlocal answered
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            answered = "begun"
        elif not message.get("more_body"):
            answered = "whole"
        await send(message)

    try:
        await app(scope, receive, send_with_id)
    except Exception:
        log.exception("%s %s failed (%s)", scope["method"], scope["path"], request_id)
        if answered is None:
            await errors.render(errors.unexpected(request_id), request_id)(scope, receive, send_with_id)
        elif answered == "begun":
            raise  # half an answer is out: the connection must break, or the client would take it for whole


def control_api(*, largest_body_mb: int = Settings.max_body_mb) -> FastAPI:
    """The control API of all rooms. It can describe itself without any live objects."""
    app = FastAPI(
        title="Quarterdeck",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        max_body_size=largest_body_mb * 2**20,
        # FastAPI exports telemetry when `OTEL_*` variables say so. Ours is another way: nothing leaves by itself.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    for router in ROOMS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(observability_routes.otlp_router)
    app.include_router(health.router)
    app.include_router(metrics.router)
    errors.add_error_handlers(app, largest_body_mb=largest_body_mb)
    return app


def _announced_bytes(scope: Scope) -> int:
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)
