"""The nouns of retrieval: knowledge bases, documents, chunks, index versions and hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.core.events import Event

SearchMode = Literal["fused", "text", "vector"]


@dataclass(frozen=True)
class Knowledge:
    """A named collection of documents, with its newest index version."""

    name: str
    documents: int
    chunks: int
    embedded: int
    version: int | None
    index_id: str | None
    updated_at: str | None


@dataclass(frozen=True)
class IndexName:
    """Which index version, of what, and by which embedder: all that a search has to know of it."""

    id: str
    knowledge: str
    version: int
    embedder: str


@dataclass(frozen=True)
class IndexVersion:
    """An immutable set of documents, chunked and embedded one way."""

    id: str
    knowledge: str
    version: int
    sha256: str
    embedder: str
    documents: int
    chunks: int
    embedded: int
    created_at: str

    def as_version(self) -> KnowledgeVersion:
        """The same, as a line in the history of its knowledge base."""
        return KnowledgeVersion(
            version=self.version,
            index_id=self.id,
            documents=self.documents,
            chunks=self.chunks,
            embedded=self.embedded,
            created_at=self.created_at,
        )


@dataclass(frozen=True)
class Failure:
    """A file that could not be read, and why."""

    path: str
    reason: str
    at: str


@dataclass(frozen=True)
class KnowledgeVersion:
    """One line in the history of a knowledge base."""

    version: int
    index_id: str
    documents: int
    chunks: int
    embedded: int
    created_at: str


@dataclass(frozen=True)
class KnowledgeDetail(Knowledge):
    """A knowledge base with its history, newest first, and what it could not read."""

    versions: list[KnowledgeVersion]
    failures: list[Failure]


@dataclass(frozen=True)
class ManifestFile:
    """A file that somebody has and could send."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class ManifestReply:
    """Which of the offered files to send: those whose content is not here yet."""

    wanted: list[str]
    unchanged: int


@dataclass(frozen=True)
class FileReply:
    """What became of a file that was sent: part of the next version, or refused with a reason."""

    path: str
    status: Literal["stored", "unchanged", "refused"]
    chunks: int
    reason: str | None


@dataclass(frozen=True)
class Document:
    """One content of one file."""

    id: str
    path: str
    title: str
    media_type: str
    sha256: str
    size: int
    chunks: int
    ingested_at: str


@dataclass(frozen=True)
class Original:
    """The bytes of a file as they were sent, under its own name."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Chunk:
    """A passage of a document: what is searched, shown to the model and cited."""

    id: str
    document_id: str
    ordinal: int
    heading_path: list[str]
    text: str
    start: int
    end: int
    line_start: int
    line_end: int
    page: int | None


@dataclass(frozen=True)
class DocumentDetail:
    """A document with all its passages in order."""

    id: str
    path: str
    title: str
    media_type: str
    sha256: str
    size: int
    ingested_at: str
    chunks: list[Chunk]


@dataclass(frozen=True)
class ChunkDetail(Chunk):
    """A passage with its document and its neighbours."""

    document: Document
    before: Chunk | None
    after: Chunk | None


@dataclass(frozen=True)
class Hit:
    """A chunk that was found, and why: its rank in either list and its cosine similarity to the question."""

    chunk_id: str
    document_id: str
    path: str
    title: str
    heading_path: list[str]
    text: str
    line_start: int
    line_end: int
    page: int | None
    score: float
    text_rank: int | None
    vector_rank: int | None
    similarity: float | None


@dataclass(frozen=True)
class SearchResult:
    """What a search found, and how."""

    query: str
    mode: SearchMode
    took_ms: float
    hits: list[Hit]


@dataclass(frozen=True)
class IndexPublished(Event):
    """A knowledge base has been published: apps that follow it take its newest version."""

    project_id: str
    knowledge: str
    index_id: str
    version: int
