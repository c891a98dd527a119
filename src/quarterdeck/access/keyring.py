"""Who sends a request, told from memory: a snapshot of all keys and browser sessions, reloaded when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest

from quarterdeck.access import browsers, store
from quarterdeck.access.addresses import Network, client_address, may_come_from, networks
from quarterdeck.access.key_carriers import find_secret
from quarterdeck.access.records import KeysChanged, Project
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotAllowed, NotFound, SetupError, Unauthenticated
from quarterdeck.core.hashing import sha256
from quarterdeck.runtime.work import Actor, Terms
from quarterdeck.storage.database import Database

log = logging.getLogger(__name__)

DEFAULT_PROJECT = "default"
PROJECT_HEADER = b"x-quarterdeck-project"
_WRITE_LAST_USED_EVERY_S = 15.0


class AddressNotAllowed(NotAllowed):
    """This key may not be used from this address."""


class Keyring:
    """Answers "who is this?" without any input or output, so that it can stand before every request."""

    def __init__(self, database: Database, *, bound_to: str, trusted_proxies: Sequence[str] = ()) -> None:
        self._database = database
        self._bound_to = bound_to
        try:
            self._trusted_proxies = networks(trusted_proxies)
        except InvalidInput as error:
            raise SetupError(f"`QUARTERDECK_TRUSTED_PROXIES`: {error.message}") from error
        self._ranges: dict[str, list[Network]] = {}
        """From where a key may be used, by its id; most keys are not here."""
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
            rows = await store.keys(self._database)
            keys = {row.secret_sha256: row for row in rows}
            keys |= {row.previous_sha256: row for row in rows if row.previous_sha256 is not None}
            projects = {project.id: project for project in await store.projects(self._database)}
            admin_key = await store.admin_credential(self._database, "key_sha256")
            sessions = await store.sessions(self._database)
            self._projects = {project.name: project for project in projects.values()}
            self._keys, self._admin_key, self._sessions = keys, admin_key, sessions
            self._ranges = {row.key.id: networks(row.key.allowed_ips) for row in rows if row.key.allowed_ips}
            self._actors = {secret: _actor(row, projects[row.project_id]) for secret, row in keys.items()}
            if admin_key is not None:
                self._actors[admin_key] = self.administrator("admin")

    def add_local_key(self, secret: str | None = None) -> str:
        """A key that lives as long as this process: what `session.json` gives to the command line; workers take it over."""
        secret = secret or ids.new_secret("sk-qd-")
        self._local[sha256(secret)] = self.administrator("admin", name="local session")
        return secret

    def authenticate(self, method: str, headers: Iterable[tuple[bytes, bytes]], peer: str | None = None) -> Actor:
        """Who sends a request with these headers (names in lower case, as in ASGI), and for which project.

        `peer` is the address at the other end of the connection.
        """
        found = dict(headers)
        secret = find_secret(found)
        token = browsers.session_token(found) if secret is None else None
        if secret is not None:
            actor = self.actor_for(secret)
            if actor.id in self._ranges:
                self._require_address(actor, peer, found)
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
            self._refuse_dead(row, address)
            self._last_used[row.key.id] = clock.now()
        return actor

    def actor_with(self, actor_id: str, project_id: str) -> Actor:
        """Somebody who has asked for work that is done later: a key, if it still lives, or the administrator."""
        if actor_id == "admin":
            project = next((one for one in self._projects.values() if one.id == project_id), None)
            if project is not None:
                return replace(self.administrator("admin"), project_id=project.id, project_name=project.name)
        for address, actor in self._actors.items():
            row = self._keys.get(address)
            if row is not None and actor.id == actor_id and address == row.secret_sha256:
                self._refuse_dead(row, address)
                return actor
        raise Unauthenticated("The key that asked for this is not known any more.")

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

    def _require_address(self, actor: Actor, peer: str | None, headers: Mapping[bytes, bytes]) -> None:
        address = client_address(peer, headers, self._trusted_proxies)
        if not may_come_from(address, self._ranges[actor.id]):
            raise AddressNotAllowed(
                f"The key `{actor.name}` may not be used from {address or 'an unknown address'}. Use it from one of its "
                "addresses, or change them with `quarterdeck keys change`. Behind a proxy, name it in "
                "`QUARTERDECK_TRUSTED_PROXIES`."
            )

    @staticmethod
    def _refuse_dead(row: store.KeyRow, address: str) -> None:
        key = row.key
        if key.revoked_at is not None:
            raise Unauthenticated(f"The key `{key.name}` was revoked at {key.revoked_at}. Use another one.")
        if key.expires_at is not None and key.expires_at <= clock.iso(clock.now()):
            raise Unauthenticated(f"The key `{key.name}` expired at {key.expires_at}. Make a new one.")
        if address == row.previous_sha256 and (key.previous_until or "") <= clock.iso(clock.now()):
            raise Unauthenticated(
                f"The key `{key.name}` was rotated at {key.rotated_at}, and its old secret has ended. Use the new one."
            )

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
        terms=Terms(
            team_id=row.team_id,
            team_name=row.key.team,
            allowed_models=tuple(row.key.allowed_models),
            tags=tuple(row.key.tags),
            metadata=row.key.metadata,
            passthrough=row.key.passthrough,
            allowed_tools=tuple(row.key.allowed_tools),
        ),
    )
