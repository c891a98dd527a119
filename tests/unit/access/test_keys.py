"""Keys: shown once, kept as a hash, dead when revoked or expired."""

from __future__ import annotations

from quarterdeck.access import keys
from quarterdeck.access.keyring import Keyring
from quarterdeck.runtime.work import Work


async def test_a_new_key_opens_the_door_at_once(work: Work) -> None:
    made = await keys.create(work, "ci", scopes=["gateway"])

    actor = work.part(Keyring).actor_for(made.secret)

    assert actor.name == "ci"
    assert actor.scopes == {"gateway"}
