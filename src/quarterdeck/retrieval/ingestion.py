"""Puts files into a knowledge base: say what you have, send what is wanted, publish a version.

Every step may be repeated and cut off anywhere: a file is here with all its passages or not at all, and what is
here is not read again. A file that cannot be read is noted with its reason while the rest goes on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from quarterdeck.core import clock
from quarterdeck.core.errors import Conflict, InvalidInput
from quarterdeck.core.hashing import content_hash, sha256
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.jobs.jobs import Jobs
from quarterdeck.retrieval import embedding_job, library, reading
from quarterdeck.retrieval.reader import Unreadable
from quarterdeck.retrieval.records import FileReply, IndexPublished, IndexVersion, ManifestFile, ManifestReply
from quarterdeck.retrieval.store import bases, index_rows, staging
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_MOST_PATH_CHARACTERS = 500


async def want(work: Work, knowledge: str, files: Sequence[ManifestFile]) -> ManifestReply:
    """Which of these files to send. The knowledge base is made when it is new."""
    for file in files:
        require_path(file.path)
    base = _base(work, knowledge)
    await bases.ensure_knowledge(work.runtime.database, base, clock.iso(clock.now()))
    here = await staging.staged(work.runtime.database, base.id)
    wanted = [file.path for file in files if not _is_current(here.get(file.path), file)]
    return ManifestReply(wanted=wanted, unchanged=len(files) - len(wanted))


async def stage_file(work: Work, knowledge: str, path: str, content: bytes) -> FileReply:
    """Read a file and have it ready for the next version."""
    require_path(path)
    base, database, now = _base(work, knowledge), work.runtime.database, clock.iso(clock.now())
    address = await asyncio.to_thread(sha256, content)
    try:
        document_id = reading.document_id(base.id, path, address)
        known = await staging.stage_known(database, base, path, address, document_id, now)
        if known is not None:
            return FileReply(path=path, status="unchanged", chunks=known, reason=None)
        document = await asyncio.to_thread(reading.read, base.id, path, content, now)
        # The original is kept before the row that leads to it, so that no row ever leads nowhere.
        await asyncio.to_thread(work.runtime.blobs.put, content)
    except Unreadable as refusal:
        await staging.stage_refusal(database, base, path, address, refusal.message, now)
        return FileReply(path=path, status="refused", chunks=0, reason=refusal.message)
    await staging.stage_document(database, base, document)
    return FileReply(path=path, status="stored", chunks=len(document.chunks), reason=None)


async def publish(
    work: Work, knowledge: str, *, paths: Sequence[str] | None = None, prune: bool = False
) -> IndexVersion:
    """Make what was sent the newest version, searchable at once by its words; vectors follow in the background.

    With `prune`, only the files in `paths` stay. Publishing what the newest version already is changes nothing.
    """
    if prune and paths is None:
        raise InvalidInput("`prune` needs `paths`: the files that stay.", param="paths")
    embedder = work.part(Embedder)
    index_id = await index_rows.publish(
        work.runtime.database,
        _base(work, knowledge),
        keep=paths if prune else None,
        embedder=embedder.name,
        address=lambda members: _address(members, embedder.name),
        at=clock.iso(clock.now()),
    )
    if index_id is None:
        raise Conflict(f"`{knowledge}` has nothing to publish: no file that could be read was sent to it.")
    index = await library.index(work, knowledge, index_id)
    await work.runtime.events.publish(IndexPublished(work.project_id, knowledge, index.id, index.version))
    if embedder.ready and index.embedded < index.chunks:
        await work.part(Jobs).start(embedding_job.KIND, {"index_id": index_id}, key=index_id)
    return index


def require_path(path: str) -> None:
    """Refuse a path that is not the plain relative path of a file."""
    parts = path.split("/")
    if (
        not path
        or len(path) > _MOST_PATH_CHARACTERS
        or path != PurePosixPath(path).as_posix()
        or any(part in ("", ".", "..") for part in parts)
        or any(character < " " or character in "\\\x7f" or "\ud800" <= character <= "\udfff" for character in path)
    ):
        raise InvalidInput(
            f"`path` must be a relative path such as `leave/annual.md`, without `..` and of at most "
            f"{_MOST_PATH_CHARACTERS} characters.",
            param="path",
        )


def _base(work: Work, knowledge: str) -> bases.KnowledgeBase:
    if not _NAME.fullmatch(knowledge):
        raise InvalidInput(
            "The name of a knowledge base has lower-case letters, digits, `.`, `_` and `-`, at most 63, and begins "
            "with a letter or digit.",
            param="name",
        )
    return bases.KnowledgeBase(reading.knowledge_id(work.project_id, knowledge), work.project_id, knowledge)


def _is_current(here: staging.StagedRow | None, file: ManifestFile) -> bool:
    """Whether a file is here as it is, read the way it would be read today. A refused one is always tried again."""
    return (
        here is not None
        and here.recipe is not None
        and here.sha256 == file.sha256.lower()
        and here.recipe == reading.recipe_for(file.path)
    )


def _address(members: Sequence[index_rows.Member], embedder: str) -> str:
    return content_hash([embedder, sorted([member.path, member.sha256, member.recipe] for member in members)])
