"""The prompt library: every wording kept, numbered, and known by its content hash."""

from __future__ import annotations

import re

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.hashing import sha256
from quarterdeck.core.paging import Page
from quarterdeck.prompts import rendering, store
from quarterdeck.prompts.records import Prompt, PromptHistory, PromptVersion
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


async def add_version(work: Work, name: str, template: str, *, note: str = "") -> PromptVersion:
    """Keep a wording as the next version. The wording that is already the newest makes no new one."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"`{name}` is no prompt name. Use lower-case letters, digits, `-`, `_`, `.`.", param="name")
    rendering.check(template)
    return await store.add_version(
        work.runtime.database,
        work.project_id,
        name,
        template=template,
        sha256=sha256(template),
        note=note,
        at=clock.iso(clock.now()),
        by=work.actor.name,
    )


async def version(work: Work, name: str, number: int | None = None) -> PromptVersion:
    """One version of a prompt, or its newest."""
    found = await store.version(work.runtime.database, work.project_id, name, number)
    if found is not None:
        return found
    if number is None:
        known = [prompt.name for prompt in await store.prompts(work.runtime.database, work.project_id)]
        raise NotFound(f"No prompt is called `{name}`. There are: {known}.")
    raise NotFound(f"The prompt `{name}` has no version {number}.")


async def all_prompts(work: Work) -> Page[Prompt]:
    """Every prompt with its newest version."""
    return Page(await store.prompts(work.runtime.database, work.project_id))


async def history(work: Work, name: str) -> PromptHistory:
    """A prompt with all its versions, newest first."""
    await version(work, name)
    return PromptHistory(name=name, versions=await store.versions(work.runtime.database, work.project_id, name))
