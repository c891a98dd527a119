"""API keys: made once, shown once, kept as a hash, revoked for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from quarterdeck.access import store
from quarterdeck.access.records import ApiKey, KeysChanged, NewKey
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.hashing import sha256
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Scope, Work

PREFIX = "sk-qd-"
DEFAULT_SCOPES: tuple[Scope, ...] = ("gateway", "read", "write")
_SHOWN_CHARACTERS = len(PREFIX) + 4


async def create(
    work: Work, name: str, *, scopes: list[Scope] | None = None, expires_in_days: int | None = None
) -> NewKey:
    """A new key of the current project. Its secret is in the result, and nowhere else ever after."""
    if not name.strip():
        raise InvalidInput("A key needs a name that tells who uses it.", param="name")
    now = clock.now()
    secret = ids.new_secret(PREFIX)
    key = ApiKey(
        id=ids.new_id("key"),
        name=name.strip(),
        prefix=secret[:_SHOWN_CHARACTERS],
        scopes=sorted(set(scopes or DEFAULT_SCOPES)),
        created_at=clock.iso(now),
        expires_at=None if expires_in_days is None else clock.iso(now + timedelta(days=expires_in_days)),
    )
    # A fast hash is right here: 200 random bits cannot be guessed, and every request pays for it.
    await store.add_key(work.runtime.database, store.KeyRow(key, work.project_id, sha256(secret)))
    await work.runtime.events.publish(KeysChanged())
    return NewKey(key, secret)


async def all_keys(work: Work) -> Page[ApiKey]:
    """The keys of the current project, newest first."""
    return Page(await store.keys_of(work.runtime.database, work.project_id))


async def revoke(work: Work, key_id: str) -> ApiKey:
    """Make a key useless at once; revoking it again changes nothing."""
    key = await store.key(work.runtime.database, work.project_id, key_id)
    if key is None:
        raise NotFound(f"This project has no key with the id `{key_id}`.")
    if key.revoked_at is None:
        key = replace(key, revoked_at=clock.iso(clock.now()))
        await store.revoke_key(work.runtime.database, key_id, str(key.revoked_at))
        await work.runtime.events.publish(KeysChanged())
    return key
