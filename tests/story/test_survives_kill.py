"""`kill -9` at the worst moments: what a client has seen is kept, and what was begun goes on. Nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

import httpx
import pytest

from tests.fakes.upstream import Turn, fake_upstream
from tests.server_process import ServerProcess

pytestmark = pytest.mark.story

PAGES = 120


async def test_every_answer_a_client_has_received_is_in_the_trace_list_after_a_kill(own_server: ServerProcess) -> None:
    async with fake_upstream() as upstream:
        upstream.script(Turn(input_tokens=20, output_tokens=10))
        own_server.variables |= {"OPENAI_API_KEY": "sk-fake-upstream", "OPENAI_BASE_URL": upstream.openai_url}
        await asyncio.to_thread(own_server.start)
        seen: list[str] = []
        callers = [asyncio.create_task(_keep_calling(own_server, seen, stream=bool(n % 2))) for n in range(6)]
        while len(seen) < 60:
            await asyncio.sleep(0.005)

        own_server.kill()

        await asyncio.gather(*callers)
        await asyncio.to_thread(own_server.start)

    with own_server.client() as client:
        traces = _all_traces(client)
        ledger = client.get("/api/v1/overview").json()["ledger"]
    assert set(seen) <= set(traces)
    assert len(traces) == len(set(traces))
    assert ledger["accepted"] == ledger["stored"] + ledger["pending"]


async def test_an_ingestion_cut_off_by_kills_ends_complete_and_without_doubles(own_server: ServerProcess) -> None:
    files = {f"page-{n:03d}.md": _page(n) for n in range(PAGES)}
    await asyncio.to_thread(own_server.start)

    for let_through in (15, 40, 80):
        await _ingest(own_server, files, stop_after=let_through)
        own_server.kill()
        await asyncio.to_thread(own_server.start)
    await _ingest(own_server, files)
    own_server.kill()  # while the job embeds
    await asyncio.to_thread(own_server.start)

    with own_server.client() as client:
        state = _until_embedded(client)
        paths = [document["path"] for document in _all_documents(client)]
        hits = client.get("/api/v1/knowledge/kills/searches", params={"q": "allowance of berth 77"}).json()["hits"]
    assert sorted(paths) == sorted(files)
    assert state["embedded"] == state["chunks"] > 0
    assert hits[0]["path"] == "page-077.md"


async def _keep_calling(server: ServerProcess, seen: list[str], *, stream: bool) -> None:
    """Ask until the server is gone; note a trace only when its whole answer is here."""
    body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "capital?"}], "stream": stream}
    headers = {"authorization": f"Bearer {server.admin_key}", "cache-control": "no-cache"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as client:
        for _ in range(500):
            try:
                answer = await client.post("/v1/chat/completions", json=body)
            except httpx.TransportError:
                return
            if answer.is_success and (not stream or answer.text.rstrip().endswith("data: [DONE]")):
                seen.append(answer.headers["x-quarterdeck-trace-id"])


async def _ingest(server: ServerProcess, files: dict[str, bytes], *, stop_after: int | None = None) -> None:
    """What `quarterdeck ingest` does; `stop_after` so many files it leaves off without publishing."""
    headers = {"authorization": f"Bearer {server.admin_key}"}
    offered = [{"path": p, "sha256": hashlib.sha256(c).hexdigest(), "size": len(c)} for p, c in files.items()]
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=60) as client:
        manifest = await client.post("/api/v1/knowledge/kills/manifests", json={"files": offered})
        for path in manifest.json()["wanted"][:stop_after]:
            stored = await client.put("/api/v1/knowledge/kills/files", params={"path": path}, content=files[path])
            assert stored.json()["status"] in ("stored", "unchanged"), stored.text
        if stop_after is None:
            published = await client.post(
                "/api/v1/knowledge/kills/versions", json={"paths": sorted(files), "prune": True}
            )
            assert published.status_code == 201, published.text


def _until_embedded(client: httpx.Client) -> dict[str, int]:
    deadline = time.monotonic() + 90
    while True:
        state: dict[str, int] = client.get("/api/v1/knowledge/kills").json()
        if state["embedded"] == state["chunks"] or time.monotonic() > deadline:
            return state
        time.sleep(0.1)


def _all_traces(client: httpx.Client) -> list[str]:
    return [trace["trace_id"] for trace in _walk(client, "/api/v1/traces")]


def _all_documents(client: httpx.Client) -> list[dict[str, str]]:
    return _walk(client, "/api/v1/knowledge/kills/documents")


def _walk(client: httpx.Client, path: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor: str | None = None
    while True:
        page = json.loads(client.get(path, params={"limit": 200} | ({"cursor": cursor} if cursor else {})).text)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _page(number: int) -> bytes:
    return (
        f"# Berth {number}\n\n## Who may moor\n\nBoats of class {number} may moor at berth {number} from May to September. "
        f"The harbour master keeps the list.\n\n## Allowance\n\nThe allowance of berth {number} is {number * 3 + 10} crowns a "
        "night, paid on arrival at the office by the crane.\n"
    ).encode()
