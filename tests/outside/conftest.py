"""Runs other people's clients against a gateway: each in its own process, with the packages that it brings."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import TraceFilter
from quarterdeck.runtime.tracing import Span
from tests.unit.gateway.conftest import Gateway, gateway, upstream

__all__ = ["gateway", "upstream"]

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".make" / "outside" / "bin" / "python"
NODE_MODULES = HERE / "node" / "node_modules"
# Whoever calls anybody but the gateway gets nowhere, at once.
NO_WAY_OUT = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}

Said = Any  # Any: the JSON that a client prints
RunClient = Callable[..., Awaitable[Said]]
"""Runs a program by its name; what it needs beside the gateway's address comes as environment variables."""


@pytest.fixture
def client(gateway: Gateway, tmp_path: Path) -> RunClient:
    """Runs a file of `clients/` or `node/` and gives what it prints: one line of JSON."""

    async def run(name: str, **told: str) -> Said:
        program = [str(PYTHON), str(HERE / "clients" / name)]
        needed = PYTHON
        if name.endswith(".mjs"):
            program, needed = ["node", str(HERE / "node" / name)], NODE_MODULES
        assert needed.exists(), "The clients are not installed: `make outside` installs them."
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **NO_WAY_OUT}
        surroundings |= {"QUARTERDECK_URL": gateway.url, "QUARTERDECK_KEY": gateway.key, **told}
        process = await asyncio.create_subprocess_exec(
            *program, env=surroundings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            printed, complained = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, complained.decode()[-4000:]
        return json.loads(printed.splitlines()[-1])

    return run


async def all_spans(gateway: Gateway) -> list[Span]:
    """Every span that the gateway has recorded, the oldest first."""
    recorder = gateway.runtime.part(Recorder)
    await recorder.flush()
    where = TraceFilter(project_id=gateway.work.project_id)
    rows, _ = await recorder.ask(lambda store: store.traces(where, limit=100, after=None))
    return [span for row in reversed(rows) for span in await gateway.spans(row.trace_id)]
