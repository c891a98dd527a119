"""The SQL of retrieval: knowledge bases, staged files, documents and passages, index versions, embeddings."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Integer, Row, Select, String, and_, delete, func, insert, literal_column, select, text
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from quarterdeck.core import ids
from quarterdeck.retrieval.records import (
    Chunk,
    Document,
    Failure,
    Hit,
    IndexName,
    IndexVersion,
    Knowledge,
    KnowledgeVersion,
)
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import (
    FULL_TEXT_TOKENIZER,
    chunks,
    documents,
    embeddings,
    index_members,
    index_versions,
    knowledge_bases,
    staged_files,
)

_MOST_HISTORY = 25
AnyRow = Row[*tuple[Any, ...]]  # Any: columns are typed at run time


@dataclass(frozen=True)
class KnowledgeBase:
    """A knowledge base by its names."""

    id: str
    project_id: str
    name: str


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


@dataclass(frozen=True)
class Member:
    """A document of an index version, by everything that decides what it contributes."""

    document_id: str
    path: str
    sha256: str
    recipe: str
    chunks: int


@dataclass(frozen=True)
class Postings:
    """Where a term stands, in headings or in texts: passages by row number, as often as it stands there."""

    term: str
    in_headings: bool
    rowids: NDArray[np.int64]


@dataclass(frozen=True)
class Unembedded:
    """A passage that has no vector yet."""

    text_sha256: str
    title: str
    heading_path: Sequence[str]
    text: str


# --- knowledge bases ------------------------------------------------------------------------------------------


async def knowledge_id(database: Database, project_id: str, name: str) -> str | None:
    """The id of a knowledge base."""
    async with database.reading() as connection:
        return await _knowledge_id(connection, project_id, name)


async def ensure_knowledge(database: Database, base: KnowledgeBase, at: str) -> None:
    """Keep a knowledge base, unless it is here."""
    async with database.writing() as connection:
        await _ensure_knowledge(connection, base, at)


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


# --- staged files ---------------------------------------------------------------------------------------------


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
        await _ensure_knowledge(connection, base, at)
        await _add_document(connection, document)
        await _stage(connection, base.id, document.path, document.sha256, at, document_id=document.id)


async def stage_refusal(database: Database, base: KnowledgeBase, path: str, sha256: str, reason: str, at: str) -> None:
    """Note why a file is not part of the next version."""
    async with database.writing() as connection:
        await _ensure_knowledge(connection, base, at)
        await _stage(connection, base.id, path, sha256, at, refusal=reason)


# --- index versions -------------------------------------------------------------------------------------------


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
        embedded = await _embedded(connection, row.id, row.embedder)
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


# --- search ---------------------------------------------------------------------------------------------------


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


# --- embeddings -----------------------------------------------------------------------------------------------


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
        return [row.id for row in rows if await _embedded(connection, row.id, embedder) < row.chunk_count]


# --- documents and passages -----------------------------------------------------------------------------------


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


# --- terms ----------------------------------------------------------------------------------------------------


class Terms:
    """Turns text into the terms of the full-text index, by the very tokenizer that made it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute(f"CREATE VIRTUAL TABLE said USING fts5(text, tokenize='{FULL_TEXT_TOKENIZER}')")
        self._connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab('said', 'instance')")

    def of(self, said: str) -> list[str]:
        """The terms of a text in order, repeated ones too."""
        said = said.encode("utf-8", "replace").decode()
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                self._connection.execute("INSERT INTO said (rowid, text) VALUES (1, ?)", (said,))
                return [term for (term,) in self._connection.execute("SELECT term FROM terms ORDER BY offset")]
            finally:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


# --- below: what the functions above share --------------------------------------------------------------------


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
            embedded=await _embedded(connection, row.id, row.embedder),
            created_at=row.created_at,
        )
        for row in (await connection.execute(statement)).all()
    ]


async def _embedded(connection: AsyncConnection, index_id: str, embedder: str) -> int:
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


async def _ensure_knowledge(connection: AsyncConnection, base: KnowledgeBase, at: str) -> None:
    values = {"id": base.id, "project_id": base.project_id, "name": base.name, "created_at": at}
    await connection.execute(upsert(knowledge_bases).values(**values).on_conflict_do_nothing())


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


def _documents_of(project_id: str) -> Select[Any]:  # Any: a row of documents with the name of its knowledge base
    return (
        select(documents, knowledge_bases.c.name.label("knowledge"))
        .join(knowledge_bases, knowledge_bases.c.id == documents.c.knowledge_id)
        .where(knowledge_bases.c.project_id == project_id)
    )


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
