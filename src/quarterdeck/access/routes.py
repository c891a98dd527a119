"""The HTTP of access: logging in and out, who am I, keys, projects, the password."""

from __future__ import annotations

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


def _set_cookie(response: Response, token: str, *, secure: bool, max_age_s: float) -> None:
    response.set_cookie(
        browsers.COOKIE, token, max_age=int(max_age_s), path="/", httponly=True, samesite="strict", secure=secure
    )
