"""The HTTP of safety: guardrails, what they may be made of, and trials."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanAdmin, CanRead, CanWrite
from quarterdeck.core.hashing import Json
from quarterdeck.core.paging import Page
from quarterdeck.safety import check, guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from quarterdeck.safety.records import (
    Action,
    CheckKind,
    Guardrail,
    GuardrailScope,
    GuardrailTrial,
    Role,
    Stage,
    Streaming,
)

router = APIRouter(tags=["guardrails"])


class ScopeBody(BaseModel):
    """To what a guardrail applies: patterns such as `openai/*`; nothing means everything."""

    model_config = ConfigDict(extra="forbid")
    apps: list[str] = []
    models: list[str] = []
    keys: list[str] = []
    asked_only: bool = False


class GuardrailBody(BaseModel):
    """What a guardrail should be."""

    model_config = ConfigDict(extra="forbid")
    checks: Annotated[list[dict[str, Json]], Field(min_length=1)]
    stages: list[Stage] = ["input", "output"]
    action: Action = "block"
    description: Annotated[str, Field(max_length=2000)] = ""
    enabled: bool = True
    streaming: Streaming = "hold"
    roles: list[Role] = list(guardrails.DEFAULT_ROLES)
    scope: ScopeBody = ScopeBody()
    secret: Annotated[str | None, Field(max_length=4096, repr=False)] = None

    def wish(self) -> GuardrailWish:
        """The same, as the verbs take it."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name != "scope"}
        return GuardrailWish(**given, scope=GuardrailScope(**self.scope.model_dump()))


class SwitchBody(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid")
    enabled: bool


class TrialBody(BaseModel):
    """A text to try a guardrail on."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=200_000)]
    stage: Stage = "input"


class ChecksTrialBody(BaseModel):
    """A text to try checks on that are not stored."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=200_000)]
    checks: Annotated[list[dict[str, Json]], Field(min_length=1)]
    action: Action = "redact"


@router.get("/guardrails")
async def list_guardrails(work: CanRead) -> Page[Guardrail]:
    return await guardrails.all_guardrails(work)


@router.get("/guardrail-checks")
async def list_check_kinds(work: CanRead) -> Page[CheckKind]:
    return Page(check.check_kinds())


@router.post("/guardrail-trials")
async def try_checks(body: ChecksTrialBody, work: CanWrite) -> GuardrailTrial:
    return await guardrails.trial_of_checks(work, body.checks, body.text, body.action)


@router.get("/guardrails/{name}")
async def read_guardrail(name: str, work: CanRead) -> Guardrail:
    return await guardrails.get(work, name)


@router.put("/guardrails/{name}")
async def put_guardrail(name: str, body: GuardrailBody, work: CanAdmin, force: bool = False) -> Guardrail:
    return await guardrails.put(work, name, body.wish(), force=force)


@router.patch("/guardrails/{name}")
async def switch_guardrail(name: str, body: SwitchBody, work: CanAdmin, force: bool = False) -> Guardrail:
    return await guardrails.switch(work, name, enabled=body.enabled, force=force)


@router.delete("/guardrails/{name}", status_code=204)
async def remove_guardrail(name: str, work: CanAdmin, force: bool = False) -> None:
    await guardrails.remove(work, name, force=force)


@router.post("/guardrails/{name}/trials")
async def try_guardrail(name: str, body: TrialBody, work: CanWrite) -> GuardrailTrial:
    return await guardrails.trial(work, name, body.text, body.stage)
