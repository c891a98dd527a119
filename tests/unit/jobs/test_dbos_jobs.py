"""Durable jobs: run once, the same key is the same job, and nothing is lost when the process dies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quarterdeck.jobs.dbos_jobs import DbosJobs
from quarterdeck.jobs.jobs import JobState


@pytest.fixture
async def jobs(tmp_path: Path) -> AsyncIterator[DbosJobs]:
    jobs = DbosJobs(tmp_path / "jobs.db")
    yield jobs
    await jobs.close()


async def state_after(jobs: DbosJobs, job_id: str, *statuses: str) -> JobState:
    async with asyncio.timeout(20):
        while True:
            state = await jobs.state(job_id)
            if state is not None and state.status in statuses:
                return state
            await asyncio.sleep(0.05)


async def test_a_job_runs_with_its_arguments_in_the_loop_of_the_house(jobs: DbosJobs) -> None:
    seen: list[tuple[dict[str, str], asyncio.AbstractEventLoop]] = []

    async def note(arguments: dict[str, str]) -> None:
        seen.append((arguments, asyncio.get_running_loop()))

    jobs.register("note", note)
    await jobs.open()

    job_id = await jobs.start("note", {"index": "idx_1"}, key="idx_1")
    state = await state_after(jobs, job_id, "done", "failed")

    assert state == JobState(id=job_id, kind="note", status="done", error=None)
    assert seen == [({"index": "idx_1"}, asyncio.get_running_loop())]


async def test_a_job_that_raises_has_failed_and_says_why(jobs: DbosJobs) -> None:
    async def fail(_arguments: dict[str, str]) -> None:
        raise ValueError("the disk is full")

    jobs.register("fail", fail)
    await jobs.open()

    job_id = await jobs.start("fail", {}, key="any")
    state = await state_after(jobs, job_id, "done", "failed")

    assert (state.status, state.error) == ("failed", "the disk is full")


async def test_the_same_key_is_the_same_job_until_it_has_ended(jobs: DbosJobs) -> None:
    let_go = asyncio.Event()

    async def wait(_arguments: dict[str, str]) -> None:
        await let_go.wait()

    jobs.register("wait", wait)
    await jobs.open()

    first, second = [await jobs.start("wait", {}, key="idx_1") for _ in range(2)]
    let_go.set()
    await state_after(jobs, first, "done")
    third = await jobs.start("wait", {}, key="idx_1")

    assert first == second
    assert third != first


async def test_a_job_that_a_stop_interrupts_is_resumed_by_the_next_start(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def hang(_arguments: dict[str, str]) -> None:
        begun.set()
        await asyncio.sleep(3600)

    async def pass_by(_arguments: dict[str, str]) -> None:
        return

    before = DbosJobs(tmp_path / "jobs.db")
    before.register("step", hang)
    await before.open()
    job_id = await before.start("step", {}, key="any")
    await begun.wait()
    await before.close()

    after = DbosJobs(tmp_path / "jobs.db")
    after.register("step", pass_by)
    await after.open()
    state = await state_after(after, job_id, "done", "failed")
    await after.close()

    assert state.status == "done"


def loads_dbos_at_start(file: Path) -> bool:
    script = (
        "import asyncio, sys; from pathlib import Path; from quarterdeck.jobs.dbos_jobs import DbosJobs\n"
        "async def start_and_stop():\n"
        f"    jobs = DbosJobs(Path({str(file)!r})); await jobs.open(); await jobs.close()\n"
        "asyncio.run(start_and_stop()); print('dbos' in sys.modules)"
    )
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout == "True\n"


async def test_nothing_is_loaded_before_there_is_a_job(tmp_path: Path) -> None:
    assert not await asyncio.to_thread(loads_dbos_at_start, tmp_path / "jobs.db")


async def test_a_start_that_finds_all_jobs_ended_loads_nothing(tmp_path: Path) -> None:
    async def pass_by(_arguments: dict[str, str]) -> None:
        return

    jobs = DbosJobs(tmp_path / "jobs.db")
    jobs.register("step", pass_by)
    await jobs.open()
    await state_after(jobs, await jobs.start("step", {}, key="any"), "done")
    await jobs.close()

    assert not await asyncio.to_thread(loads_dbos_at_start, tmp_path / "jobs.db")


async def test_a_file_of_jobs_that_cannot_be_read_is_left_to_dbos(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"")

    assert await asyncio.to_thread(loads_dbos_at_start, tmp_path / "jobs.db")


def test_a_job_that_kill_9_cuts_off_is_finished_once_by_the_next_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.unit.jobs.job_child", str(tmp_path)]
    diary = tmp_path / "diary"
    killed = subprocess.Popen(command)
    while not diary.exists():
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.wait()

    (tmp_path / "let-go").touch()
    subprocess.run(command, check=True, timeout=60)

    assert diary.read_text().splitlines() == ["begin first", "begin first", "end first"]
