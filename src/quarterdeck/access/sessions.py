"""Browser sessions: begun with a password, the admin key or a login link; ended by logging out or by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from quarterdeck import __version__
from quarterdeck.access import passwords, store
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.login_links import LoginLinks
from quarterdeck.access.records import KeysChanged, Me, Project
from quarterdeck.access.throttle import LoginThrottle
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Unauthenticated
from quarterdeck.core.hashing import sha256
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Actor, Work

LIFETIME = timedelta(days=14)


@dataclass(frozen=True)
class NewSession:
    """A session just begun: the token goes into the cookie and is kept nowhere else."""

    token: str
    me: Me


async def log_in_by_password(runtime: Runtime, password: str, *, client: str) -> NewSession:
    """Begin a session with the password or with the admin key."""
    throttle = runtime.part(LoginThrottle)
    throttle.attempt(client)
    is_admin_key = runtime.part(Keyring).is_admin_key(password)
    if not is_admin_key and not await passwords.matches(runtime, password):
        raise Unauthenticated("Neither the password nor the admin key is like this.")
    throttle.succeeded(client)
    return await _begin(runtime)


async def log_in_by_link(runtime: Runtime, token: str, *, client: str) -> NewSession:
    """Begin a session with the link that `quarterdeck up` has printed."""
    throttle = runtime.part(LoginThrottle)
    throttle.attempt(client)
    runtime.part(LoginLinks).redeem(token, client=client)
    throttle.succeeded(client)
    return await _begin(runtime)


async def log_out(work: Work, token: str | None) -> None:
    """End the session of this token."""
    if token is not None:
        await store.delete_session(work.runtime.database, sha256(token))
        await work.runtime.events.publish(KeysChanged())


async def me(work: Work) -> Me:
    """Who is asking, and where."""
    return await _me(work.runtime, work.actor)


async def _begin(runtime: Runtime) -> NewSession:
    token, now = ids.new_secret(""), clock.now()
    await store.add_session(
        runtime.database, sha256(token), created_at=clock.iso(now), expires_at=clock.iso(now + LIFETIME)
    )
    await runtime.events.publish(KeysChanged())
    return NewSession(token, await _me(runtime, runtime.part(Keyring).session_for(token)))


async def _me(runtime: Runtime, actor: Actor) -> Me:
    projects = {project.id: project for project in await store.projects(runtime.database)}
    project: Project = projects[actor.project_id]
    return Me(
        name=actor.name,
        kind=actor.kind,
        scopes=sorted(actor.scopes),
        project=project,
        version=__version__,
        password_set=await passwords.is_set(runtime.database),
    )
