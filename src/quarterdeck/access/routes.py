"""The HTTP of access: who am I, keys, projects, the password, browser sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access import keys, projects
from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.access.records import ApiKey, NewKey, Project
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Scope

router = APIRouter(tags=["access"])


class KeyWish(BaseModel):
    """What a new key should be. Without scopes it may do everything but administer."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class ProjectWish(BaseModel):
    """What a new project should be."""

    model_config = ConfigDict(extra="forbid")
    name: str


@router.get("/keys")
async def list_keys(work: CanAdmin) -> Page[ApiKey]:
    return await keys.all_keys(work)


@router.post("/keys", status_code=201)
async def create_key(body: KeyWish, work: CanAdmin) -> NewKey:
    return await keys.create(work, body.name, scopes=body.scopes, expires_in_days=body.expires_in_days)


@router.delete("/keys/{key_id}")
async def revoke_key(key_id: str, work: CanAdmin) -> ApiKey:
    return await keys.revoke(work, key_id)


@router.get("/projects")
async def list_projects(work: CanRead) -> Page[Project]:
    return await projects.visible(work)


@router.post("/projects", status_code=201)
async def create_project(body: ProjectWish, work: CanAdmin) -> Project:
    return await projects.create(work, body.name)
