"""Apps, releases, prompts and replays through the real server's doors, with the official SDK as the client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.server_process import ServerProcess
from tests.unit.orchestration.conftest import HANDBOOK

QUESTION = "How many days a week may I work from home?"
SENTENCE = "You may work from home up to 3 days a week."


@pytest.fixture(scope="module")
def api(server: ServerProcess) -> Iterator[httpx.Client]:
    """A client of the control API, with `bot` live on a published handbook."""
    with server.client() as client:
        _make_bot(client, server)
        yield client


def _make_bot(client: httpx.Client, server: ServerProcess) -> None:
    client.base_url = httpx.URL(f"{server.url}/api/v1")
    for path, text in HANDBOOK.items():
        client.put("/knowledge/handbook/files", params={"path": path}, content=text.encode()).raise_for_status()
    client.post("/knowledge/handbook/versions", json={}).raise_for_status()
    created = client.post("/apps", json={"name": "bot", "description": "Knows the handbook.", "knowledge": "handbook"})
    assert created.status_code == 201, created.text


@pytest.fixture(scope="module")
def sdk(server: ServerProcess, api: httpx.Client) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key=server.admin_key, max_retries=0) as client:
        yield client


def ask(sdk: OpenAI, model: str = "bot") -> Any:  # Any: a response of the SDK's own HTTP client
    """The raw answer, not from the cache."""
    found = sdk.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": QUESTION}], extra_headers={"cache-control": "no-store"}
    )
    return found.http_response


def test_a_plain_answer_carries_citations_release_and_trace(sdk: OpenAI, api: httpx.Client) -> None:
    reply = ask(sdk)

    body = reply.json()
    assert body["choices"][0]["message"]["content"].startswith(SENTENCE)
    (cited,) = [one for one in body["citations"] if one["path"] == "remote.md"]
    assert cited["quote"] == SENTENCE
    assert body["declined"] is False
    assert body["usage"]["prompt_tokens"] > 20
    assert reply.headers["x-quarterdeck-release"] == api.get("/apps/bot").json()["release_id"]
    trace = api.get(f"/traces/{reply.headers['x-quarterdeck-trace-id']}").json()
    assert trace["trace"]["app"] == "bot"
    assert {span["kind"] for span in trace["spans"]} == {"app", "retrieval", "prompt", "llm", "guardrail"}


def test_a_stream_begins_with_passages_and_ends_with_citations(sdk: OpenAI) -> None:
    chunks = list(
        sdk.chat.completions.create(model="bot", messages=[{"role": "user", "content": QUESTION}], stream=True)
    )

    extras = [chunk.model_extra or {} for chunk in chunks]
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "remote.md" in {passage["path"] for passage in extras[0]["passages"]}
    assert "".join(texts).startswith(SENTENCE)
    assert extras[-1]["citations"]
    assert extras[-1]["declined"] is False


def test_a_release_is_proposed_deployed_and_rolled_back(sdk: OpenAI, api: httpx.Client) -> None:
    first = api.get("/apps/bot").json()["release_id"]
    version = api.post(
        "/prompts/bot/versions", json={"template": "Say {{ question }} from {{ passages }}.", "note": "x"}
    )
    proposed = api.post("/apps/bot/releases", json={"parameters": {"passages": 3}, "notes": "fewer"})

    deployed = api.post("/apps/bot/deployments", json={"release_id": proposed.json()["id"], "reason": "try"})
    during = ask(sdk).headers["x-quarterdeck-release"]
    back = api.post("/apps/bot/deployments", json={"release_id": first, "reason": "back"})

    assert (version.status_code, proposed.status_code, deployed.status_code, back.status_code) == (201,) * 4
    members = {member["role"]: member for member in proposed.json()["members"]}
    assert members["prompt"]["version"] == version.json()["version"] == 2
    assert during == proposed.json()["id"]
    assert ask(sdk).headers["x-quarterdeck-release"] == first
    assert {one["id"] for one in api.get("/apps/bot/releases").json()["items"]} == {first, during}
    assert [one["reason"] for one in api.get("/apps/bot/deployments").json()["items"]][:2] == ["back", "try"]


def test_a_trace_is_replayed(sdk: OpenAI, api: httpx.Client) -> None:
    trace_id = ask(sdk).headers["x-quarterdeck-trace-id"]

    replayed = api.post(f"/traces/{trace_id}/replays")

    assert replayed.status_code == 201
    assert replayed.json()["same"] is True
    assert replayed.json()["original"]["trace_id"] == trace_id
    assert replayed.json()["replay"]["output"].startswith(SENTENCE)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/apps/nobody", None, 404, "not_found"),
        ("POST", "/apps", {"name": "bot", "knowledge": "handbook"}, 409, "conflict"),
        (
            "POST",
            "/apps",
            {"name": "x", "knowledge": "handbook", "parameters": {"passages": "many"}},
            400,
            "invalid_input",
        ),
        ("POST", "/apps/bot/deployments", {"release_id": "rel_none"}, 404, "not_found"),
        ("POST", "/apps/bot/releases", {"index": {"name": "handbook", "version": 99}}, 404, "not_found"),
        ("POST", "/prompts/bot/versions", {"template": "{{ open"}, 400, "invalid_input"),
        ("GET", "/prompts/nobody", None, 404, "not_found"),
        ("POST", f"/traces/{'0' * 32}/replays", None, 404, "not_found"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(
    api: httpx.Client, method: str, path: str, body: object, status: int, code: str
) -> None:
    reply = api.request(method, path, json=body)

    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_a_key_without_the_scope_may_read_apps_and_not_change_them(server: ServerProcess, api: httpx.Client) -> None:
    secret = api.post("/keys", json={"name": "reader", "scopes": ["read"]}).json()["secret"]
    with server.client(secret) as reader:
        read = reader.get("/api/v1/apps")
        changed = reader.post("/api/v1/apps", json={"name": "x", "knowledge": "handbook"})

    assert (read.status_code, changed.status_code) == (200, 403)
