"""Secrets by name, sealed in the vault: what a configuration file means by `${secret:NAME}`."""

from __future__ import annotations

import re

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.paging import Page
from quarterdeck.declared import store
from quarterdeck.declared.records import NamedSecret, SecretsChanged
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_LONGEST = 16_384
_LEAST_TO_HINT_AT = 12


async def all_secrets(work: Work) -> Page[NamedSecret]:
    """The names of the project's secrets, and the ends of what they say."""
    return Page(await store.secrets(work.runtime.database, work.project_id))


async def put(work: Work, name: str, value: str) -> NamedSecret:
    """Set a secret. What was applied with it before keeps what it had, until it is applied again."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "The name of a secret has 1 to 128 letters, digits, `.`, `_`, `-` and `/`, a letter or digit first.",
            param="name",
        )
    if not value or len(value) > _LONGEST:
        raise InvalidInput(f"A secret has 1 to {_LONGEST} characters.", param="value")
    hint = f"…{value[-4:]}" if len(value) >= _LEAST_TO_HINT_AT and value[-4:].isalnum() else "…"
    secret = NamedSecret(name, hint, clock.iso(clock.now()), work.actor.name)
    await store.put(work.runtime.database, work.runtime.vault, work.project_id, secret, value)
    await work.runtime.events.publish(SecretsChanged())
    return secret


async def remove(work: Work, name: str) -> None:
    """Forget a secret. What was applied with it keeps what it had."""
    if not await store.remove(work.runtime.database, work.project_id, name):
        known = [one.name for one in await store.secrets(work.runtime.database, work.project_id)]
        raise NotFound(f"No secret is called `{name}`. There are: {known}.")
    await work.runtime.events.publish(SecretsChanged())
