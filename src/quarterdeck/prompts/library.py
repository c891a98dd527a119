"""The prompt library: every wording kept, numbered, and known by its content hash."""

from __future__ import annotations

import re
from collections.abc import Mapping

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.hashing import Json, content_hash, sha256
from quarterdeck.core.paging import Page
from quarterdeck.prompts import rendering, store
from quarterdeck.prompts.records import Prompt, PromptHistory, PromptLabel, PromptsChanged, PromptVersion
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NUMBER = re.compile(r"v?\d+")
RESERVED = {"latest"}
PARAMETERS: Mapping[str, tuple[type, ...]] = {
    "temperature": (int, float),
    "top_p": (int, float),
    "max_tokens": (int,),
    "seed": (int,),
    "stop": (str, list),
    "reasoning_effort": (str,),
    "response_format": (dict,),
    "tools": (list,),
    "tool_choice": (str, dict),
    "parallel_tool_calls": (bool,),
}


async def add_version(
    work: Work,
    name: str,
    template: str,
    *,
    note: str = "",
    model: str | None = None,
    parameters: Mapping[str, Json] | None = None,
    label: str | None = None,
) -> PromptVersion:
    """Keep a wording, with what is called with it, as the next version; the same as the newest makes no new one."""
    _require_parameters(parameters or {})
    if label is not None:
        _require_label(label)
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"`{name}` is no prompt name. Use lower-case letters, digits, `-`, `_`, `.`.", param="name")
    rendering.check(template)
    content: Json = {"template": template, "model": model, "parameters": parameters or {}}
    version = await store.add_version(
        work.runtime.database,
        work.project_id,
        name,
        template=template,
        model=model or None,
        parameters=parameters or {},
        # A wording alone has the address of its words, as always.
        sha256=content_hash(content) if model or parameters else sha256(template),
        note=note,
        at=clock.iso(clock.now()),
        by=work.actor.name,
    )
    if label is not None:
        await _move(work, name, label, version.version)
    await work.runtime.events.publish(PromptsChanged())
    return version


async def move_label(work: Work, name: str, label: str, number: int) -> PromptLabel:
    """Let a label such as `production` stand for a version, from the next request on."""
    _require_label(label)
    await version(work, name, number)
    moved = await _move(work, name, label, number)
    await work.runtime.events.publish(PromptsChanged())
    return moved


async def remove_label(work: Work, name: str, label: str) -> None:
    """Take a label away."""
    if not await store.remove_label(work.runtime.database, work.project_id, name, label):
        raise NotFound(f"The prompt `{name}` has no label `{label}`.")
    await work.runtime.events.publish(PromptsChanged())


async def _move(work: Work, name: str, label: str, number: int) -> PromptLabel:
    moved = PromptLabel(label, number, clock.iso(clock.now()), work.actor.name)
    await store.move_label(work.runtime.database, work.project_id, name, moved)
    return moved


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
    versions = await store.versions(work.runtime.database, work.project_id, name)
    labels = await store.labels(work.runtime.database, work.project_id)
    return PromptHistory(name=name, versions=versions, labels=labels.get(name, []))


def _require_label(label: str) -> None:
    if not _LABEL.fullmatch(label) or label in RESERVED or _NUMBER.fullmatch(label):
        raise InvalidInput(
            f"`{label}` is no label. Use lower-case letters, digits and `-`; `latest`, `v3` and `3` always mean what they say.",
            param="label",
        )


def _require_parameters(parameters: Mapping[str, Json]) -> None:
    for name, value in parameters.items():
        kinds = PARAMETERS.get(name)
        if kinds is None:
            raise InvalidInput(
                f"`{name}` is no parameter of a prompt. There are: {sorted(PARAMETERS)}.", param="parameters"
            )
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise InvalidInput(
                f"The parameter `{name}` is {value!r}; it must be {' or '.join(one.__name__ for one in kinds)}.",
                param="parameters",
            )
