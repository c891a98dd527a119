"""Every route of both planes, described or not, on the real server: no key, no answer."""

from __future__ import annotations

import pytest

from quarterdeck.server.app import control_api
from tests.server_process import ServerProcess

OPEN = {("POST", "/api/v1/sessions")}
DATA_PLANE = {
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/rerank"),
    ("POST", "/v1/moderations"),
    ("POST", "/v1/audio/transcriptions"),
    ("POST", "/v1/images/generations"),
    ("GET", "/passthrough/openai/v1/files"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/local/minilm"),
}
DESCRIBED = {
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, methods in control_api().openapi()["paths"].items()
    for method in methods
}


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer sk-qd-wrong"}, {"cookie": "quarterdeck_session=x"}])
def test_no_route_answers_without_a_credential_that_is_known(server: ServerProcess, headers: dict[str, str]) -> None:
    doors = (DESCRIBED | DATA_PLANE) - OPEN

    with server.client() as client:
        del client.headers["authorization"]
        answers = {
            (method, path): client.request(method, path, json={}, headers=headers).status_code for method, path in doors
        }

    assert len(answers) > 30
    assert {door: status for door, status in answers.items() if status != 401} == {}
