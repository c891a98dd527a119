"""API keys: made once, shown once, kept as a hash, rotated without a gap, revoked for good."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from quarterdeck.access import addresses, store
from quarterdeck.access.records import ApiKey, KeysChanged, NewKey
from quarterdeck.access.teams import teams
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.core.hashing import sha256
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Scope, Work

PREFIX = "sk-qd-"
DEFAULT_SCOPES: tuple[Scope, ...] = ("gateway", "read", "write")
DEFAULT_OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=90)
_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{32,200}}")
_SHOWN_CHARACTERS = len(PREFIX) + 4


@dataclass(frozen=True)
class KeyTerms:
    """What holds for whoever uses a key, beyond its scopes."""

    team: str | None = None
    allowed_models: Sequence[str] = ()
    allowed_ips: Sequence[str] = ()
    passthrough: bool = True
    allowed_tools: Sequence[str] = ()
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


async def create(
    work: Work,
    name: str,
    *,
    scopes: list[Scope] | None = None,
    expires_in_days: int | None = None,
    terms: KeyTerms | None = None,
    owner: str = "ui",
    secret: str | None = None,
) -> NewKey:
    """A new key of the current project. Its secret is in the result, and nowhere else ever after."""
    now = clock.now()
    secret = ids.new_secret(PREFIX) if secret is None else await _unused(work, secret)
    key = ApiKey(
        id=ids.new_id("key"),
        name=_sound_name(name),
        prefix=secret[:_SHOWN_CHARACTERS],
        scopes=sorted(set(scopes or DEFAULT_SCOPES)),
        created_at=clock.iso(now),
        expires_at=None if expires_in_days is None else clock.iso(now + timedelta(days=expires_in_days)),
        owner=owner,
    )
    # A fast hash is right here: 200 random bits cannot be guessed, and every request pays for it.
    row = await _with_terms(work, store.KeyRow(key, work.project_id, sha256(secret)), terms or KeyTerms())
    await store.add_key(work.runtime.database, row)
    await work.runtime.events.publish(KeysChanged())
    return NewKey(row.key, secret)


async def all_keys(work: Work) -> Page[ApiKey]:
    """The keys of the current project, newest first."""
    return Page(await store.keys_of(work.runtime.database, work.project_id))


async def change(
    work: Work,
    key_id: str,
    *,
    name: str | None = None,
    scopes: list[Scope] | None = None,
    expires_in_days: int | None = None,
    terms: KeyTerms | None = None,
    owner: str | None = None,
    force: bool = False,
) -> ApiKey:
    """Let a key do more or less from now on; what is None stays as it is. Its secret stays the same."""
    row = await _living(work, key_id)
    require_owner(f"The key `{row.key.name}`", row.key.owner, owner=owner or "ui", force=force)
    expires_at = row.key.expires_at
    if expires_in_days is not None:
        expires_at = clock.iso(clock.now() + timedelta(days=expires_in_days))
    key = replace(
        row.key,
        name=row.key.name if name is None else _sound_name(name),
        scopes=row.key.scopes if scopes is None else sorted(set(scopes)),
        expires_at=expires_at,
        owner=owner or row.key.owner,
    )
    row = replace(row, key=key)
    if terms is not None:
        row = await _with_terms(work, row, terms)
    await store.change_key(work.runtime.database, row)
    await work.runtime.events.publish(KeysChanged())
    return row.key


async def rotate(work: Work, key_id: str, *, overlap: timedelta = DEFAULT_OVERLAP, secret: str | None = None) -> NewKey:
    """Give a key a new secret. The old one works until the overlap is over, so that nobody stands before a closed door."""
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput(f"The overlap is between 0 and {LONGEST_OVERLAP.days} days.", param="overlap_hours")
    row, now = await _living(work, key_id), clock.now()
    secret = ids.new_secret(PREFIX) if secret is None else await _unused(work, secret)
    key = replace(
        row.key, prefix=secret[:_SHOWN_CHARACTERS], rotated_at=clock.iso(now), previous_until=clock.iso(now + overlap)
    )
    rotated = replace(row, key=key, secret_sha256=sha256(secret), previous_sha256=row.secret_sha256)
    if not await store.rotate_key(work.runtime.database, rotated):
        raise Conflict(f"The key `{key.name}` was rotated or revoked by somebody else just now. Look at it again.")
    await work.runtime.events.publish(KeysChanged())
    return NewKey(key, secret)


async def revoke(work: Work, key_id: str) -> ApiKey:
    """Make a key useless at once, an old secret in its overlap included; revoking it again changes nothing."""
    key = (await _row(work, key_id)).key
    if key.revoked_at is None:
        key = replace(key, revoked_at=clock.iso(clock.now()))
        await store.revoke_key(work.runtime.database, key_id, str(key.revoked_at))
        await work.runtime.events.publish(KeysChanged())
    return key


async def secret_is(work: Work, key_id: str, secret: str) -> bool:
    """Whether this is what opens the door now: for who declares the secret of a key elsewhere."""
    return (await _row(work, key_id)).secret_sha256 == sha256(secret)


async def _unused(work: Work, secret: str) -> str:
    """A secret that somebody has chosen, if it is as good as one of ours and belongs to no key."""
    if not _SECRET.fullmatch(secret):
        raise InvalidInput(
            f"The secret of a key is `{PREFIX}` and then 32 to 200 letters, digits, `-` and `_`, drawn at random.",
            param="secret",
        )
    if any(
        sha256(secret) in (row.secret_sha256, row.previous_sha256) for row in await store.keys(work.runtime.database)
    ):
        raise Conflict("This secret belongs to a key already, perhaps to one that was revoked. Draw another one.")
    return secret


async def _row(work: Work, key_id: str) -> store.KeyRow:
    row = await store.key(work.runtime.database, work.project_id, key_id)
    if row is None:
        raise NotFound(f"This project has no key with the id `{key_id}`.")
    return row


async def _living(work: Work, key_id: str) -> store.KeyRow:
    row = await _row(work, key_id)
    if row.key.revoked_at is not None:
        raise Conflict(f"The key `{row.key.name}` was revoked at {row.key.revoked_at}. Make a new one.")
    return row


async def _with_terms(work: Work, row: store.KeyRow, terms: KeyTerms) -> store.KeyRow:
    addresses.networks(terms.allowed_ips, param="allowed_ips")  # refused here, and not when it is used
    for pattern in terms.allowed_models:
        if not pattern.strip():
            raise InvalidInput("A pattern for models must not be empty. `*` allows all.", param="allowed_models")
    team = None if terms.team is None else await teams.get(work, terms.team)
    key = replace(
        row.key,
        team=None if team is None else team.name,
        allowed_models=[pattern.strip() for pattern in terms.allowed_models],
        allowed_ips=[text.strip() for text in terms.allowed_ips],
        passthrough=terms.passthrough,
        allowed_tools=[pattern.strip() for pattern in terms.allowed_tools if pattern.strip()],
        tags=sorted({tag.strip() for tag in terms.tags if tag.strip()}),
        metadata=dict(terms.metadata),
    )
    return replace(row, key=key, team_id=None if team is None else team.id)


def _sound_name(name: str) -> str:
    if not name.strip():
        raise InvalidInput("A key needs a name that tells who uses it.", param="name")
    return name.strip()
