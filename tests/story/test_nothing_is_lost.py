"""What a client has received is on record: after `kill -9`, after SIGTERM, and in the middle of many answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
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


def sdk(server: ServerProcess) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.admin_key, max_retries=0)


async def ask(client: AsyncOpenAI) -> str:
    """Ask, take the whole answer, and return the id of its trace."""
    reply = await client.chat.completions.with_raw_response.create(model=MODEL, messages=[QUESTION])
    assert reply.parse().choices[0].message.content == "".join(WORDS)
    return reply.headers["x-quarterdeck-trace-id"]


def traces(server: ServerProcess) -> list[str]:
    """The traces of a server, page by page."""
    found: list[str] = []
    cursor: str | None = None
    with server.client() as client:
        while True:
            page = client.get("/api/v1/traces", params={"limit": 50} | ({"cursor": cursor} if cursor else {})).json()
            found += [trace["trace_id"] for trace in page["items"]]
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

    async def keep_asking(client: AsyncOpenAI) -> None:
        with suppress(APIError):
            while True:
                received.append(await ask(client))

    async with sdk(server_before) as client:
        asking = [asyncio.create_task(keep_asking(client)) for _ in range(8)]
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


def until_refused(url: httpx.URL) -> None:
    """Wait until nobody listens there any more."""
    began = time.monotonic()
    while time.monotonic() - began < 20:
        try:
            httpx.get(url, trust_env=False)
        except httpx.ConnectError:
            return
    raise AssertionError("The server still listens.")
