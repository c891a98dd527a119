"""The durable job that runs a batch: every line a call through the gateway, its result kept before the next one begins.

A kill cuts off the calls in mid-air and nothing else: the next start goes on with the lines that have no result. Each line has
one result in the output; a call that was cut off after its provider had begun may be billed twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.access.keyring import Keyring
from quarterdeck.core import clock, ids
from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import refusals
from quarterdeck.gateway.asgi import DataPlane
from quarterdeck.gateway.batching import files, lines, store
from quarterdeck.gateway.batching.lines import Line
from quarterdeck.gateway.batching.records import ENDED, JOB, Batch, BatchError, BatchStatus, LineResult, StoredFile
from quarterdeck.jobs.jobs import JobFunction, Jobs
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Actor

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_MOST_TRIES = 20
_LONGEST_WAIT_S = 60.0


def batch_job(runtime: Runtime) -> JobFunction:
    """The job of kind `run-batch`: argument `batch_id`."""

    async def run_batch(arguments: dict[str, str]) -> None:
        batch = await store.batch(runtime.database, None, arguments["batch_id"])
        if batch is not None and batch.status not in ENDED:
            await _Run(runtime, batch).run()

    return run_batch


async def resume(runtime: Runtime) -> None:
    """Start the job of every batch that has not ended: a kill may have come before the job was noted."""
    for batch_id in await store.unfinished(runtime.database):
        await runtime.part(Jobs).start(JOB, {"batch_id": batch_id}, key=batch_id)


class _Run:
    """One batch, from here to its end."""

    def __init__(self, runtime: Runtime, batch: Batch) -> None:
        self._runtime = runtime
        self._batch = batch
        self._plane = DataPlane(runtime)
        self._stopping = False

    async def run(self) -> None:
        batch, database = self._batch, self._runtime.database
        file = await store.file(database, batch.project_id, batch.input_file_id)
        if file is None:
            await self._refuse([BatchError("file_not_found", "The input file was deleted before the batch began.")])
            return
        path = files.contents(self._runtime).path(file.sha256)
        if batch.status == "validating":
            total, errors = await asyncio.to_thread(lines.check, path, batch.endpoint, self._plane.max_body_bytes)
            if errors:
                await self._refuse(errors)
                return
            self._batch = _at(replace(batch, total=total), "in_progress")
            await store.change(database, self._batch, unless=(*ENDED, "cancelling"))
        done = await store.done_lines(database, batch.id)
        await self._call_all(lines.read_lines(path, batch.endpoint, self._plane.max_body_bytes), done)
        await self._finish(path, file)

    async def _call_all(self, found: Iterator[Line | BatchError], done: dict[int, bool]) -> None:
        todo = (line for line in found if isinstance(line, Line) and line.number not in done)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._runtime.settings.batch_concurrency):
                group.create_task(self._call_some(todo))

    async def _call_some(self, todo: Iterator[Line]) -> None:
        while not await self._must_stop() and (line := next(todo, None)) is not None:
            result = await self._call(line)
            if result is not None:
                await store.add_result(self._runtime.database, self._batch.id, result)

    async def _call(self, line: Line) -> LineResult | None:
        """One line's result; None when it was stopped before there was one."""
        wait_s = 1.0
        for tries in range(1, _MOST_TRIES + 1):
            reply = _Reply()
            try:
                # Looked up each time: a key that was revoked meanwhile pays for nothing more.
                actor = self._runtime.part(Keyring).actor_with(self._batch.actor_id, self._batch.project_id)
                await self._plane(_scope(self._batch, line, actor), reply.receive(line.body), reply.send)
            except QuarterdeckError as error:
                reply.status, reply.body = error.status, refusals.body_of(error, None)
            if not reply.worth_another_try or tries == _MOST_TRIES:
                break
            # Our own limits and busy providers are a matter of time, and a batch has time.
            if await self._pause(min(_LONGEST_WAIT_S, max(reply.retry_after_s, wait_s))):
                return None
            wait_s *= 2
        return _result(line, reply)

    async def _pause(self, seconds: float) -> bool:
        """Wait a while; True when the batch is to stop meanwhile."""
        until = clock.monotonic_ns() + int(seconds * 1e9)
        while clock.monotonic_ns() < until:
            await asyncio.sleep(min(_LOOK_EVERY_S, seconds))
            if await self._must_stop():
                return True
        return False

    async def _must_stop(self) -> bool:
        """Whether somebody has cancelled it, or its time is over."""
        if self._stopping:
            return True
        stored = await store.batch(self._runtime.database, None, self._batch.id)
        if stored is None or stored.status == "cancelling":
            self._stopping = True
            self._batch = replace(self._batch, status="cancelling", moments=(stored or self._batch).moments)
        elif clock.now().timestamp() >= self._batch.expires_at:
            self._stopping = True
        return self._stopping

    def _count(self, done: dict[int, bool]) -> None:
        good = sum(done.values())
        self._batch = replace(self._batch, completed=good, failed=len(done) - good)

    async def _finish(self, path: Path, file: StoredFile) -> None:
        """Make files of the results. What comes before the last step may come again after a kill, and changes nothing."""
        await self._must_stop()  # somebody may have cancelled it after the last line
        cancelled = self._batch.status == "cancelling"
        if not cancelled:
            self._batch = _at(self._batch, "finalizing")
            await store.change(self._runtime.database, self._batch)
        if self._stopping and not cancelled:
            await self._note_expired(path)
        self._count(await store.done_lines(self._runtime.database, self._batch.id))
        output = await self._file("output", file, ok=True) if self._batch.completed else None
        errors = await self._file("error", file, ok=False) if self._batch.failed else None
        ended: BatchStatus = "cancelled" if cancelled else "expired" if self._stopping else "completed"
        self._batch = _at(
            replace(
                self._batch,
                output_file_id=output.id if output is not None else None,
                error_file_id=errors.id if errors is not None else None,
            ),
            ended,
        )
        await store.finish(self._runtime.database, self._batch, [made for made in (output, errors) if made is not None])

    async def _note_expired(self, path: Path) -> None:
        done = await store.done_lines(self._runtime.database, self._batch.id)
        said = {"code": "batch_expired", "message": "The batch's time was over before this line's turn came."}
        for line in lines.read_lines(path, self._batch.endpoint, self._plane.max_body_bytes):
            if isinstance(line, Line) and line.number not in done:
                result = LineResult(line.number, False, _written(line, None, said))
                await store.add_result(self._runtime.database, self._batch.id, result)

    async def _file(self, kind: str, source: StoredFile, *, ok: bool) -> StoredFile:
        sha256, size = await files.write(self._runtime, self._contents(ok=ok))
        name = f"{source.name.removesuffix('.jsonl')}_{kind}.jsonl"
        return files.described(self._batch.project_id, name, "batch_output", sha256, size)

    async def _contents(self, *, ok: bool) -> AsyncIterator[bytes]:
        after = 0
        while found := await store.results(self._runtime.database, self._batch.id, ok=ok, after=after):
            yield b"".join(result.content.encode() + b"\n" for result in found)
            after = found[-1].line

    async def _refuse(self, errors: list[BatchError]) -> None:
        self._batch = _at(replace(self._batch, errors=tuple(errors)), "failed")
        await store.change(self._runtime.database, self._batch)


