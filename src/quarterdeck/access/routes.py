"""The HTTP of access: logging in and out, who am I, keys, projects, the password."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access import browsers, keys, login_links, passwords, projects, sessions
from quarterdeck.access.gate import CanAdmin, CanEnter, CanRead, Stranger
from quarterdeck.access.records import ApiKey, LoginLink, Me, NewKey, Project
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Scope

router = APIRouter(tags=["access"])


class PasswordLogin(BaseModel):
    """Logging in with the password, or with the admin key."""

    model_config = ConfigDict(extra="forbid")
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class LinkLogin(BaseModel):
    """Logging in with the token of a login link."""

    model_config = ConfigDict(extra="forbid")
    link_token: Annotated[str, Field(min_length=1, max_length=1000)]


class PasswordWish(BaseModel):
    """The new password, and the one it replaces."""

    model_config = ConfigDict(extra="forbid")
    password: Annotated[str, Field(min_length=12, max_length=1000)]
    current_password: str | None = None


class TermsOfKey(BaseModel):
    """What holds for a key beyond its scopes."""

    model_config = ConfigDict(extra="forbid")
    team: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    allowed_models: Annotated[list[str], Field(max_length=1000)] = []
    allowed_ips: Annotated[list[str], Field(max_length=1000)] = []
    allowed_tools: Annotated[list[str], Field(max_length=1000)] = []
    passthrough: bool = True
    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] = []
    metadata: Annotated[dict[str, str], Field(max_length=50)] = {}

    def terms(self) -> keys.KeyTerms:
        """What holds for the key beyond its scopes."""
        return keys.KeyTerms(**self.model_dump(include=set(TermsOfKey.model_fields)))


class KeyWish(TermsOfKey):
    """What a new key should be. Without scopes it may do everything but administer."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class KeyChange(BaseModel):
    """What a key should be from now on. What is left out stays as it is; `terms` are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    scopes: Annotated[list[Scope], Field(min_length=1)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    terms: TermsOfKey | None = None


class Rotation(BaseModel):
    """How a key is to be rotated."""

    model_config = ConfigDict(extra="forbid")
    overlap_hours: Annotated[float, Field(ge=0, le=90 * 24)] = 24.0


class ProjectWish(BaseModel):
    """What a new project should be."""

    model_config = ConfigDict(extra="forbid")
    name: str


@router.post("/sessions", status_code=201)
async def log_in(body: PasswordLogin | LinkLogin, visitor: Stranger, response: Response) -> Me:
    if isinstance(body, LinkLogin):
        session = await sessions.log_in_by_link(visitor.runtime, body.link_token, client=visitor.client)
    else:
        session = await sessions.log_in_by_password(visitor.runtime, body.password, client=visitor.client)
    _set_cookie(response, session.token, secure=visitor.encrypted, max_age_s=sessions.LIFETIME.total_seconds())
    return session.me


@router.delete("/sessions/current", status_code=204)
async def log_out(work: CanEnter, request: Request, response: Response) -> None:
    await sessions.log_out(work, request.cookies.get(browsers.COOKIE))
    response.delete_cookie(browsers.COOKIE, path="/")


@router.post("/login-links", status_code=201)
async def create_login_link(work: CanAdmin) -> LoginLink:
    return await login_links.create(work)


@router.get("/me")
async def get_me(work: CanEnter) -> Me:
    return await sessions.me(work)


@router.put("/password", status_code=204)
async def change_password(body: PasswordWish, work: CanAdmin, request: Request) -> None:
    token = request.cookies.get(browsers.COOKIE)
    await passwords.change(work, body.password, current=body.current_password, session_token=token)


@router.get("/keys")
async def list_keys(work: CanAdmin) -> Page[ApiKey]:
    return await keys.all_keys(work)


@router.post("/keys", status_code=201)
async def create_key(body: KeyWish, work: CanAdmin) -> NewKey:
    terms = body.terms()
    return await keys.create(work, body.name, scopes=body.scopes, expires_in_days=body.expires_in_days, terms=terms)


@router.patch("/keys/{key_id}")
async def change_key(key_id: str, body: KeyChange, work: CanAdmin, force: bool = False) -> ApiKey:
    terms = None if body.terms is None else body.terms.terms()
    days = body.expires_in_days
    return await keys.change(
        work, key_id, name=body.name, scopes=body.scopes, expires_in_days=days, terms=terms, force=force
    )


@router.post("/keys/{key_id}/rotations", status_code=201)
async def rotate_key(key_id: str, body: Rotation, work: CanAdmin) -> NewKey:
    return await keys.rotate(work, key_id, overlap=timedelta(hours=body.overlap_hours))


@router.delete("/keys/{key_id}")
async def revoke_key(key_id: str, work: CanAdmin) -> ApiKey:
    return await keys.revoke(work, key_id)


@router.get("/projects")
async def list_projects(work: CanRead) -> Page[Project]:
    return await projects.visible(work)


@router.post("/projects", status_code=201)
async def create_project(body: ProjectWish, work: CanAdmin) -> Project:
    return await projects.create(work, body.name)


def _set_cookie(response: Response, token: str, *, secure: bool, max_age_s: float) -> None:
    response.set_cookie(
        browsers.COOKIE, token, max_age=int(max_age_s), path="/", httponly=True, samesite="strict", secure=secure
    )
