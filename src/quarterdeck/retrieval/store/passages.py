"""The SQL of retrieval: documents and passages, to be listed, shown and found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Integer, Select, String, and_, func, literal_column, select, text

from quarterdeck.retrieval.records import Chunk, Document, Hit
from quarterdeck.retrieval.store.bases import AnyRow
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import chunks, documents, index_members, knowledge_bases


@dataclass(frozen=True)
class Postings:
    """Where a term stands, in headings or in texts: passages by row number, as often as it stands there."""

    term: str
    in_headings: bool
    rowids: NDArray[np.int64]


async def member_chunks(database: Database, index_id: str) -> list[tuple[int, int]]:
    """The passages of an index version in their order: row number and length in words."""
    statement = (
        select(chunks.c.rowid_, chunks.c.words)
        .join(index_members, index_members.c.document_id == chunks.c.document_id)
        .where(index_members.c.index_id == index_id)
        .order_by(chunks.c.rowid_)
    )
    async with database.reading() as connection:
        return [(row[0], row[1]) for row in await connection.execute(statement)]


async def postings(database: Database, terms: Sequence[str], *, first: int, last: int) -> list[Postings]:
    """Where terms stand, in all passages from one row to another: the caller knows which of them are its own."""
    term, column, passage = (
        literal_column("term", String),
        literal_column("col", String),
        literal_column("doc", Integer),
    )
    # One text of many numbers costs a tenth of as many rows.
    statement = (
        select(term, column, func.group_concat(passage))
        .select_from(text("chunks_terms"))
        .where(term.in_(terms), passage.between(first, last))
        .group_by(term, column)
    )
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    return [Postings(row[0], row[1] == "heading", np.fromstring(row[2], dtype=np.int64, sep=",")) for row in rows]


async def hits(database: Database, rowids: Sequence[int]) -> dict[int, Hit]:
    """What a search shows of passages, by row number, without scores."""
    statement = (
        select(chunks, documents.c.path, documents.c.title)
        .join(documents, documents.c.id == chunks.c.document_id)
        .where(chunks.c.rowid_.in_(rowids))
    )
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    return {row.rowid_: _hit(row) for row in rows}


async def documents_page(
    database: Database, index_id: str, *, after: tuple[str, str] | None, limit: int, q: str | None
) -> list[Document]:
    """Documents of an index version by path, from a position on; `q` is a part of the path or title."""
    statement = (
        select(documents)
        .join(index_members, index_members.c.document_id == documents.c.id)
        .where(index_members.c.index_id == index_id)
        .order_by(documents.c.path, documents.c.id)
        .limit(limit)
    )
    if after is not None:
        path, document_id = after
        statement = statement.where(
            (documents.c.path > path) | and_(documents.c.path == path, documents.c.id > document_id)
        )
    if q:
        statement = statement.where(
            documents.c.path.icontains(q, autoescape=True) | documents.c.title.icontains(q, autoescape=True)
        )
    async with database.reading() as connection:
        return [_document(row) for row in await connection.execute(statement)]


async def document(database: Database, project_id: str, document_id: str) -> tuple[Document, str] | None:
    """A document of a project, and the name of its knowledge base."""
    statement = _documents_of(project_id).where(documents.c.id == document_id)
    async with database.reading() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else (_document(row), row.knowledge)


async def chunks_of(database: Database, document_id: str, *, first: int = 0, last: int | None = None) -> list[Chunk]:
    """The passages of a document in order, or those from one place to another."""
    statement = (
        select(chunks).where(chunks.c.document_id == document_id, chunks.c.ordinal >= first).order_by(chunks.c.ordinal)
    )
    if last is not None:
        statement = statement.where(chunks.c.ordinal <= last)
    async with database.reading() as connection:
        return [_chunk(row) for row in await connection.execute(statement)]


async def chunk(database: Database, project_id: str, chunk_id: str) -> tuple[Chunk, Document] | None:
    """A passage of a project and its document."""
    async with database.reading() as connection:
        row = (await connection.execute(select(chunks).where(chunks.c.id == chunk_id))).first()
        if row is None:
            return None
        statement = _documents_of(project_id).where(documents.c.id == row.document_id)
        above = (await connection.execute(statement)).first()
    return None if above is None else (_chunk(row), _document(above))


def _documents_of(project_id: str) -> Select[Any]:  # Any: a row of documents with the name of its knowledge base
    return (
        select(documents, knowledge_bases.c.name.label("knowledge"))
        .join(knowledge_bases, knowledge_bases.c.id == documents.c.knowledge_id)
        .where(knowledge_bases.c.project_id == project_id)
    )


def _document(row: AnyRow) -> Document:
    return Document(
        id=row.id,
        path=row.path,
        title=row.title,
        media_type=row.media_type,
        sha256=row.sha256,
        size=row.size,
        chunks=row.chunk_count,
        ingested_at=row.ingested_at,
    )


def _chunk(row: AnyRow) -> Chunk:
    return Chunk(
        id=row.id,
        document_id=row.document_id,
        ordinal=row.ordinal,
        heading_path=json.loads(row.heading_path),
        text=row.text,
        start=row.start,
        end=row.end,
        line_start=row.line_start,
        line_end=row.line_end,
        page=row.page,
    )


def _hit(row: AnyRow) -> Hit:
    return Hit(
        chunk_id=row.id,
        document_id=row.document_id,
        path=row.path,
        title=row.title,
        heading_path=json.loads(row.heading_path),
        text=row.text,
        line_start=row.line_start,
        line_end=row.line_end,
        page=row.page,
        score=0.0,
        text_rank=None,
        vector_rank=None,
        similarity=None,
    )