class _Reply:
    """What the data plane answers to one line."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    def receive(self, body: bytes) -> Any:  # Any: ASGI says so
        """The request, as a server would hand it in; afterwards the client stays on the line."""
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, object]:
            message = next(messages, None)
            if message is None:
                await asyncio.Event().wait()
            return message or {}

        return receive

    async def send(self, message: Any) -> None:  # Any: as above
        """Take a piece of the response."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")

    @property
    def worth_another_try(self) -> bool:
        in_vain = self.headers.get(b"x-should-retry") == b"false"
        return not in_vain and (self.status in (408, 409, 429) or self.status >= 500)

    @property
    def retry_after_s(self) -> float:
        try:
            return float(self.headers.get(b"retry-after-ms", b"0")) / 1000
        except ValueError:
            return 0.0


def _scope(batch: Batch, line: Line, actor: Actor) -> dict[str, Any]:  # Any: ASGI says so
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(line.body)).encode()),
        (b"x-request-id", f"{batch.id}-{line.number}".encode()),
    ]
    return {
        "type": "http",
        "method": "POST",
        "path": batch.endpoint,
        "query_string": b"",
        "headers": headers,
        "quarterdeck.actor": actor,
    }


def _result(line: Line, reply: _Reply) -> LineResult:
    try:
        body = msgspec.json.decode(reply.body)
    except UNREADABLE:
        body = reply.body.decode(errors="replace")
    request_id = reply.headers.get(b"x-request-id", b"").decode()
    response = {"status_code": reply.status, "request_id": request_id, "body": body}
    return LineResult(line.number, reply.status < 400, _written(line, response, None))


def _written(line: Line, response: object, error: object) -> str:
    said = {"id": ids.new_id("batch_req"), "custom_id": line.custom_id, "response": response, "error": error}
    return msgspec.json.encode(said).decode()


def _at(batch: Batch, status: BatchStatus) -> Batch:
    return replace(batch, status=status, moments={**batch.moments, status: int(clock.now().timestamp())})
