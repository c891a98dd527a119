"""The HTTP of teams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanAdmin, CanRead
from quarterdeck.access.teams import teams
from quarterdeck.access.teams.records import Team
from quarterdeck.core.paging import Page

router = APIRouter(tags=["access"])


class NewTeam(BaseModel):
    """What a new team should be."""

    model_config = ConfigDict(extra="forbid")
    name: str
    description: Annotated[str, Field(max_length=1000)] = ""


class TeamChange(BaseModel):
    """What a team should be from now on."""

    model_config = ConfigDict(extra="forbid")
    description: Annotated[str, Field(max_length=1000)] = ""


@router.get("/teams")
async def list_teams(work: CanRead) -> Page[Team]:
    return await teams.all_teams(work)


@router.post("/teams", status_code=201)
async def create_team(body: NewTeam, work: CanAdmin) -> Team:
    return await teams.create(work, body.name, description=body.description)


@router.get("/teams/{name}")
async def get_team(name: str, work: CanRead) -> Team:
    return await teams.get(work, name)


@router.put("/teams/{name}")
async def put_team(name: str, body: TeamChange, work: CanAdmin, force: bool = False) -> Team:
    return await teams.put(work, name, description=body.description, force=force)


@router.delete("/teams/{name}", status_code=204)
async def remove_team(name: str, work: CanAdmin, force: bool = False) -> None:
    await teams.remove(work, name, force=force)
