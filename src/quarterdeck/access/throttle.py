"""Slows down guessing: after a few wrong logins, each further one has to wait, longer and longer."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from quarterdeck.core import clock
from quarterdeck.core.errors import LimitReached

_FREE_ATTEMPTS = 5
_LONGEST_WAIT_S = 900.0
_FORGET_AFTER_S = 3600.0
_MOST_CLIENTS = 10_000


@dataclass(frozen=True, slots=True)
class _Attempts:
    count: int
    last_s: float


class LoginThrottle:
    """Counts the logins of each client address that have not succeeded."""

    def __init__(self) -> None:
        self._attempts: dict[str, _Attempts] = {}
        self.one_at_a_time = asyncio.Lock()
        """Held while a password is verified: guesses from many addresses share one core and 19 MiB."""

    def attempt(self, client: str) -> None:
        """Count an attempt before it is judged (many at once are many), or refuse one that comes too soon."""
        now_s = clock.monotonic_ns() / 1e9
        before = self._attempts.get(client, _Attempts(0, now_s))
        if now_s - before.last_s > _FORGET_AFTER_S:
            before = _Attempts(0, now_s)
        if before.count >= _FREE_ATTEMPTS:
            wait_s = min(2.0 ** (before.count - _FREE_ATTEMPTS), _LONGEST_WAIT_S)
            left_s = before.last_s + wait_s - now_s
            if left_s > 0:
                message = f"Too many wrong logins. Try again in {math.ceil(left_s)} seconds."
                raise LimitReached(message, retry_after_s=left_s)
        self._make_room(now_s)
        self._attempts[client] = _Attempts(before.count + 1, now_s)

    def succeeded(self, client: str) -> None:
        """Forget the mistakes of a client that got in."""
        self._attempts.pop(client, None)

    def _make_room(self, now_s: float) -> None:
        if len(self._attempts) >= _MOST_CLIENTS:
            recent = [(c, a) for c, a in self._attempts.items() if now_s - a.last_s < _LONGEST_WAIT_S]
            # So many at once is one attacker with many addresses: whoever was quiet longest is let go.
            recent.sort(key=lambda entry: entry[1].last_s)
            self._attempts = dict(recent[-_MOST_CLIENTS * 9 // 10 :])
