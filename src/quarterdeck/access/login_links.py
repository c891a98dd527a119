"""The link that `quarterdeck up` prints: whoever can read this terminal is let in, once, from this machine.

The administrator may ask for another one: `quarterdeck login-link`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from quarterdeck.access.browsers import is_loopback
from quarterdeck.access.records import LoginLink
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import NotAllowed, Unauthenticated
from quarterdeck.core.hashing import sha256
from quarterdeck.runtime.work import Work

_VALID_FOR = timedelta(minutes=15)


async def create(work: Work) -> LoginLink:
    """Another link for the administrator. A project's key may not open the administrator's door."""
    if work.actor.kind == "key":
        raise NotAllowed("Only the administrator makes login links, not a key of a project. Use the admin key.")
    return work.part(LoginLinks).issue()


class LoginLinks:
    """The links that are still good. In memory only: a restart makes them void."""

    def __init__(self) -> None:
        self._ends: dict[str, datetime] = {}

    def issue(self) -> LoginLink:
        """A link for one login within a quarter of an hour."""
        self._forget_old()
        token, ends = ids.new_secret(""), clock.now() + _VALID_FOR
        self._ends[sha256(token)] = ends
        return LoginLink(token=token, expires_at=clock.iso(ends))

    def redeem(self, token: str, *, client: str) -> None:
        """Use a token up. Only this machine may: a link that leaks opens nothing from elsewhere."""
        if not is_loopback(client):
            raise NotAllowed("A login link works on the server's own machine only. Use the password or the admin key.")
        self._forget_old()
        if self._ends.pop(sha256(token), None) is None:
            raise Unauthenticated(
                "This login link was used already or is too old. `quarterdeck login-link` prints a new one; "
                "the password and the admin key work too."
            )

    def _forget_old(self) -> None:
        now = clock.now()
        self._ends = {token: ends for token, ends in self._ends.items() if ends > now}
