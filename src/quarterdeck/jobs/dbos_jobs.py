"""Durable jobs on DBOS and a SQLite file of their own: what a `kill -9` cuts off, the next start takes up again.

DBOS costs 0.2 s and 30 MB, so it is woken by the first job, or at start when an earlier life has left jobs unfinished.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from quarterdeck.core import ids
from quarterdeck.core.errors import Unavailable
from quarterdeck.jobs.jobs import JobFunction, Jobs, JobState

log = logging.getLogger(__name__)

_QUEUE = "jobs"
_WORKFLOW = "quarterdeck-job"
_MOST_AT_ONCE = 4
_POLL_EVERY_S = 0.25
# Ours, not derived from the code as by default: an upgrade must take up the jobs of the version before.
_APPLICATION_VERSION = "1"
_ENDED = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}
_STATUS = {"ENQUEUED": "waiting", "DELAYED": "waiting", "PENDING": "running", "SUCCESS": "done"}


class DbosJobs(Jobs):
    """The jobs of one process. DBOS lives once in a process, so there is one of these at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._functions: dict[str, JobFunction] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[Future[None]] = set()
        # DBOS blocks; one thread of its own keeps the calls in order and the loop free.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs")
        self._launch: asyncio.Task[type[Any]] | None = None

    def register(self, kind: str, function: JobFunction) -> None:
        self._functions[kind] = function

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        if await asyncio.to_thread(_has_unfinished, self._file):
            self._wake_up()

    async def close(self) -> None:
        if self._launch is not None:
            await asyncio.wait([self._launch])
            await self._in_thread(_shut_down)
            await asyncio.gather(*(asyncio.wrap_future(one) for one in list(self._running)), return_exceptions=True)
        self._thread.shutdown(wait=False)

    async def start(self, kind: str, arguments: dict[str, str], *, key: str) -> str:
        if kind not in self._functions:
            raise LookupError(f"No job of the kind `{kind}` was registered.")
        dbos = await self._awake()
        job_id: str = await self._in_thread(lambda: _enqueue(dbos, kind, arguments, key))
        return job_id

    async def state(self, job_id: str) -> JobState | None:
        dbos = await self._awake()
        status = await self._in_thread(lambda: dbos.get_workflow_status(job_id))
        if status is None:
            return None
        kind = status.input["args"][0] if status.input else "unknown"
        error = str(status.error) if status.error is not None else None
        return JobState(id=job_id, kind=kind, status=_STATUS.get(status.status, "failed"), error=error)

    async def _awake(self) -> type[Any]:
        try:
            return await asyncio.shield(self._wake_up())
        except Exception as error:
            raise Unavailable(
                f"Background jobs cannot run: {error}. Check the disk, then start the server again."
            ) from error

    def _wake_up(self) -> asyncio.Task[type[Any]]:
        if self._launch is None:
            self._launch = asyncio.create_task(self._in_thread(self._launched))
            self._launch.add_done_callback(_log_failure)
        return self._launch

    def _launched(self) -> type[Any]:
        """DBOS, at work. Any: its API is a class of class methods."""
        from dbos import DBOS, DBOSPortableJSONSerializer

        _quieten()
        DBOS(
            config={
                "name": "quarterdeck",
                "system_database_url": f"sqlite:///{self._file}",
                "application_version": _APPLICATION_VERSION,
                "executor_id": "local",
                "serializer": DBOSPortableJSONSerializer(),
                "enable_otlp": False,
                "log_level": "ERROR",
            }
        )

        @DBOS.workflow(name=_WORKFLOW)
        async def job(kind: str, arguments: dict[str, str]) -> None:
            await self._run(kind, arguments)

        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=_MOST_AT_ONCE,
            polling_interval_sec=_POLL_EVERY_S,
            on_conflict="always_update",
        )
        return DBOS

    async def _run(self, kind: str, arguments: dict[str, str]) -> None:
        """The one workflow: hand the job to the loop where the rest of the house lives, and wait for it."""
        function = self._functions.get(kind)
        if function is None or self._loop is None:
            raise LookupError(f"No job of the kind `{kind}` is known to this version.")
        running = asyncio.run_coroutine_threadsafe(_finished(function, arguments), self._loop)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        await asyncio.wrap_future(running)

    async def _in_thread(self, call: Callable[[], Any]) -> Any:  # Any: whatever `call` returns, DBOS has no types
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


async def _finished(function: Callable[[dict[str, str]], Awaitable[None]], arguments: dict[str, str]) -> None:
    try:
        await function(arguments)
    except Exception:
        log.exception("A background job has failed: %s", arguments)
        raise


def _has_unfinished(file: Path) -> bool:
    """Whether an earlier life has left jobs behind. In doubt yes: waking DBOS for nothing does no harm."""
    if not file.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            statuses = database.execute("SELECT DISTINCT status FROM workflow_status").fetchall()
            return not _ENDED.issuperset(status for (status,) in statuses)
    except sqlite3.Error:
        return True


def _enqueue(dbos: type[Any], kind: str, arguments: dict[str, str], key: str) -> str:
    options = {
        "workflow_name": _WORKFLOW,
        "queue_name": _QUEUE,
        "workflow_id": ids.new_id("job"),
        "deduplication_id": f"{kind}:{key}",
        "duplication_policy": "return-existing",
    }
    workflow_id: str = dbos.enqueue_workflow_with_options(options, kind, arguments).get_workflow_id()
    return workflow_id


def _shut_down() -> None:
    from dbos import DBOS

    # The jobs that run are cancelled, which DBOS does not record: they stay unfinished and the next start resumes them.
    DBOS.destroy(destroy_registry=True)


def _quieten() -> None:
    dbos_log = logging.getLogger("dbos")
    if not dbos_log.handlers:
        dbos_log.addHandler(logging.NullHandler())  # it brings a handler of its own when it finds none
    dbos_log.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return "Exception encountered in" not in record.msg  # a job that failed: we have logged it already


def _log_failure(launch: asyncio.Task[type[Any]]) -> None:
    if not launch.cancelled() and (error := launch.exception()) is not None:
        log.error("Background jobs cannot run: %s", error)
