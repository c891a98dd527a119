"""Credentials go to the provider they are for, and nowhere else: not to clients, traces, lists, the log or the disk."""

from __future__ import annotations

import asyncio

import httpx

from tests.fakes.upstream import Turn, fake_upstream
from tests.server_process import ServerProcess

FROM_ENVIRONMENT = "sk-environment-0a1b2c3d4e5f6a7b"
STORED = "sk-stored-7f6e5d4c3b2a1908"
AZURE = "azure-1f2e3d4c5b6a79880"
GEMINI = "AIza-gemini-0f9e8d7c6b5a"
QUESTION = {"messages": [{"role": "user", "content": "capital of France?"}]}
SEEN_BY_CLIENTS = ("providers", "keys", "me", "models", "traces?limit=200", "overview")


async def test_no_credential_is_seen_anywhere_after_good_calls_and_refused_ones(own_server: ServerProcess) -> None:
    async with fake_upstream() as upstream:
        own_server.variables |= {"OPENAI_API_KEY": FROM_ENVIRONMENT, "OPENAI_BASE_URL": upstream.openai_url}
        await asyncio.to_thread(own_server.start)
        headers = {"x-api-key": own_server.admin_key}
        async with httpx.AsyncClient(base_url=own_server.url, headers=headers, trust_env=False, timeout=30) as client:
            made = (await client.post("/api/v1/keys", json={"name": "app"})).json()["secret"]
            provider = {"name": "stored", "kind": "openai-compatible", "base_url": upstream.openai_url, "models": ["m"]}
            await client.post("/api/v1/providers", json={**provider, "api_key": STORED})
            for kind, address, secret in (("azure", upstream.url, AZURE), ("gemini", upstream.url, GEMINI)):
                other = {"name": kind, "kind": kind, "base_url": address, "api_key": secret, "models": ["m"]}
                (await client.post("/api/v1/providers", json=other)).raise_for_status()
            said = ""
            for model, credential in (
                ("openai/gpt-4o-mini", FROM_ENVIRONMENT),
                ("stored/m", STORED),
                ("azure/m", AZURE),
                ("gemini/m", GEMINI),
            ):
                for status in (200, 400, 401, 500):
                    upstream.script(Turn(status=status, error={"error": {"message": f"Wrong API key: {credential}."}}))
                    for stream in (False, True):
                        body = {"model": model, "stream": stream, "user": str(status), **QUESTION}
                        reply = await client.post("/v1/chat/completions", json=body, headers={"x-api-key": made})
                        said += reply.text + str(reply.headers)
            upstream.script(Turn(status=401, error={"error": {"message": f"Wrong API key: {STORED}."}}))
            said += (await client.post("/api/v1/providers/stored/checks")).text
            for path in SEEN_BY_CLIENTS:
                said += (await client.get(f"/api/v1/{path}")).text
            for trace in (await client.get("/api/v1/traces?limit=200")).json()["items"]:
                said += (await client.get(f"/api/v1/traces/{trace['trace_id']}")).text
        used = {
            request.headers.get(name, "").removeprefix("Bearer ")
            for request in upstream.received
            for name in ("authorization", "api-key", "x-goog-api-key")
        } - {""}
    own_server.stop()
    kept = b"".join(path.read_bytes() for path in own_server.home.rglob("*") if path.is_file())

    assert used == {FROM_ENVIRONMENT, STORED, AZURE, GEMINI}
    for secret in (FROM_ENVIRONMENT, STORED, AZURE, GEMINI, made, own_server.admin_key):
        assert secret not in said
        assert secret not in own_server.log()
        assert secret.encode() not in kept
