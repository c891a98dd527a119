"""Guardrails: what a project looks for in what goes in and what comes out, and what happens then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.hashing import Json
from quarterdeck.core.ids import new_id
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.runtime.work import Work
from quarterdeck.safety import store
from quarterdeck.safety.check import Check, Circumstances, RemoteCheck, make_check
from quarterdeck.safety.judging import LiveGuardrail, judge
from quarterdeck.safety.live_guardrails import live
from quarterdeck.safety.records import (
    Action,
    Guardrail,
    GuardrailsChanged,
    GuardrailScope,
    GuardrailTrial,
    Role,
    Stage,
    Streaming,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_MOST_CHECKS = 20
DEFAULT_ROLES: tuple[Role, ...] = ("user", "tool")


@dataclass(frozen=True)
class GuardrailWish:
    """What a guardrail should be."""

    checks: list[dict[str, Json]]
    stages: list[Stage] = field(default_factory=lambda: ["input", "output"])
    action: Action = "block"
    description: str = ""
    enabled: bool = True
    streaming: Streaming = "hold"
    roles: list[Role] = field(default_factory=lambda: list(DEFAULT_ROLES))
    scope: GuardrailScope = field(default_factory=GuardrailScope)
    secret: str | None = field(default=None, repr=False)
    """The credential of its webhook. None keeps the one that is stored; an empty text removes it."""


async def put(work: Work, name: str, wish: GuardrailWish, *, owner: str = "ui", force: bool = False) -> Guardrail:
    """Make a guardrail, or the next version of one. It holds from the next request on."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "A guardrail's name has 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-`, and begins with a letter or digit.",
            param="name",
        )
    _require_sound(wish)
    known = await store.guardrail(work.runtime.database, work.project_id, name)
    if known is not None:
        require_owner(f"The guardrail `{name}`", known.owner, owner=owner, force=force)
    now = clock.iso(clock.now())
    guardrail = Guardrail(
        id=known.id if known else new_id("grd"),
        name=name,
        version=known.version + 1 if known else 1,
        description=wish.description,
        enabled=wish.enabled,
        stages=_once(wish.stages),
        checks=wish.checks,
        action=wish.action,
        streaming=wish.streaming,
        roles=_once(wish.roles),
        scope=wish.scope,
        has_secret=bool(wish.secret) or (wish.secret is None and known is not None and known.has_secret),
        owner=owner,
        created_at=known.created_at if known else now,
        changed_at=now,
    )
    await store.put(work.runtime.database, work.runtime.vault, work.project_id, guardrail, secret=wish.secret)
    await work.runtime.events.publish(GuardrailsChanged())
    return guardrail


async def switch(work: Work, name: str, *, enabled: bool, force: bool = False) -> Guardrail:
    """Switch a guardrail on or off."""
    known = await get(work, name)
    require_owner(f"The guardrail `{name}`", known.owner, owner="ui", force=force)
    changed = replace(known, enabled=enabled, version=known.version + 1, changed_at=clock.iso(clock.now()))
    await store.put(work.runtime.database, work.runtime.vault, work.project_id, changed, secret=None)
    await work.runtime.events.publish(GuardrailsChanged())
    return changed


async def remove(work: Work, name: str, *, owner: str = "ui", force: bool = False) -> None:
    """Take a guardrail away. Verdicts that name it stay in the traces."""
    known = await get(work, name)
    require_owner(f"The guardrail `{name}`", known.owner, owner=owner, force=force)
    await store.remove(work.runtime.database, work.project_id, name)
    await work.runtime.events.publish(GuardrailsChanged())


async def get(work: Work, name: str) -> Guardrail:
    """One guardrail."""
    found = await store.guardrail(work.runtime.database, work.project_id, name)
    if found is None:
        known = [one.name for one in await store.guardrails(work.runtime.database, work.project_id)]
        raise NotFound(f"No guardrail is called `{name}`. There are: {known}.")
    return found


async def secret_of(work: Work, name: str) -> str | None:
    """The credential of a guardrail's webhook: for who applies a configuration, not for anybody's eyes."""
    return await store.secret(work.runtime.database, work.runtime.vault, work.project_id, name)


async def all_guardrails(work: Work) -> Page[Guardrail]:
    """The guardrails of the project, by name."""
    return Page(await store.guardrails(work.runtime.database, work.project_id))


async def trial(work: Work, name: str, text: str, stage: Stage) -> GuardrailTrial:
    """What a guardrail says about a text, without any request. Its webhook is asked for real."""
    record = await get(work, name)
    return await _try(work, live(record, await secret_of(work, name)), text, stage)


async def trial_of_checks(work: Work, checks: list[dict[str, Json]], text: str, action: Action) -> GuardrailTrial:
    """What checks would say that are not stored yet. None of them may call another machine."""
    made = _made(checks)
    if any(isinstance(check, RemoteCheck) for check in made):
        raise InvalidInput("A webhook can be tried once its guardrail is stored.", param="checks")
    record = Guardrail(
        id="", name="trial", version=0, description="", enabled=True, stages=["input"], checks=checks, action=action,
        streaming="hold", roles=[], scope=GuardrailScope(), has_secret=False, owner="", created_at="", changed_at="",
    )  # fmt: skip
    return await _try(work, LiveGuardrail(record, tuple(made)), text, "input")


async def _try(work: Work, guardrail: LiveGuardrail, text: str, stage: Stage) -> GuardrailTrial:
    circumstances = Circumstances(guardrail=guardrail.record.name, stage=stage, model="trial")
    judgement, written = await judge(guardrail, stage, [text], work.runtime.http, circumstances)
    return GuardrailTrial(blocked=judgement.blocked, text=written[0], verdicts=judgement.verdicts())


def _require_sound(wish: GuardrailWish) -> None:
    if not wish.stages:
        raise InvalidInput("A guardrail has at least one stage: `input`, `output`.", param="stages")
    if "input" in wish.stages and not wish.roles:
        raise InvalidInput("Whose words shall be looked at? Name at least one of the `roles`.", param="roles")
    for check in _made(wish.checks):
        strange = [stage for stage in wish.stages if stage not in check.stages]
        if strange:
            raise InvalidInput(f"`{check.kind}` cannot look at an {strange[0]}. Drop that stage.", param="stages")


def _made(checks: list[dict[str, Json]]) -> list[Check[Any]]:  # Any: each has options of its own
    if not 1 <= len(checks) <= _MOST_CHECKS:
        raise InvalidInput(f"A guardrail has 1 to {_MOST_CHECKS} checks.", param="checks")
    made = [make_check(_mapping(wanted)) for wanted in checks]
    twice = {check.kind for check in made if sum(other.kind == check.kind for other in made) > 1}
    if twice:
        raise InvalidInput(f"It has `{min(twice)}` twice. Join the two, or make two guardrails.", param="checks")
    return made


def _mapping(wanted: object) -> Mapping[str, object]:
    if not isinstance(wanted, dict):
        raise InvalidInput("A check is an object with a `kind` and its options.", param="checks")
    return wanted


def _once(names: list[Any]) -> list[Any]:  # Any: a list of one Literal type or another
    return list(dict.fromkeys(names))
