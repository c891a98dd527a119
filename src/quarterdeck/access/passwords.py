"""The administrator's password: kept as an argon2id hash, changed only by who knows the old one."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quarterdeck.access import store
from quarterdeck.access.records import KeysChanged
from quarterdeck.access.throttle import LoginThrottle
from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotAllowed
from quarterdeck.core.hashing import sha256
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work
from quarterdeck.storage.database import Database

_LEAST_CHARACTERS = 12
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's choice for argon2id


async def is_set(database: Database) -> bool:
    """Whether there is a password at all."""
    return await store.admin_credential(database, "password_argon2") is not None


async def matches(runtime: Runtime, password: str) -> bool:
    """Whether this is the password."""
    stored = await store.admin_credential(runtime.database, "password_argon2")
    if stored is None:
        return False
    # A guess costs 25 ms and 19 MiB on purpose: in a thread, so that others need not wait, and one at a time.
    async with runtime.part(LoginThrottle).one_at_a_time:
        return await asyncio.to_thread(_verify, stored, password)


async def change(work: Work, password: str, *, current: str | None, session_token: str | None = None) -> None:
    """Set a new password; all browser sessions but this one end."""
    if work.actor.kind == "key":
        raise NotAllowed("Only the administrator sets the password, not a key of a project. Use the admin key.")
    if len(password) < _LEAST_CHARACTERS:
        raise InvalidInput(f"A password has at least {_LEAST_CHARACTERS} characters.", param="password")
    database = work.runtime.database
    # The admin key may do everything anyway: with it, a forgotten password can be replaced.
    must_know = work.actor.kind == "session" and await is_set(database)
    if must_know and not await matches(work.runtime, current or ""):
        raise NotAllowed("The current password is not right.", param="current_password")
    hashed = await asyncio.to_thread(_HASHER.hash, password)
    await store.set_admin_credential(database, "password_argon2", hashed, clock.iso(clock.now()))
    await store.delete_other_sessions(database, sha256(session_token) if session_token else None)
    await work.runtime.events.publish(KeysChanged())


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
