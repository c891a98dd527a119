"""The HTTP of orchestration: apps, releases, deployments, replays."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanRead, CanWrite
from quarterdeck.core.paging import Page
from quarterdeck.orchestration import apps, deployments, releases, replaying
from quarterdeck.orchestration.records import App, AppDetail, Deployment, Release, Replay

router = APIRouter(tags=["apps"])


class NewApp(BaseModel):
    """What a new app should be. Without a prompt it gets the default one; without a model it needs no provider."""

    model_config = ConfigDict(extra="forbid")
    name: str
    description: Annotated[str, Field(max_length=2000)] = ""
    knowledge: str
    prompt: str | None = None
    model: str = apps.DEFAULT_MODEL
    parameters: dict[str, Any] | None = None  # Any: checked name by name in orchestration/parameters.py
    suggested_questions: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=10)] = []


class Version(BaseModel):
    """A version of something by its name; the newest when no number is given."""

    model_config = ConfigDict(extra="forbid")
    name: str
    version: int | None = None

    def pair(self) -> tuple[str, int | None]:
        return self.name, self.version


class NewRelease(BaseModel):
    """What is different in the new release. Prompt and index are the newest unless named, the rest is as live."""

    model_config = ConfigDict(extra="forbid")
    prompt: Version | None = None
    model: str | None = None
    index: Version | None = None
    parameters: dict[str, Any] | None = None  # Any: see above
    notes: Annotated[str, Field(max_length=2000)] = ""


class NewDeployment(BaseModel):
    """Which release should be live where, and why."""

    model_config = ConfigDict(extra="forbid")
    release_id: str
    environment: str = "production"
    reason: Annotated[str, Field(max_length=2000)] = ""


@router.get("/apps")
async def list_apps(work: CanRead) -> Page[App]:
    return await apps.all_apps(work)


@router.post("/apps", status_code=201)
async def create_app(body: NewApp, work: CanWrite) -> App:
    return await apps.create(work, **body.model_dump())


@router.get("/apps/{name}")
async def read_app(name: str, work: CanRead) -> AppDetail:
    return await apps.get(work, name)


@router.get("/apps/{name}/releases")
async def list_releases(name: str, work: CanRead) -> Page[Release]:
    return await releases.all_releases(work, await apps.find(work, name))


@router.post("/apps/{name}/releases", status_code=201)
async def propose_release(name: str, body: NewRelease, work: CanWrite) -> Release:
    return await releases.propose(
        work,
        await apps.find(work, name),
        prompt=body.prompt.pair() if body.prompt else None,
        model=body.model,
        index=body.index.pair() if body.index else None,
        parameters=body.parameters,
        notes=body.notes,
    )


@router.get("/apps/{name}/deployments")
async def list_deployments(name: str, work: CanRead) -> Page[Deployment]:
    return await deployments.history(work, await apps.find(work, name))


@router.post("/apps/{name}/deployments", status_code=201)
async def deploy_release(name: str, body: NewDeployment, work: CanWrite) -> Deployment:
    return await deployments.deploy(
        work, await apps.find(work, name), body.release_id, environment=body.environment, reason=body.reason
    )


@router.post("/traces/{trace_id}/replays", status_code=201)
async def replay_trace(trace_id: str, work: CanWrite) -> Replay:
    return await replaying.replay(work, trace_id)
