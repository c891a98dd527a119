"""The SQL of retrieval: knowledge bases and their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from quarterdeck.retrieval.records import Failure, Knowledge, KnowledgeVersion
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import chunks, embeddings, index_members, index_versions, knowledge_bases, staged_files

_MOST_HISTORY = 25

AnyRow = Row[*tuple[Any, ...]]  # Any: columns are typed at run time


@dataclass(frozen=True)
class KnowledgeBase:
    """A knowledge base by its names."""

    id: str
    project_id: str
    name: str


async def knowledge_id(database: Database, project_id: str, name: str) -> str | None:
    """The id of a knowledge base."""
    async with database.reading() as connection:
        return await _knowledge_id(connection, project_id, name)


async def ensure_knowledge(database: Database, base: KnowledgeBase, at: str) -> None:
    """Keep a knowledge base, unless it is here."""
    async with database.writing() as connection:
        await ensure_row(connection, base, at)


async def knowledge_names(database: Database, project_id: str) -> list[str]:
    """All knowledge bases of a project, sorted."""
    statement = select(knowledge_bases.c.name).where(knowledge_bases.c.project_id == project_id)
    async with database.reading() as connection:
        return list((await connection.execute(statement.order_by(knowledge_bases.c.name))).scalars())


async def knowledge(database: Database, project_id: str, name: str | None = None) -> list[Knowledge]:
    """The knowledge bases of a project by name, each with its newest version; one of them when `name` is given."""
    statement = (
        select(knowledge_bases.c.name, knowledge_bases.c.id)
        .where(knowledge_bases.c.project_id == project_id)
        .order_by(knowledge_bases.c.name)
    )
    if name is not None:
        statement = statement.where(knowledge_bases.c.name == name)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
        return [_knowledge(row, await _versions(connection, row.id, newest=1)) for row in rows]


async def versions(database: Database, knowledge_id: str) -> list[KnowledgeVersion]:
    """The newest versions of a knowledge base, newest first."""
    async with database.reading() as connection:
        return await _versions(connection, knowledge_id, newest=_MOST_HISTORY)


async def failures(database: Database, knowledge_id: str) -> list[Failure]:
    """The files that were refused, by path."""
    statement = (
        select(staged_files)
        .where(staged_files.c.knowledge_id == knowledge_id, staged_files.c.refusal.is_not(None))
        .order_by(staged_files.c.path)
    )
    async with database.reading() as connection:
        rows = await connection.execute(statement)
    return [Failure(path=row.path, reason=row.refusal, at=row.staged_at) for row in rows]


async def _knowledge_id(connection: AsyncConnection, project_id: str, name: str) -> str | None:
    statement = select(knowledge_bases.c.id).where(
        knowledge_bases.c.project_id == project_id, knowledge_bases.c.name == name
    )
    return (await connection.execute(statement)).scalar()


async def _versions(connection: AsyncConnection, knowledge_id: str, *, newest: int) -> list[KnowledgeVersion]:
    statement = (
        select(index_versions)
        .where(index_versions.c.knowledge_id == knowledge_id)
        .order_by(index_versions.c.version.desc())
        .limit(newest)
    )
    return [
        KnowledgeVersion(
            version=row.version,
            index_id=row.id,
            documents=row.document_count,
            chunks=row.chunk_count,
            embedded=await embedded_count(connection, row.id, row.embedder),
            created_at=row.created_at,
        )
        for row in (await connection.execute(statement)).all()
    ]


async def embedded_count(connection: AsyncConnection, index_id: str, embedder: str) -> int:
    statement = (
        select(func.count())
        .select_from(index_members)
        .join(chunks, chunks.c.document_id == index_members.c.document_id)
        .join(
            embeddings,
            and_(embeddings.c.embedder == embedder, embeddings.c.text_sha256 == chunks.c.text_sha256),
        )
        .where(index_members.c.index_id == index_id)
    )
    return int((await connection.execute(statement)).scalar_one())


async def ensure_row(connection: AsyncConnection, base: KnowledgeBase, at: str) -> None:
    values = {"id": base.id, "project_id": base.project_id, "name": base.name, "created_at": at}
    await connection.execute(upsert(knowledge_bases).values(**values).on_conflict_do_nothing())


def _knowledge(row: AnyRow, newest: Sequence[KnowledgeVersion]) -> Knowledge:
    version = newest[0] if newest else None
    return Knowledge(
        name=row.name,
        documents=version.documents if version else 0,
        chunks=version.chunks if version else 0,
        embedded=version.embedded if version else 0,
        version=version.version if version else None,
        index_id=version.index_id if version else None,
        updated_at=version.created_at if version else None,
    )
