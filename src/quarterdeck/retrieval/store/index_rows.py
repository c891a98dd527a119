"""The SQL of retrieval: index versions: which documents, published when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from quarterdeck.core import ids
from quarterdeck.retrieval.records import IndexName, IndexVersion
from quarterdeck.retrieval.store.bases import KnowledgeBase, embedded_count
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import documents, index_members, index_versions, knowledge_bases, staged_files


@dataclass(frozen=True)
class Member:
    """A document of an index version, by everything that decides what it contributes."""

    document_id: str
    path: str
    sha256: str
    recipe: str
    chunks: int


async def publish(
    database: Database,
    base: KnowledgeBase,
    *,
    keep: Collection[str] | None,
    embedder: str,
    address: Callable[[Sequence[Member]], str],
    at: str,
) -> str | None:
    """Make what is staged a version and return its id; None when nothing is staged and there never was a version.

    With `keep`, staged files of other paths are dropped first. What equals the newest version is the newest version.
    """
    knowledge_id = base.id
    async with database.writing() as connection:
        if keep is not None:
            await _drop_staged_but(connection, knowledge_id, keep)
        members = await _staged_members(connection, knowledge_id)
        sha256 = address(members)
        newest = (
            await connection.execute(
                select(index_versions)
                .where(index_versions.c.knowledge_id == knowledge_id)
                .order_by(index_versions.c.version.desc())
                .limit(1)
            )
        ).first()
        if newest is not None and newest.sha256 == sha256:
            return str(newest.id)
        if newest is None and not members:
            return None
        version = 1 if newest is None else newest.version + 1
        index_id = ids.new_id("idx")
        await connection.execute(
            insert(index_versions).values(
                id=index_id,
                knowledge_id=knowledge_id,
                version=version,
                sha256=sha256,
                embedder=embedder,
                document_count=len(members),
                chunk_count=sum(member.chunks for member in members),
                created_at=at,
            )
        )
        if members:
            rows = [{"index_id": index_id, "document_id": member.document_id} for member in members]
            await connection.execute(insert(index_members), rows)
        return index_id


async def index(database: Database, project_id: str, knowledge: str, index_id: str | None) -> IndexVersion | None:
    """An index version of a knowledge base, by id or the newest, with the number of its vectors."""
    async with database.reading() as connection:
        row = (await connection.execute(_index_of(project_id, knowledge, index_id))).first()
        if row is None:
            return None
        embedded = await embedded_count(connection, row.id, row.embedder)
    return IndexVersion(
        id=row.id,
        knowledge=row.name,
        version=row.version,
        sha256=row.sha256,
        embedder=row.embedder,
        documents=row.document_count,
        chunks=row.chunk_count,
        embedded=embedded,
        created_at=row.created_at,
    )


async def index_name(database: Database, project_id: str, knowledge: str, index_id: str | None) -> IndexName | None:
    """Which index version that is, without counting anything."""
    async with database.reading() as connection:
        row = (await connection.execute(_index_of(project_id, knowledge, index_id))).first()
    return None if row is None else IndexName(row.id, row.name, row.version, row.embedder)


async def _drop_staged_but(connection: AsyncConnection, knowledge_id: str, keep: Collection[str]) -> None:
    statement = select(staged_files.c.path).where(staged_files.c.knowledge_id == knowledge_id)
    gone = set((await connection.execute(statement)).scalars()) - set(keep)
    for path in gone:
        await connection.execute(
            delete(staged_files).where(staged_files.c.knowledge_id == knowledge_id, staged_files.c.path == path)
        )


async def _staged_members(connection: AsyncConnection, knowledge_id: str) -> list[Member]:
    statement = (
        select(documents)
        .join(staged_files, staged_files.c.document_id == documents.c.id)
        .where(staged_files.c.knowledge_id == knowledge_id)
        .order_by(documents.c.path)
    )
    return [
        Member(row.id, row.path, row.sha256, row.recipe, row.chunk_count) for row in await connection.execute(statement)
    ]


def _index_of(project_id: str, knowledge: str, index_id: str | None) -> Select[*tuple[Any, ...]]:  # Any: its row
    statement = (
        select(index_versions, knowledge_bases.c.name)
        .join(knowledge_bases, knowledge_bases.c.id == index_versions.c.knowledge_id)
        .where(knowledge_bases.c.project_id == project_id, knowledge_bases.c.name == knowledge)
        .order_by(index_versions.c.version.desc())
        .limit(1)
    )
    return statement if index_id is None else statement.where(index_versions.c.id == index_id)
