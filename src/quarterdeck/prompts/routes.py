"""The HTTP of prompts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanRead, CanWrite
from quarterdeck.core.hashing import Json
from quarterdeck.core.paging import Page
from quarterdeck.prompts import library
from quarterdeck.prompts.records import Prompt, PromptHistory, PromptLabel, PromptVersion

router = APIRouter(tags=["prompts"])


class NewPromptVersion(BaseModel):
    """The next wording of a prompt, and why."""

    model_config = ConfigDict(extra="forbid")
    template: str
    note: Annotated[str, Field(max_length=2000)] = ""
    model: Annotated[str | None, Field(max_length=256)] = None
    parameters: dict[str, Json] = {}
    label: str | None = None


class LabelWish(BaseModel):
    """The version that a label shall stand for."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1)]


@router.get("/prompts")
async def list_prompts(work: CanRead) -> Page[Prompt]:
    return await library.all_prompts(work)


@router.get("/prompts/{name}")
async def read_prompt(name: str, work: CanRead) -> PromptHistory:
    return await library.history(work, name)


@router.post("/prompts/{name}/versions", status_code=201)
async def add_prompt_version(name: str, body: NewPromptVersion, work: CanWrite) -> PromptVersion:
    return await library.add_version(
        work, name, body.template, note=body.note, model=body.model, parameters=body.parameters, label=body.label
    )


@router.put("/prompts/{name}/labels/{label}")
async def move_prompt_label(name: str, label: str, body: LabelWish, work: CanWrite) -> PromptLabel:
    return await library.move_label(work, name, label, body.version)


@router.delete("/prompts/{name}/labels/{label}", status_code=204)
async def remove_prompt_label(name: str, label: str, work: CanWrite) -> None:
    await library.remove_label(work, name, label)
