"""The one ASGI application: the data plane first and bare, then the control API, then the UI."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from quarterdeck import __version__
from quarterdeck.access import routes as access_routes
from quarterdeck.runtime.runtime import Runtime

_ROOMS: tuple[APIRouter, ...] = (access_routes.router,)
"""The routers of all rooms: what is not listed here is not served."""


def control_api() -> FastAPI:
    """The control API of all rooms, without live objects: enough to describe itself."""
    app = FastAPI(
        title="Quarterdeck",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
    )
    for router in _ROOMS:
        app.include_router(router, prefix="/api/v1")
    return app


def application(runtime: Runtime) -> FastAPI:
    """The whole server on one set of live objects."""
    app = control_api()
    app.state.runtime = runtime
    return app
