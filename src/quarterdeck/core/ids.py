"""Names for new things: sortable by time, readable by prefix, unguessable where it matters."""

from __future__ import annotations

import os
import random
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def new_id(prefix: str) -> str:
    """A new id such as `key_01k9…`: 48 bits of milliseconds, then 80 random bits, as in ULID."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    digits = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"


def new_secret(prefix: str, length: int = 40) -> str:
    """A secret nobody can guess: five bits of entropy a character."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_trace_id() -> str:
    """A W3C trace id: 16 random bytes in hexadecimal. Unique, but no secret."""
    return f"{_numbers.getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """A W3C span id: 8 random bytes in hexadecimal. Unique, but no secret."""
    return f"{_numbers.getrandbits(64) or 1:016x}"


# Every request needs several of them, and asking the system each time makes the event loop wait for other threads.
_numbers = random.Random(os.urandom(32))  # noqa: S311
os.register_at_fork(after_in_child=lambda: _numbers.seed(os.urandom(32)))
