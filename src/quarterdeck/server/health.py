"""Whether the process is up (`/healthz`), and whether it can do its work (`/readyz`). Open to all, and silent on details."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from quarterdeck import __version__
from quarterdeck.core.errors import Unavailable
from quarterdeck.declared.watching import Watch
from quarterdeck.gateway.admission import Admission
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server.workers.supervising import Workers
from quarterdeck.storage import health as storage_health

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def health() -> dict[str, str]:
    return {"status": "ok", "version": __version__}


@router.get("/readyz")
async def readiness(request: Request) -> JSONResponse:
    troubles = await _troubles(request.app.state.runtime)
    if troubles:
        return JSONResponse({"status": "not ready", "troubles": troubles}, 503, {"retry-after": "1"})
    notices = _notices(request.app.state.runtime)
    return JSONResponse({"status": "ready", **({"notices": notices} if notices else {})})


def _notices(runtime: Runtime) -> dict[str, str]:
    """What somebody should look at, while requests are answered as before. Why it is so, the control API tells."""
    if runtime.part(Watch).state.state == "broken":
        return {"config": "the configuration file cannot be applied as it is; what was applied before holds"}
    return {}


async def _troubles(runtime: Runtime) -> dict[str, str]:
    recorder = runtime.part(Recorder)
    found = {
        "database": await storage_health.trouble(runtime.database),
        "spans": None if recorder.healthy else "accepted, but not stored at the moment",
        "disk": _disk(runtime),
        "workers": _workers(runtime),
    }
    return {part: trouble for part, trouble in found.items() if trouble is not None}


def _disk(runtime: Runtime) -> str | None:
    try:
        runtime.part(Admission).require_disk()
    except Unavailable:
        return "too little space to record answers"
    return None


def _workers(runtime: Runtime) -> str | None:
    crew = runtime.find(Workers)
    if crew is None:
        return None
    if crew.stopping:
        return "stopping"
    return f"{crew.missing} of {crew.count} are being started" if crew.missing else None
