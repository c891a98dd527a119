"""A process with one job that notes each beginning and each end, and hangs until it is let go."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from quarterdeck.jobs.dbos_jobs import DbosJobs


async def main(folder: Path) -> None:
    """Run the job `note`; begin it when there is none yet."""
    diary, let_go = folder / "diary", folder / "let-go"
    is_new = not diary.exists()
    ended = asyncio.Event()

    async def note(arguments: dict[str, str]) -> None:
        _write(diary, f"begin {arguments['name']}")
        while not let_go.exists():
            await asyncio.sleep(0.02)
        _write(diary, f"end {arguments['name']}")
        ended.set()

    jobs = DbosJobs(folder / "jobs.db")
    jobs.register("note", note)
    await jobs.open()
    if is_new:
        await jobs.start("note", {"name": "first"}, key="only")
    await ended.wait()
    await asyncio.sleep(0.5)  # time enough for a second, wrong execution to show
    await jobs.close()


def _write(diary: Path, line: str) -> None:
    with diary.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
