"""The front door: nothing without a credential, and every error in one shape with its number."""

from __future__ import annotations

import logging

import httpx
import pytest
from fastapi import APIRouter
from starlette.routing import Route

from quarterdeck import __version__
from quarterdeck.access.keyring import Keyring
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.server import app as server_app
from quarterdeck.server.app import ROOMS, Application, control_api


@pytest.fixture
def stranger(runtime: Runtime) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(Application(runtime)), base_url="http://localhost")


@pytest.fixture
def admin(runtime: Runtime, stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    stranger.headers["x-api-key"] = runtime.part(Keyring).add_local_key()
    return stranger


def open_to_all() -> set[tuple[str, str]]:
    return {("POST", "/api/v1/sessions"), ("GET", "/healthz"), ("GET", "/readyz")}


async def test_nothing_but_health_and_logging_in_answers_a_stranger(stranger: httpx.AsyncClient) -> None:
    described = control_api().openapi()["paths"]
    doors = {(method.upper(), path) for path, methods in described.items() for method in methods} - open_to_all()

    answers = {
        (method, path): (await stranger.request(method, path.replace("{", "").replace("}", ""), json={})).status_code
        for method, path in doors
    }

    assert len(answers) >= 10
    assert {door: status for door, status in answers.items() if status != 401} == {}


async def test_every_route_of_a_room_is_described_and_so_tested_above() -> None:
    # OpenAPI has no word for a name that may contain slashes.
    routes = {
        f"/api/v1{route.path.replace(':path}', '}')}"
        for room in ROOMS
        for route in room.routes
        if isinstance(route, Route)
    }

    assert routes
    assert routes <= set(control_api().openapi()["paths"])


async def test_the_server_says_that_it_is_up_and_that_it_is_ready(stranger: httpx.AsyncClient) -> None:
    up, ready = await stranger.get("/healthz"), await stranger.get("/readyz")

    assert up.json() == {"status": "ok", "version": __version__}
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_a_server_without_its_database_is_up_but_not_ready(runtime: Runtime, stranger: httpx.AsyncClient) -> None:
    await runtime.database.close()
    (runtime.home / "quarterdeck.db").unlink()

    up, ready = await stranger.get("/healthz"), await stranger.get("/readyz")

    assert up.status_code == 200
    assert ready.status_code == 503
    assert "database" in ready.json()["troubles"]


async def test_a_broken_body_is_refused_with_the_position(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/api/v1/keys", content='{"name": }', headers={"content-type": "application/json"})

    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["code"]) == (400, "invalid_request_error", "malformed_body")
    assert "at character 9" in error["message"]
    assert error["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"name": "\xff"}', "The body is not UTF-8 text: invalid start byte, at byte 10."),
        (b'{"name": ' + b"[" * 100_000, "The body is nested too deeply."),
    ],
)
async def test_a_body_that_is_no_text_or_endless_is_refused_with_the_reason(
    admin: httpx.AsyncClient, content: bytes, words: str
) -> None:
    reply = await admin.post("/api/v1/keys", content=content, headers={"content-type": "application/json"})

    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["message"]) == (400, "malformed_body", words)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_json_under_another_name_is_refused_with_the_right_one(
    admin: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    reply = await admin.post("/api/v1/keys", content=b'{"name": "x"}', headers=headers)

    assert reply.status_code == 400
    assert "content-type: application/json" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, "name"), ({"name": "x", "scopes": ["god"]}, "scopes.0"), ({"name": "x", "colour": "red"}, "colour")],
)
async def test_a_wrong_field_is_named(admin: httpx.AsyncClient, body: dict[str, object], param: str) -> None:
    reply = await admin.post("/api/v1/keys", json=body)

    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, "invalid_input", param)
    assert error["message"].startswith(f"`{param}`: ")


async def test_an_unknown_address_and_a_wrong_method_answer_in_the_same_shape(admin: httpx.AsyncClient) -> None:
    unknown, wrong = await admin.get("/api/v1/nothing"), await admin.patch("/api/v1/keys")

    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"]


async def test_a_mistake_of_ours_tells_the_client_its_number_and_the_log_everything(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = APIRouter()

    @broken.get("/broken")
    async def break_down() -> None:
        raise ZeroDivisionError("the inner secret")

    monkeypatch.setattr(server_app, "ROOMS", (*server_app.ROOMS, broken))
    door = httpx.ASGITransport(Application(runtime))

    async with httpx.AsyncClient(transport=door, base_url="http://localhost") as client:
        with caplog.at_level(logging.ERROR):
            reply = await client.get("/api/v1/broken")

    request_id = reply.headers["x-request-id"]
    assert reply.status_code == 500
    assert request_id in reply.json()["error"]["message"]
    assert "inner secret" not in reply.text
    assert request_id in caplog.text
    assert "the inner secret" in caplog.text


async def test_a_body_above_the_limit_is_refused_before_it_is_read(admin: httpx.AsyncClient, runtime: Runtime) -> None:
    largest = runtime.settings.max_body_mb * 2**20

    announced = await admin.post("/api/v1/keys", content=b"{}", headers={"content-length": str(largest + 1)})

    assert (announced.status_code, announced.json()["error"]["code"]) == (413, "too_large")


async def test_a_body_that_hides_its_size_is_refused_when_it_grows_too_large(
    admin: httpx.AsyncClient, runtime: Runtime
) -> None:
    async def endless() -> object:
        for _ in range(runtime.settings.max_body_mb + 1):
            yield b" " * 2**20

    reply = await admin.post("/api/v1/keys", content=endless(), headers={"content-type": "application/json"})  # type: ignore[arg-type]

    assert reply.status_code == 413
