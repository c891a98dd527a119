"""Seals credentials before they are stored: AES-256-GCM, bound to the place where they belong."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quarterdeck.core.errors import SetupError
from quarterdeck.core.ids import new_id

_NONCE_BYTES = 12
_LEAST_CHARACTERS = 16


class Vault:
    """Seals and opens secrets. `place` (say, `providers/prv_01…`) is authenticated: a stolen row opens nowhere else."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(key).digest())

    def seal(self, secret: str, place: str) -> bytes:
        """The secret, unreadable without the key."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The secret that was sealed for this place."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()).decode()
        except InvalidTag as error:
            raise SetupError(
                f"The secret of `{place}` was sealed with another key. "
                "Set `QUARTERDECK_SECRET_KEY` to that key, or enter the secret again."
            ) from error


def open_vault(home: Path, secret_key: str | None) -> Vault:
    """The vault of a data folder; its key is made on first use and readable by the owner alone."""
    if secret_key is not None:
        if len(secret_key) < _LEAST_CHARACTERS:
            raise SetupError(
                f"`QUARTERDECK_SECRET_KEY` is too short. Use at least {_LEAST_CHARACTERS} random characters."
            )
        return Vault(secret_key.encode())
    path = home / "secret.key"
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) < _LEAST_CHARACTERS:
        raise SetupError(
            f"`{path}` is damaged: it holds no key. Put it back from a backup; or delete it, start again, and enter the "
            "stored credentials again."
        )
    return Vault(key)


def _make_key(path: Path) -> None:
    """Write a new key, whole or not at all: with half of one, nothing sealed today would open tomorrow."""
    draft = path.with_name(new_id("draft"))
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(32).hex().encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
