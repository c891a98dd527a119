"""The SQL of retrieval: files on their way into the next version."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from quarterdeck.retrieval.store.bases import KnowledgeBase, ensure_row
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import chunks, documents, staged_files


@dataclass(frozen=True)
class StagedRow:
    """A file as the next version would have it."""

    path: str
    sha256: str
    recipe: str | None
    """How its document was made; None when it was refused."""


@dataclass(frozen=True)
class NewDocument:
    """A document to keep, with its passages."""

    id: str
    knowledge_id: str
    path: str
    sha256: str
    recipe: str
    title: str
    media_type: str
    size: int
    ingested_at: str
    chunks: Sequence[NewChunk]


@dataclass(frozen=True)
class NewChunk:
    """A passage to keep."""

    id: str
    ordinal: int
    heading_path: Sequence[str]
    text: str
    words: int
    text_sha256: str
    start: int
    end: int
    line_start: int
    line_end: int
    page: int | None


async def staged(database: Database, knowledge_id: str, paths: Collection[str] | None = None) -> dict[str, StagedRow]:
    """The files staged for the next version, by path."""
    statement = (
        select(staged_files.c.path, staged_files.c.sha256, documents.c.recipe)
        .join_from(staged_files, documents, documents.c.id == staged_files.c.document_id, isouter=True)
        .where(staged_files.c.knowledge_id == knowledge_id)
    )
    if paths is not None:
        statement = statement.where(staged_files.c.path.in_(paths))
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    return {row.path: StagedRow(row.path, row.sha256, row.recipe) for row in rows}


async def stage_known(
    database: Database, base: KnowledgeBase, path: str, sha256: str, document_id: str, at: str
) -> int | None:
    """Stage a document that was read before; its number of passages, or None when it never was."""
    statement = select(documents.c.chunk_count).where(documents.c.id == document_id)
    async with database.reading() as connection:
        passages = (await connection.execute(statement)).scalar()
    if passages is None:
        return None
    async with database.writing() as connection:
        await _stage(connection, base.id, path, sha256, at, document_id=document_id)
    return int(passages)


async def stage_document(database: Database, base: KnowledgeBase, document: NewDocument) -> None:
    """Keep a document with its passages and their full-text entries, and stage it: all in one transaction."""
    at = document.ingested_at
    async with database.writing() as connection:
        await ensure_row(connection, base, at)
        await _add_document(connection, document)
        await _stage(connection, base.id, document.path, document.sha256, at, document_id=document.id)


async def stage_refusal(database: Database, base: KnowledgeBase, path: str, sha256: str, reason: str, at: str) -> None:
    """Note why a file is not part of the next version."""
    async with database.writing() as connection:
        await ensure_row(connection, base, at)
        await _stage(connection, base.id, path, sha256, at, refusal=reason)


async def _stage(
    connection: AsyncConnection,
    knowledge_id: str,
    path: str,
    sha256: str,
    at: str,
    *,
    document_id: str | None = None,
    refusal: str | None = None,
) -> None:
    values = {"sha256": sha256, "document_id": document_id, "refusal": refusal, "staged_at": at}
    await connection.execute(
        upsert(staged_files)
        .values(knowledge_id=knowledge_id, path=path, **values)
        .on_conflict_do_update(index_elements=["knowledge_id", "path"], set_=values)
    )


async def _add_document(connection: AsyncConnection, document: NewDocument) -> None:
    added = await connection.execute(
        upsert(documents)
        .values(
            id=document.id,
            knowledge_id=document.knowledge_id,
            path=document.path,
            sha256=document.sha256,
            recipe=document.recipe,
            title=document.title,
            media_type=document.media_type,
            size=document.size,
            chunk_count=len(document.chunks),
            ingested_at=document.ingested_at,
        )
        .on_conflict_do_nothing()
    )
    if added.rowcount == 0:
        return  # sent twice at the same time
    rows = []
    for new in document.chunks:
        heading_path = json.dumps(new.heading_path, ensure_ascii=False)
        rows.append(vars(new) | {"document_id": document.id, "heading_path": heading_path})
    await connection.execute(insert(chunks), rows)
    # The headings go in as JSON: the tokenizer sees its brackets and quotes as space.
    await connection.execute(
        text(
            "INSERT INTO chunks_fts (rowid, heading, text) "
            "SELECT rowid_, :title || ' ' || heading_path, text FROM chunks WHERE document_id = :document_id"
        ),
        {"title": document.title, "document_id": document.id},
    )
