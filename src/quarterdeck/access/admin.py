"""The administrator's key: taken from the environment when it is strong, made and shown once when it is not given."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from quarterdeck.access import store
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import SetupError
from quarterdeck.core.hashing import sha256
from quarterdeck.storage.database import Database

_LEAST_CHARACTERS = 20
_LEAST_BITS = 64.0
_KNOWN_DEFAULTS = (
    "admin", "administrator", "changeme", "change-me", "default", "demo", "dev", "example", "letmein", "master",
    "master-key", "password", "passw0rd", "quarterdeck", "qwerty", "replace-me", "root", "secret", "sk-1234",
    "sk-12345678", "sk-qd-admin", "test", "your-api-key", "your-key-here", "your_api_key",
)  # fmt: skip


async def ensure_key(database: Database, given: str | None) -> str | None:
    """See to it that there is an administrator's key. Returns it only when it was made just now, to be shown once."""
    if given is not None:
        refuse_weak(given)
        await _keep(database, given)
        return None
    if await store.admin_credential(database, "key_sha256") is not None:
        return None
    made = ids.new_secret("sk-qd-")
    await _keep(database, made)
    return made


def refuse_weak(key: str) -> None:
    """Refuse a key that someone could guess, with a good one to use instead."""
    reason = _weakness(key)
    if reason is not None:
        raise SetupError(
            f"`QUARTERDECK_ADMIN_KEY` is weak: {reason}. "
            f"Use a random one, for example `{ids.new_secret('sk-qd-')}`, or unset it and one will be made for you."
        )


def _weakness(key: str) -> str | None:
    plain = key.lower().strip()
    if any(plain in (default, f"sk-{default}", f"sk-qd-{default}") for default in _KNOWN_DEFAULTS):
        return "it is a well-known default"
    if len(key) < _LEAST_CHARACTERS:
        return f"it has {len(key)} characters, and {_LEAST_CHARACTERS} are the least"
    if not key.isascii() or any(character.isspace() for character in key):
        return "it has characters that HTTP headers cannot carry"
    if _bits(key) < _LEAST_BITS:
        return "it repeats itself too much to be random"
    return None


def _bits(key: str) -> float:
    """An upper bound on how hard a key is to guess: the entropy of its characters, runs like `aaaa` and `1234` left out."""
    surprising = [key[0]] + [b for a, b in pairwise(key) if ord(b) - ord(a) not in (-1, 0, 1)]
    counts = Counter(surprising)
    return sum(count * -math.log2(count / len(surprising)) for count in counts.values())


async def _keep(database: Database, key: str) -> None:
    # A fast hash is right here: weak keys are refused above, and every request pays for it.
    await store.set_admin_credential(database, "key_sha256", sha256(key), clock.iso(clock.now()))
