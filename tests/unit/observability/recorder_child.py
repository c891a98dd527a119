"""Processes that record spans and come to harm: killed in the middle of it, or out of disk."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

from quarterdeck.core.errors import Unavailable
from quarterdeck.observability.records import TraceFilter
from tests.unit.observability.conftest import new_recorder
from tests.unit.observability.spans import answered, span


async def record_for_ever(home: Path) -> None:
    """Accept traces as fast as they are stored; each trace id goes to stdout once its spans are accepted."""
    recorder = new_recorder(home)
    await recorder.open()
    number = 0
    while True:
        spans = answered(number)
        recorder.accept(spans)
        os.write(1, f"{spans[0].trace_id}\n".encode())
        number += 1
        if number % 20 == 0:
            await recorder.flush()


async def record_without_space(home: Path) -> None:
    """Let the span store run out of disk while the spool still has some, then give it space again."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    recorder = new_recorder(home)
    await recorder.open()
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    refused = ""
    accepted = 0
    while not refused:
        recorder.accept([span(kind="llm", input="x" * 5_000 + str(accepted))])
        accepted += 1
        try:
            await recorder.flush()
        except Unavailable as error:
            refused = error.message
    held_up = not recorder.healthy
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    while not recorder.healthy:
        await asyncio.sleep(0.05)
    await recorder.flush()
    kept = await recorder.ask(lambda store: store.count(TraceFilter("prj_a")))
    balanced = (await recorder.check()).balanced
    await recorder.close()
    sys.stdout.write(f"{held_up} {kept == accepted} {balanced}\n{refused}\n")


if __name__ == "__main__":
    role = {"record_for_ever": record_for_ever, "record_without_space": record_without_space}[sys.argv[1]]
    asyncio.run(role(Path(sys.argv[2])))
