"""The HTTP of declared configuration: plans, applications, export, the schema, secrets by name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.core.hashing import Json
from quarterdeck.core.paging import Page
from quarterdeck.declared import applying, document, exporting, planning, secrets
from quarterdeck.declared.document import Declaration
from quarterdeck.declared.records import Application, ChangePlan, NamedSecret, WatchedFile
from quarterdeck.declared.watching import Watch

router = APIRouter(tags=["configuration"])


class Wish(BaseModel):
    """What shall hold, and the name of the file that says so: it becomes the owner of what it declares."""

    model_config = ConfigDict(extra="forbid")
    document: Declaration
    source: Annotated[str, Field(pattern=r"^[\w][\w .-]{0,99}$")] = "quarterdeck.yaml"


class ApplicationWish(Wish):
    """The same, and whether what the file once declared and does not any more is taken away."""

    prune: bool = False


class SecretValue(BaseModel):
    """What a secret says."""

    model_config = ConfigDict(extra="forbid")
    value: Annotated[str, Field(min_length=1, max_length=16_384, repr=False)]


@router.get("/config/schema")
async def get_config_schema(_work: CanRead) -> dict[str, Json]:
    """The JSON Schema of `quarterdeck.yaml`."""
    return document.schema()


@router.get("/config/file")
async def get_watched_file(work: CanRead) -> WatchedFile:
    """The file of `quarterdeck up --config`, and whether what it says now holds."""
    return work.part(Watch).state


@router.post("/config/plans")
async def plan_config(body: Wish, work: CanAdmin) -> ChangePlan:
    """What applying would do, without doing it."""
    return await planning.plan(work, body.document, source=body.source)


@router.post("/config/applications", status_code=201)
async def apply_config(body: ApplicationWish, work: CanAdmin) -> Application:
    """Make live what is declared: all of it, or nothing."""
    return await applying.apply(work, body.document, source=body.source, prune=body.prune)


@router.get("/config/export")
async def export_config(work: CanAdmin, all_projects: bool = False) -> dict[str, Json]:
    """What is live, as a file would declare it."""
    return await exporting.export(work, all_projects=all_projects)


@router.get("/secrets")
async def list_secrets(work: CanAdmin) -> Page[NamedSecret]:
    """The names of the secrets that a file may refer to."""
    return await secrets.all_secrets(work)


@router.put("/secrets/{name:path}")
async def put_secret(name: str, body: SecretValue, work: CanAdmin) -> NamedSecret:
    """Set a secret."""
    return await secrets.put(work, name, body.value)


@router.delete("/secrets/{name:path}", status_code=204)
async def remove_secret(name: str, work: CanAdmin) -> None:
    """Forget a secret."""
    await secrets.remove(work, name)
