"""Turns the bytes of a file into a document with passages: reader, chunker and content-based names."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import PurePosixPath

from quarterdeck.core.hashing import sha256
from quarterdeck.retrieval import chunking
from quarterdeck.retrieval.reader import Unreadable, reader_for
from quarterdeck.retrieval.store.staging import NewChunk, NewDocument

log = logging.getLogger(__name__)

_ID_CHARACTERS = 26


def recipe_for(path: str) -> str | None:
    """How a file of this name is read and cut today; None when it cannot be read."""
    try:
        reader = reader_for(path)
    except Unreadable:
        return None
    return f"{reader.name}-{reader.version}/passages-{chunking.VERSION}"


def knowledge_id(project_id: str, name: str) -> str:
    """The name of a knowledge base among those of all projects."""
    return _named("kb", project_id, name)


def document_id(knowledge_id: str, path: str, content_sha256: str) -> str:
    """The name of what a file becomes: the same file, read the same way, is the same document."""
    reader_for(path)
    return _named("doc", knowledge_id, path, content_sha256, recipe_for(path) or "")


def read(knowledge_id: str, path: str, content: bytes, at: str) -> NewDocument:
    """A file as a document. Blocking. Raises `Unreadable` with a reason that its owner understands."""
    reader = reader_for(path)
    if not content:
        raise Unreadable("It is empty.")
    try:
        reading = chunking.titled(reader.read(content), _spoken(PurePosixPath(path).stem))
        passages = chunking.chunk(reading)
    except Unreadable:
        raise
    except Exception as error:
        # Whatever a strange file makes a library raise, the other files go on.
        log.exception("`%s` could not be read", path)
        raise Unreadable(f"It could not be read ({type(error).__name__}). It may be damaged.") from error
    if not passages:
        raise Unreadable("It holds no text.")
    title = (reading.title or path)[:300]
    address = sha256(content)
    name = document_id(knowledge_id, path, address)
    return NewDocument(
        id=name,
        knowledge_id=knowledge_id,
        path=path,
        sha256=address,
        recipe=recipe_for(path) or "",
        title=title,
        media_type=reader.media_type,
        size=len(content),
        ingested_at=at,
        chunks=[
            NewChunk(
                id=_named("chk", name, str(ordinal)),
                ordinal=ordinal,
                heading_path=passage.heading_path,
                text=passage.text,
                words=passage.words,
                text_sha256=sha256(embedded_text(title, passage.heading_path, passage.text)),
                start=passage.start,
                end=passage.end,
                line_start=passage.line_start,
                line_end=passage.line_end,
                page=passage.page,
            )
            for ordinal, passage in enumerate(passages)
        ],
    )


def embedded_text(title: str, heading_path: Sequence[str], text: str) -> str:
    """What the embedder sees of a passage: where it stands, then what it says."""
    return " > ".join([title, *heading_path]) + "\n" + text


def _spoken(stem: str) -> str:
    """`annual-leave` as a title: *Annual leave*."""
    words = stem.replace("-", " ").replace("_", " ").split()
    spoken = " ".join(words) or stem
    return spoken[:1].upper() + spoken[1:]


def _named(prefix: str, *parts: str) -> str:
    return f"{prefix}_{sha256(chr(10).join(parts))[:_ID_CHARACTERS]}"
