"""An answer that a client has is among the traces, whatever happens to the process right after."""

from __future__ import annotations

import httpx
import pytest

from tests.fakes.upstream import FakeUpstream
from tests.server_process import ServerProcess

ASK = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_survives_kill_9_right_after_its_last_byte(
    own_server: ServerProcess, upstream: FakeUpstream, stream: bool
) -> None:
    own_server.variables |= {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": upstream.openai_url}
    own_server.start()
    headers = {"Authorization": f"Bearer {own_server.admin_key}"}
    body = {"model": "openai/gpt-4o-mini", "messages": ASK, "stream": stream}

    async with httpx.AsyncClient(base_url=own_server.url, headers=headers) as client:
        reply = await client.post("/v1/chat/completions", json=body)
        own_server.kill()
    own_server.start()

    async with httpx.AsyncClient(base_url=own_server.url, headers=headers) as client:
        trace = await client.get(f"/api/v1/traces/{reply.headers['x-quarterdeck-trace-id']}")
    assert trace.status_code == 200, trace.text
    (span,) = trace.json()["spans"]
    assert (span["input_tokens"], span["output_tokens"]) == (20, 10)
    assert span["output"]["content"] == "Paris is the capital."
