"""What is in the knowledge bases: their versions, documents and passages."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from typing import NoReturn

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.paging import Page, decode_cursor, encode_cursor
from quarterdeck.retrieval.records import (
    ChunkDetail,
    Document,
    DocumentDetail,
    IndexName,
    IndexVersion,
    Knowledge,
    KnowledgeDetail,
    Original,
)
from quarterdeck.retrieval.store import bases, index_rows, passages
from quarterdeck.runtime.work import Work


async def all_knowledge(work: Work) -> Page[Knowledge]:
    """Every knowledge base of the project, by name."""
    return Page(await bases.knowledge(work.runtime.database, work.project_id))


async def knowledge(work: Work, name: str) -> KnowledgeDetail:
    """A knowledge base with its history and what it could not read."""
    database = work.runtime.database
    found = await bases.knowledge(database, work.project_id, name)
    knowledge_id = await bases.knowledge_id(database, work.project_id, name)
    if not found or knowledge_id is None:
        raise await _unknown(work, name)
    return KnowledgeDetail(
        **vars(found[0]),
        versions=await bases.versions(database, knowledge_id),
        failures=await bases.failures(database, knowledge_id),
    )


async def index(work: Work, knowledge: str, index_id: str | None = None) -> IndexVersion:
    """An index version of a knowledge base: the newest, or one by its id."""
    found = await index_rows.index(work.runtime.database, work.project_id, knowledge, index_id)
    return found if found is not None else await _refuse(work, knowledge, index_id)


async def index_name(work: Work, knowledge: str, index_id: str | None = None) -> IndexName:
    """Which index version that is, quickly."""
    found = await index_rows.index_name(work.runtime.database, work.project_id, knowledge, index_id)
    return found if found is not None else await _refuse(work, knowledge, index_id)


async def documents(
    work: Work, knowledge: str, *, cursor: str | None = None, limit: int = 50, q: str | None = None
) -> Page[Document]:
    """The documents of the newest version, by path."""
    newest = await index_name(work, knowledge)
    after = None
    if cursor is not None:
        key = decode_cursor(cursor)
        if len(key) != 2:
            raise InvalidInput("`cursor` is not one of ours. Start again without it.", param="cursor")
        after = (str(key[0]), str(key[1]))
    found = await passages.documents_page(work.runtime.database, newest.id, after=after, limit=limit + 1, q=q)
    if len(found) <= limit:
        return Page(found)
    last = found[limit - 1]
    return Page(found[:limit], next_cursor=encode_cursor(last.path, last.id))


async def document(work: Work, knowledge: str, document_id: str) -> DocumentDetail:
    """A document with its passages; those of older versions too."""
    database = work.runtime.database
    found = await passages.document(database, work.project_id, document_id)
    if found is None or found[1] != knowledge:
        raise NotFound(f"`{knowledge}` has no document `{document_id}`.", param="id")
    fields = vars(found[0]) | {"chunks": await passages.chunks_of(database, document_id)}
    return DocumentDetail(**fields)


async def original(work: Work, knowledge: str, document_id: str) -> Original:
    """The file that a document was read from, byte for byte."""
    found = await document(work, knowledge, document_id)
    content = await asyncio.to_thread(work.runtime.blobs.get, found.sha256)
    return Original(name=PurePosixPath(found.path).name, content=content)


async def chunk(work: Work, chunk_id: str) -> ChunkDetail:
    """A passage with its document, the passage before and the passage after."""
    database = work.runtime.database
    found = await passages.chunk(database, work.project_id, chunk_id)
    if found is None:
        raise NotFound(f"There is no passage `{chunk_id}`.", param="id")
    passage, of = found
    first = max(0, passage.ordinal - 1)
    near = await passages.chunks_of(database, passage.document_id, first=first, last=passage.ordinal + 1)
    around = {one.ordinal: one for one in near}
    return ChunkDetail(
        **vars(passage),
        document=of,
        before=around.get(passage.ordinal - 1),
        after=around.get(passage.ordinal + 1),
    )


async def _refuse(work: Work, knowledge: str, index_id: str | None) -> NoReturn:
    """Say why there is no such index version."""
    if await bases.knowledge_id(work.runtime.database, work.project_id, knowledge) is None:
        raise await _unknown(work, knowledge)
    if index_id is not None:
        raise NotFound(f"`{knowledge}` has no index version `{index_id}`.", param="index_id")
    raise NotFound(
        f"`{knowledge}` has no version yet. Publish one: `quarterdeck ingest PATH --into {knowledge}`.", param="name"
    )


async def _unknown(work: Work, name: str) -> NotFound:
    known = await bases.knowledge_names(work.runtime.database, work.project_id)
    there = f"There are: {', '.join(f'`{one}`' for one in known)}." if known else "There is none yet."
    return NotFound(f"No knowledge base is called `{name}`. {there}", param="name")
