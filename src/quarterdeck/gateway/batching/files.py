"""Files of requests and of answers: written to the disk as they come, kept once under their hash, by project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from pathlib import Path

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import InvalidInput, NotFound, TooLarge
from quarterdeck.gateway.batching import store
from quarterdeck.gateway.batching.records import Purpose, StoredFile
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work
from quarterdeck.storage.blobs import Blobs

LARGEST_FILE = 200 * 1024 * 1024
_LONGEST_NAME = 255
_MOST = 10_000


def contents(runtime: Runtime) -> Blobs:
    """Where the contents lie: apart from documents, because these may be deleted."""
    return Blobs(runtime.home / "files")


async def keep(work: Work, parts: AsyncIterable[bytes], *, named: Callable[[], str]) -> StoredFile:
    """Keep a file of requests, sent in parts; its name may be known only when all have come."""
    sha256, size = await write(work.runtime, parts)
    if size == 0:
        raise InvalidInput("The file is empty.", param="file")
    made = described(work.project_id, named(), "batch", sha256, size)
    await store.add_file(work.runtime.database, made)
    return made


async def write(runtime: Runtime, parts: AsyncIterable[bytes]) -> tuple[str, int]:
    """Write a content to the disk: its hash and its size."""
    draft, size = await asyncio.to_thread(contents(runtime).draft), 0
    try:
        async for part in parts:
            size += len(part)
            if size > LARGEST_FILE:
                raise TooLarge(f"The file is larger than {LARGEST_FILE >> 20} MB. Split it into several batches.")
            await asyncio.to_thread(draft.write, part)
        return await asyncio.to_thread(draft.keep), size
    except BaseException:
        draft.discard()
        raise


async def get(work: Work, file_id: str) -> StoredFile:
    """One file of the project."""
    found = await store.file(work.runtime.database, work.project_id, file_id)
    if found is None:
        raise NotFound(f"No file has the id `{file_id}`.", param="file_id")
    return found


async def listed(work: Work, *, purpose: str | None, after: str | None, limit: int) -> tuple[list[StoredFile], bool]:
    """The newest files, and whether there are more."""
    limit = min(max(1, limit), _MOST)
    start = await get(work, after) if after is not None else None
    found = await store.files(work.runtime.database, work.project_id, purpose=purpose, after=start, limit=limit + 1)
    return found[:limit], len(found) > limit


async def path_of(work: Work, file_id: str) -> Path:
    """Where the content of a file lies."""
    return contents(work.runtime).path((await get(work, file_id)).sha256)


async def remove(work: Work, file_id: str) -> None:
    """Forget a file, and its content, unless another file has the same."""
    found = await get(work, file_id)
    await store.remove_file(work.runtime.database, work.project_id, file_id)
    if not await store.is_used(work.runtime.database, found.sha256):
        await asyncio.to_thread(contents(work.runtime).path(found.sha256).unlink, missing_ok=True)


def described(project_id: str, name: str, purpose: Purpose, sha256: str, size: int) -> StoredFile:
    """A file that has just been written."""
    return StoredFile(
        id=ids.new_id("file"),
        project_id=project_id,
        name=name[:_LONGEST_NAME] or "file.jsonl",
        purpose=purpose,
        sha256=sha256,
        size=size,
        created_at=int(clock.now().timestamp()),
    )
