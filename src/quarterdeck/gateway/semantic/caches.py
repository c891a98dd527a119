"""Semantic caches as their owner sees them: set up, looked into, calibrated from labels, purged, taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound, Unavailable
from quarterdeck.core.money import to_usd
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page, decode_cursor, encode_cursor
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.semantic import likeness, store
from quarterdeck.gateway.semantic.cache import SemanticCache, name_of
from quarterdeck.gateway.semantic.records import (
    CheckRecord,
    Policy,
    Purged,
    SemanticCacheCard,
    SemanticCachesChanged,
)
from quarterdeck.gateway.semantic.rehearsing import LabelledQuestion, rehearse
from quarterdeck.gateway.semantic.standing import CANDIDATE, Standing
from quarterdeck.gateway.semantic.store import CacheRow
from quarterdeck.runtime.work import Work

_MOST_LABELS = 3000
_PORTION = 64
_RANGES = {"most_wrong": (0.0005, 0.5), "confidence": (0.5, 0.999), "check_share": (0.01, 1.0)}
_LONGEST_TTL_S = 31_536_000


async def all_caches(work: Work) -> Page[SemanticCacheCard]:
    """Every semantic cache of the project."""
    return Page([_card(work, row) for row in await store.caches(work.runtime.database, work.project_id)])


async def get(work: Work, target: str) -> SemanticCacheCard:
    """One semantic cache."""
    return _card(work, await _row(work, target))


async def put(work: Work, target: str, policy: Policy, *, owner: str = "ui", force: bool = False) -> SemanticCacheCard:
    """Set up the semantic cache of an app or model, or change it. One whose promise broke begins anew."""
    name = name_of(work.part(Catalogue).find(work.project_id, target))
    _require_sound(policy)
    rows = await store.caches(work.runtime.database, work.project_id)
    for known in (row for row in rows if row.target == name):
        require_owner(f"The semantic cache of `{name}`", known.owner, owner=owner, force=force)
    await work.part(SemanticCache).write_down()  # first what was, so that nothing of it is taken for what comes
    await store.put(work.runtime.database, work.project_id, name, policy, clock.iso(clock.now()), owner=owner)
    await work.runtime.events.publish(SemanticCachesChanged())
    return await get(work, name)


async def remove(work: Work, target: str, *, owner: str = "ui", force: bool = False) -> None:
    """Take a semantic cache away, with its answers and checks."""
    row = await _row(work, target)
    require_owner(f"The semantic cache of `{target}`", row.owner, owner=owner, force=force)
    work.part(SemanticCache).purge((work.project_id, row.target))
    await store.remove(work.runtime.database, work.project_id, row.target)
    await work.runtime.events.publish(SemanticCachesChanged())


async def purge(work: Work, target: str) -> Purged:
    """Forget the kept answers; what was learnt about the promise stays."""
    row = await _row(work, target)
    return Purged(row.target, work.part(SemanticCache).purge((work.project_id, row.target)))


async def checks(
    work: Work, target: str, *, cursor: str | None = None, limit: int = 50, wrong_only: bool = False
) -> Page[CheckRecord]:
    """The comparisons that the promise rests on, newest first."""
    row = await _row(work, target)
    found = await store.check_records(
        work.runtime.database,
        work.project_id,
        row.target,
        before=None if cursor is None else int(decode_cursor(cursor)[0]),
        limit=limit + 1,
        wrong_only=wrong_only,
    )
    more = encode_cursor(found[limit - 1][0]) if len(found) > limit else None
    return Page([record for _, record in found[:limit]], more)


async def calibrate(work: Work, target: str, labels: Sequence[LabelledQuestion]) -> SemanticCacheCard:
    """Learn from questions whose right answers are known: each is asked of a cache that knows those before it.

    They should come as they come in life: from the app's own traffic, in its order, its rare questions as rare as they are.
    """
    row = await _row(work, target)
    if not 2 <= len(labels) <= _MOST_LABELS:
        raise InvalidInput(f"Send between 2 and {_MOST_LABELS} questions; these are {len(labels)}.", param="labels")
    embedder = work.part(Embedder)
    if not embedder.ready:
        raise Unavailable("There is no embedding model on this machine; `quarterdeck doctor` says how to get it.")
    found = await asyncio.to_thread(_rehearsed, embedder, labels)
    await store.write_down(work.runtime.database, work.project_id, row.target, found, likeness=likeness.model().version)
    await work.runtime.events.publish(SemanticCachesChanged())
    return await get(work, row.target)


def _rehearsed(embedder: Embedder, labels: Sequence[LabelledQuestion]) -> list[CheckRecord]:
    texts = [label.text for label in labels]
    portions = [embedder.embed(texts[start : start + _PORTION]) for start in range(0, len(texts), _PORTION)]
    vectors = np.concatenate(portions)
    now = clock.iso(clock.now())
    records = []
    for one in rehearse(labels, vectors):
        score = likeness.probability(one.question, one.neighbours)
        if one.vetoed is None and score >= CANDIDATE:
            similarity = one.neighbours[0].similarity
            records.append(CheckRecord(now, score, similarity, one.wrong, "labels", None, None))
    return records


async def _row(work: Work, target: str) -> CacheRow:
    rows = await store.caches(work.runtime.database, work.project_id)
    found = next((row for row in rows if row.target == target), None)
    if found is None:
        known = ", ".join(f"`{row.target}`" for row in rows)
        there = f" There are: {known}." if known else " Set one up with `quarterdeck semantic-cache set TARGET`."
        raise NotFound(f"`{target}` has no semantic cache.{there}")
    return found


def _require_sound(policy: Policy) -> None:
    promise = policy.promise
    for name, value in (
        ("most_wrong", promise.most_wrong),
        ("confidence", promise.confidence),
        ("check_share", policy.check_share),
    ):
        least, most = _RANGES[name]
        if not least <= value <= most:
            raise InvalidInput(f"`{name}` is {value:g}; it must be between {least:g} and {most:g}.", param=name)
    if not 1 <= policy.ttl_s <= _LONGEST_TTL_S:
        raise InvalidInput(f"`ttl_s` is {policy.ttl_s}; it must be between 1 and {_LONGEST_TTL_S}.", param="ttl_s")


def _card(work: Work, row: CacheRow) -> SemanticCacheCard:
    cache, name = work.part(SemanticCache), (work.project_id, row.target)
    # Another process may have set it up: then this one knows its row, and not yet how it stands.
    standing = cache.standing(name) or Standing(row.policy, row.since, broken=row.broken)
    calibration, policy = standing.calibration, standing.policy
    return SemanticCacheCard(
        target=row.target,
        mode=policy.mode,
        most_wrong=policy.promise.most_wrong,
        confidence=policy.promise.confidence,
        promise=policy.promise.said(),
        check_share=policy.check_share,
        ttl_s=policy.ttl_s,
        personal_data=policy.personal_data,
        shared=policy.shared,
        state=standing.state,
        reason=standing.reason,
        threshold=calibration.threshold,
        checks=calibration.checks,
        checks_covered=calibration.covered,
        checks_wrong=calibration.wrong,
        bound=calibration.bound,
        hit_share=calibration.hit_share,
        served=row.served + standing.served,
        saved_usd=to_usd(row.saved_pico + standing.saved_pico) or 0.0,
        entries=cache.entries(name),
        since=row.since,
        owner=row.owner,
    )
