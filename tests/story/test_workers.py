"""Several worker processes behind one port: they know what changes, share budgets, lose nothing, and are replaced when they die."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from tests.fakes.upstream import FakeUpstream, fake_upstream
from tests.server_process import ServerProcess

pytestmark = pytest.mark.story

HELLO = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
WORKERS = 3


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as upstream:
        yield upstream


@pytest.fixture
def server_before(own_server: ServerProcess, upstream: FakeUpstream) -> ServerProcess:
    """A server with three workers, whose OpenAI is the fake one."""
    own_server.variables |= {
        "OPENAI_API_KEY": "sk-fake-openai",
        "OPENAI_BASE_URL": upstream.openai_url,
        "QUARTERDECK_CACHE": "false",
        "QUARTERDECK_WORKERS": str(WORKERS),
    }
    return own_server.start()


def workers_of(server: ServerProcess) -> list[psutil.Process]:
    assert server.process is not None
    return [one for one in psutil.Process(server.process.pid).children() if "workers.worker" in " ".join(one.cmdline())]


async def chat(server: ServerProcess, key: str, **more: str) -> httpx.Response:
    """On a connection of its own, so that any worker may get it."""
    async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as client:
        return await client.post("/v1/chat/completions", json=HELLO, headers={"Authorization": f"Bearer {key}", **more})


def stored(server: ServerProcess) -> int:
    with server.client() as client:
        return int(client.get("/api/v1/ledger").json()["ledger"]["stored"])


async def test_workers_answer_know_keys_at_once_share_a_budget_and_lose_no_span(server_before: ServerProcess) -> None:
    server = server_before
    with server.client() as client:
        assert len(workers_of(server)) == WORKERS

        # A key that was made is known to all of them with the next request, and one that was revoked to none.
        made = client.post("/api/v1/keys", json={"name": "app"}).json()
        replies = await asyncio.gather(*(chat(server, made["secret"]) for _ in range(12)))
        assert [reply.status_code for reply in replies] == [200] * 12
        client.delete(f"/api/v1/keys/{made['key']['id']}")
        replies = await asyncio.gather(*(chat(server, made["secret"]) for _ in range(6)))
        assert [reply.status_code for reply in replies] == [401] * 6

        # One limit for all of them together.
        limit = {"name": "ten", "subject": "project", "metric": "requests", "amount": 10, "window": "day"}
        assert client.post("/api/v1/limits", json=limit).status_code == 201
        key = client.post("/api/v1/keys", json={"name": "limited"}).json()["secret"]
        replies = await asyncio.gather(*(chat(server, key) for _ in range(30)))
        assert sorted(reply.status_code for reply in replies) == [200] * 10 + [429] * 20

        # The numbers of all workers together.
        await asyncio.sleep(1.5)
        line = 'quarterdeck_requests_total{path="/v1/chat/completions",status="429"} 20.0'
        assert line in client.get("/metrics").text
        assert client.get("/readyz").status_code == 200

        # What is not of the data plane goes to the main process, uploads and jobs included.
        assert client.get("/api/v1/projects").status_code == 200
        assert client.get("/v1/batches").json()["data"] == []
        assert client.get("/").headers["content-type"].startswith("text/html")

    deadline = time.monotonic() + 20
    while stored(server) < 22:
        assert time.monotonic() < deadline, f"{stored(server)} of 22 spans\n{server.log()}"
        await asyncio.sleep(0.1)
    assert stored(server) == 22


async def test_a_worker_that_is_killed_is_replaced_and_its_spans_are_stored(server_before: ServerProcess) -> None:
    server = server_before
    replies = await asyncio.gather(*(chat(server, server.admin_key) for _ in range(9)))
    assert {reply.status_code for reply in replies} == {200}

    victims = workers_of(server)
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)
    # Nobody is refused: connections wait for the next worker.
    replies = await asyncio.gather(*(chat(server, server.admin_key) for _ in range(9)))

    assert {reply.status_code for reply in replies} == {200}
    assert {one.pid for one in workers_of(server)}.isdisjoint(one.pid for one in victims)
    deadline = time.monotonic() + 20
    while stored(server) < 18:
        assert time.monotonic() < deadline, f"{stored(server)} of 18 spans\n{server.log()}"
        await asyncio.sleep(0.1)
    assert stored(server) == 18


async def test_a_stop_lets_streams_finish_and_ends_every_worker(
    server_before: ServerProcess, upstream: FakeUpstream
) -> None:
    server, children = server_before, workers_of(server_before)
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as client,
        client.stream("POST", "/v1/chat/completions", json={**HELLO, "stream": True}, headers=headers) as reply,
    ):
        lines = reply.aiter_lines()
        await anext(lines)
        assert server.process is not None
        server.process.terminate()
        rest = [line async for line in lines]

    assert "data: [DONE]" in rest
    assert await asyncio.to_thread(server.process.wait, 30) == 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
