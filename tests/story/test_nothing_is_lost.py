"""What a client has seen is kept, and what was begun goes on: after `kill -9` at the worst moments, and after SIGTERM."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import httpx
import pytest
from openai import APIError, AsyncOpenAI
from openai.types.chat import ChatCompletionUserMessageParam

from tests.fakes.upstream import FakeUpstream, Turn, fake_upstream
from tests.server_process import ServerProcess

pytestmark = pytest.mark.story

MODEL = "openai/gpt-4o-mini"
QUESTION: ChatCompletionUserMessageParam = {"role": "user", "content": "What is the capital of France?"}
WORDS = ("Paris", " is", " the", " capital", ".")
PAGES = 120


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as upstream:
        yield upstream


@pytest.fixture
def server_before(own_server: ServerProcess, upstream: FakeUpstream) -> ServerProcess:
    """A running server whose OpenAI is the fake one."""
    own_server.variables |= {
        "OPENAI_API_KEY": "sk-fake-openai",
        "OPENAI_BASE_URL": upstream.openai_url,
        "QUARTERDECK_CACHE": "false",
    }
    return own_server.start()


Asking = Callable[[AsyncOpenAI], Awaitable[str]]


def sdk(server: ServerProcess) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.admin_key, max_retries=0)


async def ask(client: AsyncOpenAI) -> str:
    """Ask, take the whole answer, and return the id of its trace."""
    reply = await client.chat.completions.with_raw_response.create(model=MODEL, messages=[QUESTION])
    assert reply.parse().choices[0].message.content == "".join(WORDS)
    return reply.headers["x-quarterdeck-trace-id"]


async def ask_for_a_stream(client: AsyncOpenAI) -> str:
    """The same, word by word, to the end of the stream."""
    reply = await client.chat.completions.with_raw_response.create(model=MODEL, messages=[QUESTION], stream=True)
    words = [choice.delta.content or "" async for chunk in reply.parse() for choice in chunk.choices]
    assert "".join(words) == "".join(WORDS)
    return reply.headers["x-quarterdeck-trace-id"]


def traces(server: ServerProcess) -> list[str]:
    """The traces of a server."""
    return [trace["trace_id"] for trace in everything(server, "/api/v1/traces")]


def everything(server: ServerProcess, path: str) -> list[dict[str, str]]:
    """A list of the server, page by page."""
    found: list[dict[str, str]] = []
    cursor: str | None = None
    with server.client() as client:
        while True:
            page = client.get(path, params={"limit": 50} | ({"cursor": cursor} if cursor else {})).json()
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


async def test_an_answer_is_in_the_trace_list_though_the_server_was_killed_right_after(
    server_before: ServerProcess,
) -> None:
    async with sdk(server_before) as client:
        trace_id = await ask(client)
    server_before.kill()

    await asyncio.to_thread(server_before.start)

    assert await asyncio.to_thread(traces, server_before) == [trace_id]


async def test_killed_amid_many_answers_the_server_has_each_that_was_received_exactly_once(
    server_before: ServerProcess,
) -> None:
    received: list[str] = []

    async def keep_asking(client: AsyncOpenAI, asking: Asking) -> None:
        with suppress(APIError, httpx.TransportError):
            while True:
                received.append(await asking(client))

    async with sdk(server_before) as client:
        asking = [asyncio.create_task(keep_asking(client, way)) for way in (ask, ask_for_a_stream) * 4]
        while len(received) < 100:
            await asyncio.sleep(0.01)
        server_before.kill()
        await asyncio.gather(*asking)
    await asyncio.to_thread(server_before.start)
    kept = await asyncio.to_thread(traces, server_before)

    assert set(received) <= set(kept)
    assert len(kept) == len(set(kept))
    with server_before.client() as admin:
        ledger = admin.get("/api/v1/overview").json()["ledger"]
    assert ledger["accepted"] == ledger["stored"]
    assert ledger["pending"] == ledger["lost"] == 0


async def test_a_stop_lets_an_answer_that_streams_finish_and_records_it(
    server_before: ServerProcess, upstream: FakeUpstream
) -> None:
    upstream.script(Turn(words=WORDS, pause_before=2))
    assert server_before.process is not None
    words: list[str] = []

    async with sdk(server_before) as client:
        reply = await client.chat.completions.with_raw_response.create(model=MODEL, messages=[QUESTION], stream=True)
        async for chunk in reply.parse():
            words += [choice.delta.content for choice in chunk.choices if choice.delta.content]
            if len(words) == 2 and not upstream.release.is_set():
                server_before.process.terminate()
                await asyncio.to_thread(until_refused, httpx.URL(server_before.url))
                upstream.release.set()
    code = await asyncio.to_thread(server_before.process.wait, 20)
    await asyncio.to_thread(server_before.start)

    assert "".join(words) == "".join(WORDS)
    assert code == 0
    assert await asyncio.to_thread(traces, server_before) == [reply.headers["x-quarterdeck-trace-id"]]


async def test_an_ingestion_cut_off_by_kills_ends_complete_and_without_doubles(own_server: ServerProcess) -> None:
    files = {f"page-{n:03d}.md": page(n) for n in range(PAGES)}
    await asyncio.to_thread(own_server.start)

    for let_through in (15, 40, 80):
        await ingest(own_server, files, stop_after=let_through)
        own_server.kill()
        await asyncio.to_thread(own_server.start)
    await ingest(own_server, files)
    own_server.kill()  # while the job embeds
    await asyncio.to_thread(own_server.start)

    with own_server.client() as client:
        state = until_embedded(client)
        paths = [document["path"] for document in everything(own_server, "/api/v1/knowledge/kills/documents")]
        hits = client.get("/api/v1/knowledge/kills/searches", params={"q": "allowance of berth 77"}).json()["hits"]
    assert sorted(paths) == sorted(files)
    assert state["embedded"] == state["chunks"] > 0
    assert hits[0]["path"] == "page-077.md"


def until_refused(url: httpx.URL) -> None:
    """Wait until nobody listens there any more."""
    began = time.monotonic()
    while time.monotonic() - began < 20:
        try:
            httpx.get(url, trust_env=False)
        except httpx.ConnectError:
            return
        except httpx.TransportError:
            continue  # taken, and let go again: the door is closing
    raise AssertionError("The server still listens.")


async def ingest(server: ServerProcess, files: dict[str, bytes], *, stop_after: int | None = None) -> None:
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


def until_embedded(client: httpx.Client) -> dict[str, int]:
    deadline = time.monotonic() + 90
    while True:
        state: dict[str, int] = client.get("/api/v1/knowledge/kills").json()
        if state["embedded"] == state["chunks"] or time.monotonic() > deadline:
            return state
        time.sleep(0.1)


def page(number: int) -> bytes:
    return (
        f"# Berth {number}\n\n## Who may moor\n\nBoats of class {number} may moor at berth {number} from May to September. "
        f"The harbour master keeps the list.\n\n## Allowance\n\nThe allowance of berth {number} is {number * 3 + 10} crowns a "
        "night, paid on arrival at the office by the crane.\n"
    ).encode()


async def test_a_batch_goes_on_after_kill_9_and_answers_every_line_once(
    server_before: ServerProcess, upstream: FakeUpstream
) -> None:
    lines = [
        json.dumps(
            {
                "custom_id": f"line-{number}",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"model": MODEL, "messages": [{"role": "user", "content": f"question {number}"}]},
            }
        )
        for number in range(30)
    ]
    upstream.script(*[Turn()] * 10, Turn(silent_after=-1))
    async with sdk(server_before) as client:
        file = await client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
        batch = await client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        # Ten lines are done, and as many are in mid-air as may be at once.
        while (counts := (await client.batches.retrieve(batch.id)).request_counts) is None or counts.completed < 10:
            await asyncio.sleep(0.05)

    server_before.kill()
    upstream.script(Turn())
    upstream.release.set()
    server_before.start()
    async with sdk(server_before) as client:
        while (batch := await client.batches.retrieve(batch.id)).status != "completed":
            await asyncio.sleep(0.05)
        answers = [
            json.loads(line) for line in (await client.files.content(str(batch.output_file_id))).text.splitlines()
        ]
    asked = Counter(request.body["messages"][0]["content"] for request in upstream.received)

    assert [answer["custom_id"] for answer in answers] == [f"line-{number}" for number in range(30)]
    assert len(asked) == 30
    # Only what was in mid-air has been asked twice.
    assert sum(asked.values()) <= 30 + 4
    assert max(asked.values()) <= 2
