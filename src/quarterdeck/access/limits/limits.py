"""Limits and budgets: set, changed, removed; how far they are used, and what alerts they raised."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from quarterdeck.access import store as access_store
from quarterdeck.access.limits import store, windows
from quarterdeck.access.limits.counters import Standing
from quarterdeck.access.limits.limiter import Limiter
from quarterdeck.access.limits.records import (
    Limit,
    LimitAlert,
    LimitsChanged,
    LimitUsage,
    Metric,
    State,
    StoreStatus,
    Subject,
    Window,
    amount_of,
)
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page, decode_cursor, encode_cursor
from quarterdeck.runtime.work import Work

MOST_USD = 5_000_000
_MOST_PIECES = 10**15
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_ALERTS_A_PAGE = 100
_MOST_VALUES = 1000


@dataclass(frozen=True)
class LimitWish:
    """What a limit should be."""

    subject: Subject
    metric: Metric
    amount: float
    window: Window | None = None
    subject_id: str | None = None
    each: bool = False
    hard: bool = True
    alert_at: Sequence[float] = (0.8, 1.0)
    enabled: bool = True


async def all_limits(work: Work) -> Page[Limit]:
    """The limits of the project, by name."""
    return Page(await store.limits(work.runtime.database, work.project_id))


async def get(work: Work, name: str) -> Limit:
    """One limit."""
    limit = await store.limit(work.runtime.database, work.project_id, name)
    if limit is None:
        known = [one.name for one in await store.limits(work.runtime.database, work.project_id)]
        raise NotFound(f"No limit is called `{name}`. There are: {known}.")
    return limit


async def create(work: Work, name: str, wish: LimitWish, *, owner: str = "ui") -> Limit:
    """A new limit. It holds from the next request on."""
    limit = await _limit(work, name, wish, owner)
    await store.add(work.runtime.database, work.project_id, limit)
    await work.runtime.events.publish(LimitsChanged())
    return limit


async def put(work: Work, name: str, wish: LimitWish, *, owner: str = "ui", force: bool = False) -> Limit:
    """The limit of this name, made or changed. What was used stays used, as long as the same thing is counted."""
    known = await store.limit(work.runtime.database, work.project_id, name)
    if known is None:
        return await create(work, name, wish, owner=owner)
    require_owner(f"The limit `{name}`", known.owner, owner=owner, force=force)
    limit = replace(await _limit(work, name, wish, owner), created_at=known.created_at)
    if _counted(limit) == _counted(known):
        limit = replace(limit, id=known.id)
    await store.change(work.runtime.database, work.project_id, limit)
    await work.runtime.events.publish(LimitsChanged())
    return limit


async def remove(work: Work, name: str, *, owner: str = "ui", force: bool = False) -> None:
    """Limit no more, from the next request on."""
    known = await get(work, name)
    require_owner(f"The limit `{name}`", known.owner, owner=owner, force=force)
    await store.remove(work.runtime.database, work.project_id, name)
    await work.runtime.events.publish(LimitsChanged())


async def usage(work: Work) -> Page[LimitUsage]:
    """How far each limit is used at this moment. One that each has for themselves is there once for each who used it."""
    found: list[LimitUsage] = []
    for limit in await store.limits(work.runtime.database, work.project_id):
        found += await _usage(work, limit)
    return Page(found)


async def usage_of(work: Work, name: str) -> Page[LimitUsage]:
    """How far one limit is used at this moment."""
    return Page(await _usage(work, await get(work, name)))


async def alerts(work: Work, *, cursor: str | None = None) -> Page[LimitAlert]:
    """The alerts that limits raised, newest first."""
    before = None if cursor is None else str(decode_cursor(cursor)[0])
    found = await store.alerts(work.runtime.database, work.project_id, most=_ALERTS_A_PAGE, before=before)
    return Page(found, encode_cursor(found[-1].id) if len(found) == _ALERTS_A_PAGE else None)


async def store_status(work: Work) -> StoreStatus:
    """How what is used is counted, and whether the shared store can be reached."""
    return work.part(Limiter).counters.status()


async def _usage(work: Work, limit: Limit) -> list[LimitUsage]:
    start_s, end_s = windows.bounds_s(limit.window, windows.now_s())
    prefix = f"{work.actor.project_name}:{limit.counter}:{start_s}:"
    standings = await work.part(Limiter).counters.look(prefix)
    if not limit.each:
        standings = {prefix: standings.get(prefix, Standing())}
    most_used = sorted(standings.items(), key=lambda entry: -entry[1].used - entry[1].reserved)
    return [
        _usage_row(limit, key.removeprefix(prefix), standing, start_s, end_s)
        for key, standing in most_used[:_MOST_VALUES]
    ]


def _usage_row(limit: Limit, value: str, standing: Standing, start_s: int, end_s: int) -> LimitUsage:
    taken = standing.reserved if limit.metric == "concurrency" else standing.used
    share = taken / limit.units if limit.units else 1.0
    state: State = "ok"
    if share >= 1.0:
        state = "reached"
    elif any(share >= warning for warning in limit.alert_at):
        state = "warned"
    return LimitUsage(
        limit=limit,
        value=value,
        used=amount_of(limit.metric, standing.used),
        reserved=amount_of(limit.metric, standing.reserved),
        left=amount_of(limit.metric, max(0, limit.units - standing.used - standing.reserved)),
        share=share,
        state=state,
        window_start=windows.iso_s(start_s),
        resets_at=windows.iso_s(end_s),
    )


async def _limit(work: Work, name: str, wish: LimitWish, owner: str) -> Limit:
    if not _NAME.fullmatch(name):
        raise InvalidInput("A limit name has 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, a letter or digit first.",
                           param="name")  # fmt: skip
    _require_amount(wish)
    now = clock.iso(clock.now())
    return Limit(
        id=ids.new_id("lim"),
        name=name,
        subject=wish.subject,
        subject_id=await _subject_id(work, wish),
        each=wish.each and wish.subject != "project",
        metric=wish.metric,
        amount=wish.amount,
        window=_window(wish),
        hard=wish.hard,
        alert_at=_shares(wish.alert_at),
        enabled=wish.enabled,
        owner=owner,
        created_at=now,
        changed_at=now,
    )


def _require_amount(wish: LimitWish) -> None:
    if not math.isfinite(wish.amount) or wish.amount < 0:
        raise InvalidInput("The amount must be a number, and not below 0.", param="amount")
    if wish.metric == "cost" and wish.amount > MOST_USD:
        raise InvalidInput(f"A budget is ${MOST_USD:,} at most.", param="amount")
    if wish.metric != "cost" and (wish.amount != int(wish.amount) or wish.amount > _MOST_PIECES):
        raise InvalidInput(f"`{wish.metric}` are counted in whole numbers, up to {_MOST_PIECES:,}.", param="amount")


def _window(wish: LimitWish) -> Window:
    if wish.metric == "concurrency":
        if wish.window not in (None, "now"):
            raise InvalidInput("`concurrency` has no window: it is what goes on at one time.", param="window")
        return "now"
    if wish.window is None or wish.window == "now":
        raise InvalidInput("Say in which `window`: `second`, `minute`, `hour`, `day`, `week`, `month` or `total`.",
                           param="window")  # fmt: skip
    return wish.window


async def _subject_id(work: Work, wish: LimitWish) -> str:
    if wish.subject == "project":
        if wish.subject_id not in (None, "", "*", work.project_id, work.actor.project_name):
            raise InvalidInput("A limit of the project concerns the project it is made in. Leave `subject_id` out.",
                               param="subject_id")  # fmt: skip
        return work.project_id
    named = (wish.subject_id or "").strip()
    if not named:
        raise InvalidInput(f"Say which {wish.subject}: a name, a pattern, or `*` for all.", param="subject_id")
    if wish.subject == "key" and "*" not in named:
        return await _key_id(work, named)
    return named


async def _key_id(work: Work, named: str) -> str:
    known = await access_store.keys_of(work.runtime.database, work.project_id)
    found = [key.id for key in known if key.id == named or (key.name == named and key.revoked_at is None)]
    if len(found) != 1:
        reason = "Several keys have this name: give the id." if found else "`quarterdeck keys list` shows them."
        raise NotFound(f"No single key is called `{named}`. {reason}", param="subject_id")
    return found[0]


def _shares(alert_at: Sequence[float]) -> list[float]:
    if any(not 0 < share <= 10 for share in alert_at) or len(alert_at) > 10:
        raise InvalidInput("`alert_at` has up to ten shares above 0, such as 0.8 for 80 %.", param="alert_at")
    return sorted(set(alert_at))


def _counted(limit: Limit) -> tuple[object, ...]:
    """What its counters count: another of these, and they begin at nothing."""
    return limit.subject, limit.subject_id, limit.each, limit.metric, limit.window
