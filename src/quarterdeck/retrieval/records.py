"""The nouns of retrieval: knowledge bases, documents, chunks, index versions and hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
