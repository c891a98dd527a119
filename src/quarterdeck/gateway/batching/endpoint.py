"""`/v1/files` and `/v1/batches` in OpenAI's words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, cast
from urllib.parse import parse_qs

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway import refusals
from quarterdeck.gateway.batching import batches, files
from quarterdeck.gateway.batching.form import Form
from quarterdeck.gateway.batching.records import Batch, BatchStatus, StoredFile
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.parsing import parse
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.runtime.work import Work

FILES = "/v1/files"
BATCHES = "/v1/batches"
_PART = 1024 * 1024
_AROUND_THE_FILE = 64 * 1024
_MOMENTS = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


class _NewBatch(msgspec.Struct):
    endpoint: str
    input_file_id: str
    completion_window: str = batches.WINDOW
    metadata: dict[str, str] | None = None


_NEW_BATCH = msgspec.json.Decoder(_NewBatch)


async def answer_files(_plane: Plane, exchange: Exchange, work: Work) -> None:
    """`/v1/files`, `/v1/files/{id}`, `/v1/files/{id}/content`."""
    file_id, _, rest = exchange.path.removeprefix(FILES).strip("/").partition("/")
    match exchange.method, bool(file_id), rest:
        case "POST", False, "":
            await _give(exchange, work, _file(await _uploaded(exchange, work)))
        case "GET", False, "":
            asked = _query(exchange)
            purpose, after, limit = asked.get("purpose"), asked.get("after"), _limit(asked, 10_000)
            found, more = await files.listed(work, purpose=purpose, after=after, limit=limit)
            await _give(exchange, work, _list([_file(file) for file in found], more))
        case "GET", True, "":
            await _give(exchange, work, _file(await files.get(work, file_id)))
        case "DELETE", True, "":
            await files.remove(work, file_id)
            await _give(exchange, work, {"id": file_id, "object": "file", "deleted": True})
        case "GET", True, "content":
            await _give_content(exchange, work, file_id)
        case _:
            raise NotFound(f"There is nothing to {exchange.method} at `{exchange.path}`.")


async def answer_batches(plane: Plane, exchange: Exchange, work: Work) -> None:
    """`/v1/batches`, `/v1/batches/{id}`, `/v1/batches/{id}/cancel`."""
    batch_id, _, rest = exchange.path.removeprefix(BATCHES).strip("/").partition("/")
    match exchange.method, bool(batch_id), rest:
        case "POST", False, "":
            wish = parse(await exchange.body(plane.max_body_bytes), _NEW_BATCH)
            begun = await batches.begin(work, **{name: getattr(wish, name) for name in wish.__struct_fields__})
            await _give(exchange, work, _batch(begun))
        case "GET", False, "":
            asked = _query(exchange)
            found, more = await batches.listed(work, after=asked.get("after"), limit=_limit(asked, 20))
            await _give(exchange, work, _list([_batch(batch) for batch in found], more))
        case "GET", True, "":
            await _give(exchange, work, _batch(await batches.get(work, batch_id)))
        case "POST", True, "cancel":
            await _give(exchange, work, _batch(await batches.cancel(work, batch_id)))
        case _:
            raise NotFound(f"There is nothing to {exchange.method} at `{exchange.path}`.")


async def _uploaded(exchange: Exchange, work: Work) -> StoredFile:
    form = Form(exchange.header(b"content-type") or "")

    async def parts() -> AsyncIterator[bytes]:
        async for chunk in exchange.chunks(files.LARGEST_FILE + _AROUND_THE_FILE):
            part = form.feed(chunk)
            if part:
                yield part
        form.finish()
        if form.fields.get("purpose", "batch") != "batch":
            raise InvalidInput(
                "`purpose` must be `batch`: files serve batches here, and nothing else.", param="purpose"
            )

    return await files.keep(work, parts(), named=lambda: form.file_name)


async def _give_content(exchange: Exchange, work: Work, file_id: str) -> None:
    path = await files.path_of(work, file_id)
    exchange.watch()
    with path.open("rb") as file:
        await exchange.begin(200, [(b"content-type", b"application/jsonl"), *headers_of_request(exchange, work)])
        while part := await asyncio.to_thread(file.read, _PART):
            await exchange.send(part)
        await exchange.end_stream(b"")


async def _give(exchange: Exchange, work: Work, found: dict[str, Any]) -> None:  # Any: JSON
    await exchange.answer(200, [refusals.JSON, *headers_of_request(exchange, work)], msgspec.json.encode(found))


def _query(exchange: Exchange) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(exchange.query.decode("latin-1")).items()}


def _limit(asked: dict[str, str], usual: int) -> int:
    text = asked.get("limit", str(usual))
    if not text.isdigit():
        raise InvalidInput("`limit` must be a whole number.", param="limit")
    return int(text)


def _list(found: list[dict[str, Any]], more: bool) -> dict[str, Any]:  # Any: JSON
    first, last = (found[0]["id"], found[-1]["id"]) if found else (None, None)
    return {"object": "list", "data": found, "first_id": first, "last_id": last, "has_more": more}


def _file(file: StoredFile) -> dict[str, Any]:  # Any: JSON
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": file.created_at,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    }


def _batch(batch: Batch) -> dict[str, Any]:  # Any: JSON
    errors = {"object": "list", "data": [asdict(error) for error in batch.errors]} if batch.errors else None
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": errors,
        "input_file_id": batch.input_file_id,
        "completion_window": batches.WINDOW,
        "status": batch.status,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "created_at": batch.created_at,
        "expires_at": batch.expires_at,
        **{f"{status}_at": batch.moments.get(cast("BatchStatus", status)) for status in _MOMENTS},
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "metadata": batch.metadata or None,
    }
