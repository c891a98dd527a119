"""`/passthrough/{provider}/…`: the provider's own API with our credential, counted, and no way around what a key may do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.access import keys
from quarterdeck.access.keys import KeyTerms
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.safety import guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "gpt-4o-mini", "messages": HELLO}


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {
        "OPENAI_API_KEY": "sk-upstream-secret",
        "OPENAI_BASE_URL": upstream.openai_url,
        "ANTHROPIC_API_KEY": "sk-ant-upstream-secret",
        "ANTHROPIC_BASE_URL": upstream.url,
        "GEMINI_API_KEY": "AIza-upstream-secret",
        "GOOGLE_GEMINI_BASE_URL": upstream.url,
        "COHERE_API_KEY": "co-upstream-secret",
        "COHERE_BASE_URL": f"{upstream.url}/cohere",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "aws-upstream-secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": upstream.url,
    }
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


async def key_with(gateway: Gateway, terms: KeyTerms) -> httpx.AsyncClient:
    client = gateway.http()
    secret = (await keys.create(gateway.work, "narrow", terms=terms)).secret
    client.headers["authorization"] = f"Bearer {secret}"
    return client


async def test_bytes_go_there_and_back_untouched(gateway: Gateway) -> None:
    body = b'{ "model":"gpt-4o-mini",  "messages":[{"role":"user","content":"Hello"}], "unknown": 1.0 }'

    reply = await gateway.http().post(
        "/passthrough/openai/v1/chat/completions", content=body, headers={"content-type": "application/json"}
    )

    assert gateway.upstream.last.raw == body
    assert gateway.upstream.last.path == "/v1/chat/completions"
    assert gateway.upstream.last.headers["authorization"] == "Bearer sk-upstream-secret"
    assert reply.json()["choices"][0]["message"]["content"] == "Paris is the capital."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/passthrough/openai/v1/chat/completions", {**CHAT, "stream_options": {"include_usage": True}}),
        ("/passthrough/anthropic/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": HELLO}),
    ],
)
async def test_usage_is_found_in_the_shapes_of_openai_and_anthropic(
    gateway: Gateway, path: str, body: dict[str, object], stream: bool
) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, cached_tokens=600, output_tokens=100))

    reply = await gateway.http().post(path, json={**body, "stream": stream})

    assert reply.status_code == 200
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input_tokens, span.cache_read_tokens, span.output_tokens) == (1000, 600, 100)
    assert span.cost_pico and not span.unpriced
    assert span.model == body["model"]
    assert ("x-quarterdeck-cost-usd" in reply.headers) == (not stream)


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/passthrough/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", {"contents": []},
         "gemini-2.5-flash"),
        ("/passthrough/cohere/v2/chat", {"model": "command-a", "messages": HELLO, "stream": True}, "command-a"),
        ("/passthrough/bedrock/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream", {"messages": []},
         "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ],
)  # fmt: skip
async def test_usage_is_found_in_the_streams_of_others(
    gateway: Gateway, path: str, body: dict[str, object], model: str
) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, output_tokens=100))

    reply = await gateway.http().post(path, json=body)

    assert reply.status_code == 200, reply.text
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.model, span.input_tokens, span.output_tokens) == (model, 1000, 100)
    assert span.cost_pico and not span.unpriced


async def test_a_stream_comes_as_it_is_made(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(pause_before=2))

    async with gateway.http().stream(
        "POST", "/passthrough/openai/v1/chat/completions", json={**CHAT, "stream": True}
    ) as reply:
        pieces = reply.aiter_bytes()
        first = await anext(pieces)
        gateway.upstream.release.set()
        rest = b"".join([piece async for piece in pieces])

    assert b"Paris" in first or b"role" in first
    assert rest.endswith(b"data: [DONE]\n\n")
    assert reply.headers["content-type"].startswith("text/event-stream")


async def test_any_method_and_query_goes_through(gateway: Gateway) -> None:
    http = gateway.http()

    listed = await http.get("/passthrough/openai/v1/files?purpose=batch&limit=2")
    removed = await http.delete("/passthrough/openai/v1/files/file-1")

    assert (listed.json()["method"], listed.json()["query"]) == ("GET", {"purpose": "batch", "limit": "2"})
    assert removed.json()["method"] == "DELETE"
    span = await gateway.only_span(removed.headers["x-quarterdeck-trace-id"])
    assert (span.name, span.cost_pico, span.unpriced) == ("passthrough passthrough", None, False)
    assert span.input == {"method": "DELETE", "path": "/v1/files/file-1"}


async def test_a_file_of_any_size_goes_through_whole(gateway: Gateway) -> None:
    content = bytes(range(256)) * 4 * 1024 * 4  # 4 MB

    reply = await gateway.http().post("/passthrough/openai/v1/files", files={"file": ("a.bin", content)})

    assert reply.json()["bytes"] == len(gateway.upstream.last.raw)
    assert content in gateway.upstream.last.raw


async def test_our_keys_and_our_words_stay_here(gateway: Gateway) -> None:
    said = {
        "x-api-key": gateway.key,
        "x-litellm-tags": "a",
        "helicone-user-id": "u1",
        "x-quarterdeck-project": "default",
        "cookie": "quarterdeck_session=1",
        "x-forwarded-for": "10.0.0.1",
        "connection": "x-secret-hop",
        "x-secret-hop": "1",
        "anthropic-beta": "files-api-2025-04-14",
    }

    reply = await gateway.http().get(f"/passthrough/anthropic/v1/models?key={gateway.key}&limit=1", headers=said)

    sent = gateway.upstream.last
    assert gateway.key not in str(sent.headers) and gateway.key not in sent.raw_path
    assert not {"cookie", "x-forwarded-for", "x-litellm-tags", "helicone-user-id", "x-secret-hop"} & sent.headers.keys()
    assert not any(name.startswith("x-quarterdeck") for name in sent.headers)
    assert (sent.headers["anthropic-beta"], sent.headers["x-api-key"]) == (
        "files-api-2025-04-14",
        "sk-ant-upstream-secret",
    )
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.user_id, span.tags) == ("u1", ("a",))


@pytest.mark.parametrize(
    "path",
    [
        "/../admin",
        "/v1/../../admin",
        "/v1/%2e%2e/admin",
        "/v1/%252e%252e/admin",
        "/v1/..%2fadmin",
        "/v1/..%5Cadmin",
        "/v1/a%0d%0ax",
        "/v1/./x",
    ],
)
async def test_a_path_cannot_escape(gateway: Gateway, path: str) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    # Clients tidy paths up before they send them; an attacker does not.
    head = f"GET /passthrough/openai{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    said = (await reader.read()).decode()
    writer.close()

    assert said.startswith("HTTP/1.1 400"), said[:200]
    assert gateway.upstream.received == []


async def test_a_key_may_be_kept_out(gateway: Gateway) -> None:
    http = await key_with(gateway, KeyTerms(passthrough=False))

    refused = await http.get("/passthrough/openai/v1/files")
    allowed = await http.post("/v1/chat/completions", json=CHAT)

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "passthrough_not_allowed")
    assert allowed.status_code == 200


async def test_a_key_calls_no_model_that_it_may_not_call_elsewhere(gateway: Gateway) -> None:
    http = await key_with(gateway, KeyTerms(allowed_models=["openai/gpt-4o-mini"]))

    good = await http.post("/passthrough/openai/v1/chat/completions", json=CHAT)
    other = await http.post("/passthrough/openai/v1/chat/completions", json={**CHAT, "model": "gpt-4o"})
    nameless = await http.post("/passthrough/openai/v1/files", json={})
    hidden = await http.post("/passthrough/openai/deployments/gpt-4o-mini/x", json={**CHAT, "model": "gpt-4o"})
    as_text = await http.post(
        "/passthrough/openai/v1/chat/completions",
        content=json.dumps({**CHAT, "model": "gpt-4o"}),
        headers={"content-type": "text/plain"},
    )

    assert [reply.status_code for reply in (good, other, nameless, hidden, as_text)] == [200, 403, 403, 403, 403]
    assert len(gateway.upstream.received) == 1


async def test_what_a_provider_refuses_is_told_as_it_is_but_without_our_credential(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=401, error={"error": {"message": "Bad key: sk-upstream-secret"}}))

    reply = await gateway.http().post("/passthrough/openai/v1/chat/completions", json=CHAT)

    assert (reply.status_code, reply.json()) == (401, {"error": {"message": "Bad key: …"}})
    assert (await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])).status == "error"


async def test_what_a_provider_sends_can_do_nothing_under_our_address(gateway: Gateway) -> None:
    evil = (("set-cookie", "quarterdeck_session=evil"), ("access-control-allow-origin", "*"), ("x-kept", "1"))
    gateway.upstream.script(Turn(body=b"<script>1</script>", content_type="text/html", headers=evil))

    reply = await gateway.http().get("/passthrough/openai/v1/page")

    assert "set-cookie" not in reply.headers and "access-control-allow-origin" not in reply.headers
    assert reply.headers["content-security-policy"].startswith("sandbox")
    assert (reply.headers["x-content-type-options"], reply.headers["x-kept"]) == ("nosniff", "1")


async def test_an_answer_of_a_model_that_tells_no_usage_is_unpriced_and_not_free(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(usage="none"))

    reply = await gateway.http().post("/passthrough/openai/v1/chat/completions", json=CHAT)

    assert (await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])).unpriced


async def test_a_file_that_breaks_off_is_cut_off_and_not_ended(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(content_type="audio/mpeg", reset_after=2))

    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.http().post("/passthrough/openai/v1/chat/completions", json={**CHAT, "stream": True})


async def test_a_client_that_hangs_up_cuts_the_provider_off(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(silent_after=2))
    ask = {**CHAT, "stream": True}

    async with gateway.http().stream("POST", "/passthrough/openai/v1/chat/completions", json=ask) as reply:
        await anext(reply.aiter_bytes())

    await gateway.upstream.last.cut_off.wait()
    assert reply.status_code == 200


@pytest.mark.parametrize("path", ["/passthrough/nobody/v1/x", "/passthrough/", "/passthrough//v1/x"])
async def test_a_provider_that_is_not_there(gateway: Gateway, path: str) -> None:
    reply = await gateway.http().get(path)

    assert reply.status_code == 404
    assert "There are:" in reply.json()["error"]["message"]


async def test_what_runs_here_has_nothing_to_pass_through_to(gateway: Gateway) -> None:
    reply = await gateway.http().get("/passthrough/local/v1/models")

    assert reply.status_code == 400


async def test_nobody_passes_without_a_key(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as stranger:
        reply = await stranger.get("/passthrough/openai/v1/files")

    assert reply.status_code == 401
    assert gateway.upstream.received == []


async def test_a_budget_cannot_be_bypassed(gateway: Gateway) -> None:
    await limits.create(gateway.work, "month", LimitWish("project", "cost", 0.000001, "month"))
    http = gateway.http()

    replies = [await http.post("/passthrough/openai/v1/chat/completions", json=CHAT) for _ in range(3)]

    assert replies[-1].status_code == 429
    assert replies[-1].json()["error"]["code"] == "insufficient_quota"
    assert len(gateway.upstream.received) < 3


async def test_guardrails_cannot_be_bypassed(gateway: Gateway) -> None:
    word: dict[str, Any] = {"kind": "deny_list", "words": ["xyzzy"]}
    mail: dict[str, Any] = {"kind": "personal_data", "types": ["email"]}
    await guardrails.put(gateway.work, "words", GuardrailWish(checks=[word]))
    await guardrails.put(gateway.work, "mails", GuardrailWish(checks=[mail], action="redact"))
    http, place = gateway.http(), "/passthrough/openai/v1/chat/completions"

    refused = await http.post(place, json={**CHAT, "messages": [{"role": "user", "content": "xyzzy"}]})
    cleaned = await http.post(place, json={**CHAT, "messages": [{"role": "user", "content": "Write to a@b.example"}]})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "content_policy_violation")
    assert cleaned.status_code == 200
    assert "a@b.example" not in gateway.upstream.last.raw.decode()
    assert gateway.upstream.last.body["model"] == "gpt-4o-mini"
