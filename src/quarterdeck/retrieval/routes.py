"""The HTTP of retrieval: knowledge bases, files, versions, documents, passages, searches."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.access.gate import CanRead, CanWrite
from quarterdeck.core.errors import TooLarge
from quarterdeck.core.paging import Page
from quarterdeck.retrieval import ingestion, library, searching
from quarterdeck.retrieval.records import (
    ChunkDetail,
    Document,
    DocumentDetail,
    FileReply,
    Knowledge,
    KnowledgeDetail,
    KnowledgeVersion,
    ManifestFile,
    ManifestReply,
    Original,
    SearchMode,
    SearchResult,
)

router = APIRouter(tags=["knowledge"])


class OfferedFile(BaseModel):
    """A file that the client has."""

    model_config = ConfigDict(extra="forbid")
    path: str
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
    size: Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """The files that the client has."""

    model_config = ConfigDict(extra="forbid")
    files: Annotated[list[OfferedFile], Field(max_length=10_000)]


class NewVersion(BaseModel):
    """What to publish. With `prune`, only the files in `paths` stay."""

    model_config = ConfigDict(extra="forbid")
    paths: Annotated[list[str], Field(max_length=100_000)] | None = None
    prune: bool = False


async def _file_body(request: Request, work: CanWrite) -> bytes:
    """The whole body, refused as soon as it is longer than allowed. (`work` comes first: strangers send nothing.)"""
    most_mb = work.runtime.settings.max_body_mb
    too_large = TooLarge(f"The file is larger than {most_mb} MB. Split it, or raise `QUARTERDECK_MAX_BODY_MB`.")
    most = most_mb << 20
    if int(request.headers.get("content-length") or 0) > most:
        raise too_large
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise too_large
    return bytes(body)


FileBody = Annotated[bytes, Depends(_file_body)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/knowledge")
async def list_knowledge(work: CanRead) -> Page[Knowledge]:
    return await library.all_knowledge(work)


@router.get("/knowledge/{name}")
async def get_knowledge(name: str, work: CanRead) -> KnowledgeDetail:
    return await library.knowledge(work, name)


@router.post("/knowledge/{name}/manifests")
async def offer_files(name: str, body: Manifest, work: CanWrite) -> ManifestReply:
    return await ingestion.want(work, name, [ManifestFile(f.path, f.sha256, f.size) for f in body.files])


@router.put("/knowledge/{name}/files")
async def put_file(name: str, path: str, work: CanWrite, content: FileBody) -> FileReply:
    return await ingestion.stage_file(work, name, path, content)


@router.post("/knowledge/{name}/versions", status_code=201)
async def publish_version(name: str, body: NewVersion, work: CanWrite) -> KnowledgeVersion:
    return (await ingestion.publish(work, name, paths=body.paths, prune=body.prune)).as_version()


@router.get("/knowledge/{name}/documents")
async def list_documents(
    name: str, work: CanRead, cursor: str | None = None, limit: Limit = 50, q: str | None = None
) -> Page[Document]:
    return await library.documents(work, name, cursor=cursor, limit=limit, q=q)


@router.get("/knowledge/{name}/documents/{id}")
async def get_document(name: str, id: str, work: CanRead) -> DocumentDetail:  # noqa: A002 - the name in the path
    return await library.document(work, name, id)


@router.get("/knowledge/{name}/documents/{id}/original", response_class=Response)
async def download_original(name: str, id: str, work: CanRead) -> Response:  # noqa: A002 - the name in the path
    return _as_download(await library.original(work, name, id))


@router.get("/knowledge/{name}/searches")
async def search(
    name: str,
    work: CanRead,
    q: str,
    limit: Annotated[int, Query(ge=1, le=searching.MOST_HITS)] = 8,
    mode: SearchMode = "fused",
) -> SearchResult:
    return await searching.search(work, name, q, limit=limit, mode=mode)


@router.get("/chunks/{id}")
async def get_chunk(id: str, work: CanRead) -> ChunkDetail:  # noqa: A002 - the name in the path
    return await library.chunk(work, id)


def _as_download(original: Original) -> Response:
    # Never shown in place: somebody's HTML would run with the reader's session.
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(original.name, safe='')}",
        "x-content-type-options": "nosniff",
    }
    return Response(original.content, media_type="application/octet-stream", headers=headers)
