"""Who sends a request, told from memory: a snapshot of all keys and browser sessions, reloaded when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest

from quarterdeck.access import browsers, store
from quarterdeck.access.records import KeysChanged, Project
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import NotAllowed, NotFound, Unauthenticated
from quarterdeck.core.hashing import sha256
from quarterdeck.runtime.work import Actor
from quarterdeck.storage.database import Database

log = logging.getLogger(__name__)

DEFAULT_PROJECT = "default"
PROJECT_HEADER = b"x-quarterdeck-project"
_KEY_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")
_WRITE_LAST_USED_EVERY_S = 15.0


def find_secret(headers: Mapping[bytes, bytes]) -> str | None:
    """The API key in a request, in any of the four styles that clients use. Header names are in lower case."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for name in _KEY_HEADERS:
        if name in headers:
            return headers[name].decode("latin-1").strip()
    return None


class Keyring:
    """Answers "who is this?" without any input or output, so that it can stand before every request."""

    def __init__(self, database: Database, *, bound_to: str) -> None:
        self._database = database
        self._bound_to = bound_to
        self._projects: dict[str, Project] = {}
        self._keys: dict[str, store.KeyRow] = {}
        self._actors: dict[str, Actor] = {}
        self._admin_key: str | None = None
        self._sessions: dict[str, str] = {}
        self._local: dict[str, Actor] = {}
        self._last_used: dict[str, datetime] = {}
        self._writing: asyncio.Task[None] | None = None
        self._reloading = asyncio.Lock()

    async def open(self) -> None:
        """Take the first snapshot, and begin to note in batches when keys were last used."""
        await self.reload()
        self._writing = asyncio.create_task(self._write_last_used_for_ever())

    async def close(self) -> None:
        """Write what is still to be noted."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        await self._write_last_used()

    async def reload(self, _event: KeysChanged | None = None) -> None:
        """Take a new snapshot. One at a time: an older one that comes late must not bring a revoked key back."""
        async with self._reloading:
            # Keys before projects: whatever key we see, its project was there before it.
            keys = {row.secret_sha256: row for row in await store.keys(self._database)}
            projects = {project.id: project for project in await store.projects(self._database)}
            admin_key = await store.admin_credential(self._database, "key_sha256")
            sessions = await store.sessions(self._database)
            self._projects = {project.name: project for project in projects.values()}
            self._keys, self._admin_key, self._sessions = keys, admin_key, sessions
            self._actors = {secret: _actor(row, projects[row.project_id]) for secret, row in keys.items()}
            if admin_key is not None:
                self._actors[admin_key] = self.administrator("admin")

    def add_local_key(self) -> str:
        """A key that lives as long as this process: what `session.json` gives to the command line."""
        secret = ids.new_secret("sk-qd-")
        self._local[sha256(secret)] = self.administrator("admin", name="local session")
        return secret

    def authenticate(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> Actor:
        """Who sends a request with these headers (names in lower case, as in ASGI), and for which project."""
        found = dict(headers)
        secret = find_secret(found)
        token = browsers.session_token(found) if secret is None else None
        if secret is not None:
            actor = self.actor_for(secret)
        elif token is not None:
            actor = self.session_for(token)
            browsers.require_our_own_page(method, found, self._bound_to)
        else:
            raise Unauthenticated()
        wanted = found.get(PROJECT_HEADER)
        return actor if wanted is None else self._in_project(actor, wanted.decode("latin-1"))

    def actor_for(self, secret: str) -> Actor:
        """Whose key this is. A dead key is refused with the reason."""
        # A look-up by hash, so its duration tells nothing about any secret.
        address = sha256(secret)
        actor = self._actors.get(address) or self._local.get(address)
        if actor is None:
            raise Unauthenticated(
                "This API key is not known here. Check it, or make one with `quarterdeck keys create`."
            )
        row = self._keys.get(address)
        if row is not None:
            self._refuse_dead(row)
            self._last_used[row.key.id] = clock.now()
        return actor

    def is_admin_key(self, secret: str) -> bool:
        """Whether this is the administrator's key, which also opens the browser's door."""
        return self._admin_key is not None and compare_digest(self._admin_key, sha256(secret))

    def session_for(self, token: str) -> Actor:
        """The administrator behind a browser session."""
        expires_at = self._sessions.get(sha256(token))
        if expires_at is None or expires_at <= clock.iso(clock.now()):
            raise Unauthenticated("This browser session has ended. Log in again.")
        return self.administrator("session")

    def project(self, name: str) -> Project:
        """The project of this name."""
        project = self._projects.get(name)
        if project is None:
            raise NotFound(f"No project is called `{name}`. There are: {sorted(self._projects)}.")
        return project

    def administrator(self, kind: str, *, name: str = "administrator") -> Actor:
        """The actor who may do everything, in the default project."""
        project = self.project(DEFAULT_PROJECT)
        return Actor(
            id="admin",
            name=name,
            kind="session" if kind == "session" else "admin",
            project_id=project.id,
            project_name=project.name,
            scopes=frozenset({"admin"}),
        )

    def _in_project(self, actor: Actor, name: str) -> Actor:
        if name == actor.project_name:
            return actor
        if actor.kind == "key":
            raise NotAllowed(f"The key `{actor.name}` belongs to the project `{actor.project_name}`, not to `{name}`.")
        project = self.project(name)
        return replace(actor, project_id=project.id, project_name=project.name)

    @staticmethod
    def _refuse_dead(row: store.KeyRow) -> None:
        key = row.key
        if key.revoked_at is not None:
            raise Unauthenticated(f"The key `{key.name}` was revoked at {key.revoked_at}. Use another one.")
        if key.expires_at is not None and key.expires_at <= clock.iso(clock.now()):
            raise Unauthenticated(f"The key `{key.name}` expired at {key.expires_at}. Make a new one.")

    async def _write_last_used_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_LAST_USED_EVERY_S)
            try:
                await self._write_last_used()
            except Exception:
                # Worth a line in the log, not a dead task: the next batch carries the newer moments anyway.
                log.exception("The last use of API keys could not be noted.")

    async def _write_last_used(self) -> None:
        used, self._last_used = self._last_used, {}
        if used:
            await store.note_last_used(self._database, {key: clock.iso(moment) for key, moment in used.items()})


def _actor(row: store.KeyRow, project: Project) -> Actor:
    return Actor(
        id=row.key.id,
        name=row.key.name,
        kind="key",
        project_id=project.id,
        project_name=project.name,
        scopes=frozenset(row.key.scopes),
    )
