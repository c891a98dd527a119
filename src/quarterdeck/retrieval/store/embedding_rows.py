"""The SQL of retrieval: embeddings by their text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.retrieval.store.bases import embedded_count
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import chunks, documents, embeddings, index_members, index_versions


@dataclass(frozen=True)
class Unembedded:
    """A passage that has no vector yet."""

    text_sha256: str
    title: str
    heading_path: Sequence[str]
    text: str


async def vectors(database: Database, index_id: str, embedder: str, *, after: int = 0) -> list[tuple[int, int, bytes]]:
    """The vectors of an index version that came after a row number: that number, the passage's and the vector."""
    statement = (
        select(embeddings.c.rowid_, chunks.c.rowid_, embeddings.c.vector)
        .join_from(index_members, chunks, chunks.c.document_id == index_members.c.document_id)
        .join(embeddings, embeddings.c.text_sha256 == chunks.c.text_sha256)
        .where(index_members.c.index_id == index_id, embeddings.c.embedder == embedder, embeddings.c.rowid_ > after)
    )
    async with database.reading() as connection:
        return [(row[0], row[1], row[2]) for row in await connection.execute(statement)]


async def embedder_of(database: Database, index_id: str) -> str | None:
    """Whose vectors an index version has."""
    statement = select(index_versions.c.embedder).where(index_versions.c.id == index_id)
    async with database.reading() as connection:
        return (await connection.execute(statement)).scalar()


async def unembedded(database: Database, index_id: str, embedder: str, *, limit: int) -> list[Unembedded]:
    """Passages of an index version whose text has no vector yet, each text once."""
    statement = (
        select(chunks.c.text_sha256, documents.c.title, chunks.c.heading_path, chunks.c.text)
        .join_from(index_members, documents, documents.c.id == index_members.c.document_id)
        .join(chunks, chunks.c.document_id == documents.c.id)
        .outerjoin(
            embeddings,
            and_(embeddings.c.embedder == embedder, embeddings.c.text_sha256 == chunks.c.text_sha256),
        )
        .where(index_members.c.index_id == index_id, embeddings.c.rowid_.is_(None))
        .group_by(chunks.c.text_sha256)
        .order_by(func.min(chunks.c.rowid_))
        .limit(limit)
    )
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    return [Unembedded(row.text_sha256, row.title, json.loads(row.heading_path), row.text) for row in rows]


async def keep_vectors(database: Database, embedder: str, found: Mapping[str, bytes]) -> None:
    """Keep vectors by the hash of their text; those that are here already stay."""
    rows = [{"embedder": embedder, "text_sha256": sha256, "vector": vector} for sha256, vector in found.items()]
    async with database.writing() as connection:
        await connection.execute(upsert(embeddings).on_conflict_do_nothing(), rows)


async def incomplete(database: Database, embedder: str) -> list[str]:
    """The newest version of each knowledge base that still lacks vectors of this embedder."""
    later = index_versions.alias()
    is_newest = ~(
        select(later.c.id)
        .where(later.c.knowledge_id == index_versions.c.knowledge_id, later.c.version > index_versions.c.version)
        .exists()
    )
    statement = select(index_versions).where(is_newest, index_versions.c.embedder == embedder)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
        return [row.id for row in rows if await embedded_count(connection, row.id, embedder) < row.chunk_count]
