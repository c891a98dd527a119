"""The link that `quarterdeck up` prints: whoever can read this terminal is let in, once, from this machine."""

from __future__ import annotations

from datetime import datetime, timedelta

from quarterdeck.access.browsers import is_loopback
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import NotAllowed, Unauthenticated
from quarterdeck.core.hashing import sha256

_VALID_FOR = timedelta(minutes=15)


class LoginLinks:
    """The links that are still good. In memory only: a restart makes them void."""

    def __init__(self) -> None:
        self._ends: dict[str, datetime] = {}

    def issue(self) -> str:
        """A token for one login within a quarter of an hour."""
        self._forget_old()
        token = ids.new_secret("")
        self._ends[sha256(token)] = clock.now() + _VALID_FOR
        return token

    def redeem(self, token: str, *, client: str) -> None:
        """Use a token up. Only this machine may: a link that leaks opens nothing from elsewhere."""
        if not is_loopback(client):
            raise NotAllowed("A login link works on the server's own machine only. Use the password or the admin key.")
        self._forget_old()
        if self._ends.pop(sha256(token), None) is None:
            raise Unauthenticated(
                "This login link was used already or is too old. Start the server again for a new one, "
                "or use the password or the admin key."
            )

    def _forget_old(self) -> None:
        now = clock.now()
        self._ends = {token: ends for token, ends in self._ends.items() if ends > now}
