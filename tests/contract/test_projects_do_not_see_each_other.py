"""Two projects on one server: whoever holds every right in one sees, calls and changes nothing of the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server.app import Application
from quarterdeck.server.wiring import running
from tests.conftest import FreshHome
from tests.fakes.upstream import FakeUpstream, fake_upstream

Json = dict[str, Any]
PLAN = b"# The heron plan\n\n## Opening\n\nThe heron plan opens a harbour office in Bergen on 3 March with 14 people.\n"
QUESTION = "How many people open the office of the heron plan?"
SHARED_MODEL = "openai/gpt-4o-mini"
ALL_SCOPES = ["gateway", "read", "write", "admin"]


@dataclass(frozen=True)
class House:
    """A server with the projects `blue`, which has everything, and `red`, which is new; each with its almighty key."""

    admin: httpx.AsyncClient
    blue: httpx.AsyncClient
    red: httpx.AsyncClient
    upstream: FakeUpstream
    blues: Json
    """The ids of what blue has, by the kind of thing."""


@pytest.fixture
async def house(tmp_path: Path, fresh_home: FreshHome) -> AsyncIterator[House]:
    async with fake_upstream() as upstream:
        providers = {"OPENAI_API_KEY": "sk-fake-openai", "OPENAI_BASE_URL": upstream.openai_url}
        async with running(Settings(home=fresh_home(tmp_path / "home"), providers=providers)) as runtime:
            admin = _client(runtime, runtime.part(Keyring).add_local_key())
            blue, red = [_client(runtime, await _new_project(admin, name)) for name in ("blue", "red")]
            blues = await _furnish(blue, upstream)
            await runtime.part(Recorder).flush()
            yield House(admin, blue, red, upstream, blues)


def _client(runtime: Runtime, key: str) -> httpx.AsyncClient:
    door = httpx.ASGITransport(Application(runtime))
    return httpx.AsyncClient(transport=door, base_url="http://localhost", headers={"x-api-key": key})


async def _new_project(admin: httpx.AsyncClient, name: str) -> str:
    """A project, and a key for everything in it."""
    await _ok(admin.post("/api/v1/projects", json={"name": name}))
    wish = {"name": f"{name} key", "scopes": ALL_SCOPES}
    created = await _ok(admin.post("/api/v1/keys", json=wish, headers={"x-quarterdeck-project": name}))
    secret: str = created["secret"]
    return secret


async def _furnish(client: httpx.AsyncClient, upstream: FakeUpstream) -> Json:
    """One of each: knowledge, app, prompt, provider, traces, a cached answer."""
    await _ok(client.put("/api/v1/knowledge/plans/files", params={"path": "heron.md"}, content=PLAN))
    await _ok(client.post("/api/v1/knowledge/plans/versions", json={"paths": None, "prune": False}))
    documents = await _ok(client.get("/api/v1/knowledge/plans/documents"))
    document = await _ok(client.get(f"/api/v1/knowledge/plans/documents/{documents['items'][0]['id']}"))
    await _ok(client.post("/api/v1/apps", json={"name": "heron-bot", "knowledge": "plans"}))
    await _ok(client.post("/api/v1/prompts/heron-prompt/versions", json={"template": "Heron: {{ question }}"}))
    await _ok(client.put("/api/v1/prompts/heron-prompt/labels/production", json={"version": 1}))
    rule = {"checks": [{"kind": "deny_list", "words": ["heron-secret"]}], "stages": ["output"]}
    await _ok(client.put("/api/v1/guardrails/heron-rule", json=rule))
    provider = {"name": "heron-provider", "kind": "openai-compatible", "base_url": upstream.openai_url, "models": ["m"]}
    await _ok(client.post("/api/v1/providers", json={**provider, "api_key": "sk-heron-credential"}))
    for noun in ("semantic-caches", "input-budgets"):
        wish = {"keep_share": 0.5} if noun == "input-budgets" else {}
        await _ok(client.put(f"/api/v1/{noun}/heron-provider/m", json=wish))
    router = {"name": "heron-router", "weak": SHARED_MODEL, "strong": "heron-provider/m"}
    await _ok(client.post("/api/v1/routers", json=router))
    answered = await _ask(client, "heron-bot")
    cached = await _ask(client, SHARED_MODEL)
    keys = await _ok(client.get("/api/v1/keys"))
    app = await _ok(client.get("/api/v1/apps/heron-bot"))
    assert "14 people" in answered.json()["choices"][0]["message"]["content"]
    return {
        "document": document["id"],
        "chunk": document["chunks"][0]["id"],
        "trace": answered.headers["x-quarterdeck-trace-id"],
        "other trace": cached.headers["x-quarterdeck-trace-id"],
        "release": app["release_id"],
        "key": keys["items"][0]["id"],
    }


async def _ask(client: httpx.AsyncClient, model: str) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}]}
    reply = await client.post("/v1/chat/completions", json=body)
    assert reply.is_success, reply.text
    return reply


async def _ok(call: Any) -> Json:  # Any: what httpx's methods return
    reply = await call
    assert reply.is_success, f"{reply.request.url}: {reply.text}"
    found: Json = reply.json()
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/keys",
        "/api/v1/projects",
        "/api/v1/providers",
        "/api/v1/models",
        "/api/v1/knowledge",
        "/api/v1/apps",
        "/api/v1/prompts",
        "/api/v1/guardrails",
        "/api/v1/semantic-caches",
        "/api/v1/input-budgets",
        "/api/v1/routers",
        "/api/v1/traces",
        "/api/v1/traces?q=heron",
        "/api/v1/traces/histogram",
        "/api/v1/overview",
        "/v1/models",
    ],
)
async def test_no_list_of_one_project_shows_anything_of_the_other(house: House, path: str) -> None:
    shown_to_blue, shown_to_red = await house.blue.get(path), await house.red.get(path)

    assert shown_to_red.is_success
    assert "heron" not in shown_to_red.text
    assert "blue" not in shown_to_red.text
    assert [found for found in house.blues.values() if found in shown_to_red.text] == []
    assert shown_to_red.text != shown_to_blue.text


async def test_the_figures_of_one_project_do_not_count_the_other(house: House) -> None:
    blue, red = await _ok(house.blue.get("/api/v1/overview")), await _ok(house.red.get("/api/v1/overview"))

    assert blue["requests"] == 2
    assert red["requests"] == 0
    assert red["tokens"] == {"input": 0, "output": 0}
    assert (await _ok(house.red.get("/api/v1/traces")))["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/knowledge/plans", None),
        ("GET", "/api/v1/knowledge/plans/documents", None),
        ("GET", "/api/v1/knowledge/plans/documents/{document}", None),
        ("GET", "/api/v1/knowledge/plans/searches?q=heron", None),
        ("GET", "/api/v1/chunks/{chunk}", None),
        ("POST", "/api/v1/apps", {"name": "thief", "knowledge": "plans"}),
        ("GET", "/api/v1/apps/heron-bot", None),
        ("GET", "/api/v1/apps/heron-bot/releases", None),
        ("GET", "/api/v1/apps/heron-bot/deployments", None),
        ("POST", "/api/v1/apps/heron-bot/releases", {}),
        ("POST", "/api/v1/apps/heron-bot/deployments", {"release_id": "{release}"}),
        ("GET", "/api/v1/prompts/heron-prompt", None),
        ("PUT", "/api/v1/prompts/heron-prompt/labels/production", {"version": 1}),
        ("DELETE", "/api/v1/prompts/heron-prompt/labels/production", None),
        ("GET", "/api/v1/guardrails/heron-rule", None),
        ("PATCH", "/api/v1/guardrails/heron-rule", {"enabled": False}),
        ("DELETE", "/api/v1/guardrails/heron-rule", None),
        ("POST", "/api/v1/guardrails/heron-rule/trials", {"text": "x"}),
        ("GET", "/api/v1/semantic-caches/heron-provider/m", None),
        ("PUT", "/api/v1/semantic-caches/heron-provider/m", {}),
        ("GET", "/api/v1/semantic-caches/heron-provider/m/checks", None),
        ("POST", "/api/v1/semantic-caches/heron-provider/m/purges", None),
        ("DELETE", "/api/v1/semantic-caches/heron-provider/m", None),
        ("PUT", "/api/v1/input-budgets/heron-provider/m", {"keep_share": 0.5}),
        ("DELETE", "/api/v1/input-budgets/heron-provider/m", None),
        ("GET", "/api/v1/routers/heron-router", None),
        ("POST", "/api/v1/routers/heron-router/outcomes", {"outcomes": []}),
        ("POST", "/api/v1/routers/heron-router/trainings", None),
        ("POST", "/api/v1/routers/heron-router/predictions", {"text": "x"}),
        ("DELETE", "/api/v1/routers/heron-router", None),
        ("GET", "/api/v1/traces/{trace}", None),
        ("GET", "/api/v1/traces/{other trace}", None),
        ("POST", "/api/v1/traces/{trace}/replays", None),
        ("POST", "/api/v1/providers/heron-provider/checks", None),
        ("DELETE", "/api/v1/providers/heron-provider", None),
        ("DELETE", "/api/v1/keys/{key}", None),
        ("GET", "/v1/models/heron-bot", None),
        ("POST", "/v1/chat/completions", {"model": "heron-bot", "messages": [{"role": "user", "content": "?"}]}),
        ("POST", "/v1/chat/completions", {"model": "heron-provider/m", "messages": [{"role": "user", "content": "?"}]}),
        ("POST", "/v1/chat/completions", {"model": "prompt:heron-prompt", "messages": []}),
        ("POST", "/v1/embeddings", {"model": "heron-provider/m", "input": "?"}),
        ("POST", "/v1/rerank", {"model": "heron-provider/m", "query": "?", "documents": ["?"]}),
        ("POST", "/v1/audio/speech", {"model": "heron-provider/m", "input": "?", "voice": "?"}),
        ("GET", "/passthrough/heron-provider/v1/files", None),
    ],
)
async def test_what_another_project_has_is_not_there(house: House, method: str, path: str, body: Json | None) -> None:
    content = None if body is None else json.loads(json.dumps(body).replace("{release}", house.blues["release"]))
    received = len(house.upstream.received)

    reply = await house.red.request(method, path.format(**house.blues), json=content)

    assert reply.status_code == 404, reply.text
    assert "14 people" not in reply.text
    assert len(house.upstream.received) == received


async def test_things_of_the_same_name_are_two_things(house: House) -> None:
    other = b"# The heron plan\n\n## Opening\n\nThe heron plan opens a library in Porto on 9 May with 62 people.\n"
    await _ok(house.red.put("/api/v1/knowledge/plans/files", params={"path": "heron.md"}, content=other))
    await _ok(house.red.post("/api/v1/knowledge/plans/versions", json={"paths": ["heron.md"], "prune": True}))
    await _ok(house.red.post("/api/v1/apps", json={"name": "heron-bot", "knowledge": "plans"}))

    reds, blues = await _ask(house.red, "heron-bot"), await _ask(house.blue, "heron-bot")

    assert "62 people" in reds.text
    assert "14 people" not in reds.text
    assert "14 people" in blues.text
    assert (await _ok(house.blue.get("/api/v1/knowledge/plans")))["documents"] == 1


async def test_a_release_of_another_project_cannot_be_deployed_under_an_own_app(house: House) -> None:
    await _ok(
        house.red.put("/api/v1/knowledge/mine/files", params={"path": "own.md"}, content=b"# Own\n\nOwn words.\n")
    )
    await _ok(house.red.post("/api/v1/knowledge/mine/versions", json={"paths": None, "prune": False}))
    await _ok(house.red.post("/api/v1/apps", json={"name": "own-bot", "knowledge": "mine"}))

    wish = {"release_id": house.blues["release"]}
    deployed = await house.red.post("/api/v1/apps/own-bot/deployments", json=wish)
    proposed = await house.red.post("/api/v1/apps/own-bot/releases", json={"index": {"name": "plans"}})

    assert deployed.status_code == 404
    assert proposed.status_code in (400, 404)


async def test_an_answer_that_one_project_has_paid_for_is_not_served_to_the_other(house: House) -> None:
    again = await _ask(house.blue, SHARED_MODEL)

    first_of_red = await _ask(house.red, SHARED_MODEL)

    assert again.headers["x-quarterdeck-cache"] == "hit"
    assert first_of_red.headers["x-quarterdeck-cache"] != "hit"


async def test_a_key_cannot_step_into_another_project(house: House) -> None:
    reply = await house.red.get("/api/v1/apps", headers={"x-quarterdeck-project": "blue"})

    assert reply.status_code == 403
    assert "heron" not in reply.text


async def test_keys_of_one_project_make_keys_for_that_project_only(house: House) -> None:
    wish = {"name": "made by red", "scopes": ALL_SCOPES}
    secret = (await _ok(house.red.post("/api/v1/keys", json=wish)))["secret"]

    me = await _ok(house.red.get("/api/v1/me", headers={"x-api-key": secret}))

    assert me["project"]["name"] == "red"


async def test_the_administrator_enters_each_project_by_name(house: House) -> None:
    seen = [
        [app["name"] for app in (await _ok(house.admin.get("/api/v1/apps", headers=header)))["items"]]
        for header in ({}, {"x-quarterdeck-project": "blue"}, {"x-quarterdeck-project": "red"})
    ]

    assert seen == [[], ["heron-bot"], []]
