"""Batches from the side of those who order them: begin one, look at it, stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.gateway.batching import files, store
from quarterdeck.gateway.batching.records import ENDED, JOB, Batch
from quarterdeck.jobs.jobs import Jobs
from quarterdeck.runtime.work import Work

ENDPOINTS = (
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/moderations",
)
WINDOW = "24h"
_WINDOW_S = 24 * 60 * 60
_MOST = 100
_MOST_LABELS = 16


async def begin(
    work: Work,
    *,
    endpoint: str,
    input_file_id: str,
    completion_window: str = WINDOW,
    metadata: Mapping[str, str] | None = None,
) -> Batch:
    """Begin a batch: it is a durable job from here on."""
    if endpoint not in ENDPOINTS:
        raise InvalidInput(
            f"`{endpoint}` cannot be called in a batch. There are: {', '.join(ENDPOINTS)}.", param="endpoint"
        )
    if completion_window != WINDOW:
        raise InvalidInput(f"`completion_window` must be `{WINDOW}`.", param="completion_window")
    if len(metadata or {}) > _MOST_LABELS:
        raise InvalidInput(f"`metadata` has more than {_MOST_LABELS} labels.", param="metadata")
    file = await files.get(work, input_file_id)
    if file.purpose != "batch":
        raise InvalidInput(f"The file `{file.id}` holds answers, not requests.", param="input_file_id")
    now = int(clock.now().timestamp())
    batch = Batch(
        id=ids.new_id("batch"),
        project_id=work.project_id,
        actor_id=work.actor.id,
        endpoint=endpoint,
        input_file_id=file.id,
        status="validating",
        created_at=now,
        expires_at=now + _WINDOW_S,
        metadata=dict(metadata or {}),
    )
    await store.add_batch(work.runtime.database, batch)
    await work.part(Jobs).start(JOB, {"batch_id": batch.id}, key=batch.id)
    return batch


async def get(work: Work, batch_id: str) -> Batch:
    """One batch of the project."""
    found = await store.batch(work.runtime.database, work.project_id, batch_id)
    if found is None:
        raise NotFound(f"No batch has the id `{batch_id}`.", param="batch_id")
    return (await _with_counts(work, [found]))[0]


async def listed(work: Work, *, after: str | None, limit: int) -> tuple[list[Batch], bool]:
    """The newest batches, and whether there are more."""
    limit = min(max(1, limit), _MOST)
    start = await get(work, after) if after is not None else None
    found = await store.batches_of(work.runtime.database, work.project_id, after=start, limit=limit + 1)
    return await _with_counts(work, found[:limit]), len(found) > limit


async def cancel(work: Work, batch_id: str) -> Batch:
    """Stop a batch: no new line begins; what is finished is kept and can be read."""
    batch = await get(work, batch_id)
    if batch.status in ENDED:
        raise Conflict(f"The batch `{batch_id}` is {batch.status} already.")
    moments = {"cancelling": int(clock.now().timestamp()), **batch.moments}
    stopped = replace(batch, status="cancelling", moments=moments)
    if not await store.change(work.runtime.database, stopped, unless=(*ENDED, "finalizing")):
        raise Conflict(f"The batch `{batch_id}` was finished just now.")
    return await get(work, batch_id)


async def _with_counts(work: Work, found: list[Batch]) -> list[Batch]:
    """Batches with what is done so far; those that have ended know it themselves."""
    going_on = [batch.id for batch in found if batch.status not in ENDED]
    done = await store.counts(work.runtime.database, going_on) if going_on else {}
    return [
        replace(batch, completed=done[batch.id][0], failed=done[batch.id][1]) if batch.id in done else batch
        for batch in found
    ]
