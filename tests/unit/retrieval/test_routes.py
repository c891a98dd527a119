"""The HTTP of retrieval, through the real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from quarterdeck.core.hashing import sha256
from tests.server_process import ServerProcess

API = "/api/v1/knowledge"
LEAVE = (
    "# Annual leave\n\n"
    + "Everyone has 25 days of leave in a year. " * 20
    + "\n\n## Carrying over\n\nFive days lapse on 31 March.\n"
)
PAY = "# Pay\n\nSalaries are paid on the 25th of each month."

Json = dict[str, Any]


@pytest.fixture(scope="module")
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def handbook(http: httpx.Client) -> Json:
    """A published knowledge base `handbook`, all of it embedded."""
    for path, text in (("time-off/leave.md", LEAVE), ("pay.md", PAY)):
        assert put(http, "handbook", path, text.encode()).status_code == 200
    put(http, "handbook", "broken.pdf", b"%PDF nothing")
    version: Json = http.post(f"{API}/handbook/versions", json={}).raise_for_status().json()
    until = time.monotonic() + 60
    while (state := http.get(f"{API}/handbook").json())["embedded"] < state["chunks"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    return version


def put(http: httpx.Client, name: str, path: str, content: bytes) -> httpx.Response:
    return http.put(f"{API}/{name}/files", params={"path": path}, content=content)


def error(reply: httpx.Response) -> Json:
    body: Json = reply.json()["error"]
    return body


def test_files_are_offered_sent_and_published(http: httpx.Client) -> None:
    offer = {"files": [{"path": "pay.md", "sha256": sha256(PAY), "size": len(PAY)}]}

    before = http.post(f"{API}/new-one/manifests", json=offer)
    sent = put(http, "new-one", "pay.md", PAY.encode())
    version = http.post(f"{API}/new-one/versions", json={"paths": ["pay.md"], "prune": True})
    after = http.post(f"{API}/new-one/manifests", json=offer)

    assert (before.status_code, before.json()) == (200, {"wanted": ["pay.md"], "unchanged": 0})
    assert sent.json() == {"path": "pay.md", "status": "stored", "chunks": 1, "reason": None}
    assert version.status_code == 201
    assert set(version.json()) == {"version", "index_id", "documents", "chunks", "embedded", "created_at"}
    assert (version.json()["version"], version.json()["documents"], version.json()["chunks"]) == (1, 1, 1)
    assert after.json() == {"wanted": [], "unchanged": 1}


def test_knowledge_is_listed_with_its_newest_version(http: httpx.Client, handbook: Json) -> None:
    listed = {one["name"]: one for one in http.get(API).json()["items"]}

    assert listed["handbook"]["index_id"] == handbook["index_id"]
    assert listed["handbook"]["documents"] == 2
    assert listed["handbook"]["chunks"] == listed["handbook"]["embedded"] == handbook["chunks"]


def test_a_knowledge_base_shows_its_history_and_what_it_could_not_read(http: httpx.Client, handbook: Json) -> None:
    details = http.get(f"{API}/handbook").json()

    assert [version["version"] for version in details["versions"]] == [1]
    assert details["versions"][0]["index_id"] == handbook["index_id"]
    assert [(one["path"], one["reason"]) for one in details["failures"]] == [
        ("broken.pdf", "It is damaged, or no PDF at all.")
    ]


def test_documents_are_paged_and_filtered(http: httpx.Client, handbook: Json) -> None:
    first = http.get(f"{API}/handbook/documents", params={"limit": 1}).json()
    second = http.get(f"{API}/handbook/documents", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    filtered = http.get(f"{API}/handbook/documents", params={"q": "ANNUAL"}).json()

    assert [one["path"] for one in first["items"] + second["items"]] == ["pay.md", "time-off/leave.md"]
    assert second["next_cursor"] is None
    assert [one["path"] for one in filtered["items"]] == ["time-off/leave.md"]
    assert set(first["items"][0]) == {"id", "path", "title", "media_type", "sha256", "size", "chunks", "ingested_at"}


def test_a_document_is_shown_with_its_passages_and_each_passage_with_its_neighbours(
    http: httpx.Client, handbook: Json
) -> None:
    [listed] = http.get(f"{API}/handbook/documents", params={"q": "leave"}).json()["items"]

    document = http.get(f"{API}/handbook/documents/{listed['id']}").json()
    passages = document["chunks"]
    last = http.get(f"/api/v1/chunks/{passages[-1]['id']}").json()

    assert len(passages) == listed["chunks"] >= 2
    assert set(passages[0]) == {
        "id", "document_id", "ordinal", "heading_path", "text", "start", "end", "line_start", "line_end", "page",
    }  # fmt: skip
    assert last["document"] == listed
    assert (last["before"], last["after"]) == (passages[-2], None)


def test_a_search_answers_with_hits_and_their_ranks(http: httpx.Client, handbook: Json) -> None:
    found = http.get(f"{API}/handbook/searches", params={"q": "when do days lapse?", "limit": 1}).json()

    assert (found["query"], found["mode"]) == ("when do days lapse?", "fused")
    assert found["took_ms"] > 0
    [hit] = found["hits"]
    assert (hit["path"], hit["heading_path"]) == ("time-off/leave.md", ["Carrying over"])
    assert (hit["text_rank"], hit["vector_rank"]) == (1, 1)
    assert 0 < hit["similarity"] <= 1


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "param"),
    [
        ("GET", f"{API}/nothing", {}, 404, "name"),
        ("GET", f"{API}/nothing/documents", {}, 404, "name"),
        ("GET", f"{API}/nothing/searches?q=x", {}, 404, "name"),
        ("GET", f"{API}/handbook/documents/doc_x", {}, 404, "id"),
        ("GET", "/api/v1/chunks/chk_x", {}, 404, "id"),
        ("GET", f"{API}/handbook/searches", {}, 400, "q"),
        ("GET", f"{API}/handbook/searches?q=%20", {}, 400, "q"),
        ("GET", f"{API}/handbook/searches?q=x&mode=magic", {}, 400, "mode"),
        ("GET", f"{API}/handbook/searches?q=x&limit=0", {}, 400, "limit"),
        ("GET", f"{API}/handbook/documents?cursor=nonsense", {}, 400, "cursor"),
        ("GET", f"{API}/handbook/documents?cursor=WzFd", {}, 400, "cursor"),
        ("PUT", f"{API}/handbook/files?path=../../etc/passwd.md", {"content": b"x"}, 400, "path"),
        ("PUT", f"{API}/handbook/files", {"content": b"x"}, 400, "path"),
        ("PUT", f"{API}/Bad Name/files?path=a.md", {"content": b"x"}, 400, "name"),
        ("POST", f"{API}/handbook/versions", {"json": {"prune": True}}, 400, "paths"),
        ("POST", f"{API}/handbook/manifests", {"json": {"files": [{"path": "a.md", "sha256": "x", "size": 1}]}}, 400, None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    http: httpx.Client, handbook: Json, method: str, path: str, options: Json, status: int, param: str | None
) -> None:
    reply = http.request(method, path, **options)

    assert reply.status_code == status, reply.text
    assert error(reply)["message"]
    if param is not None:
        assert error(reply)["param"] == param


def test_a_file_that_is_too_large_is_refused(http: httpx.Client) -> None:
    def endless() -> Any:  # Any: a body without a length
        for _ in range(60):
            yield b"x" * 1_000_000

    announced = put(http, "large", "a.txt", b"x" * 53_000_000)
    try:
        chunked = http.put(f"{API}/large/files", params={"path": "a.txt"}, content=endless()).status_code
    except httpx.WriteError:  # it closed the door while we were still pushing
        chunked = 413

    assert announced.status_code == 413
    assert "50 MB" in error(announced)["message"]
    assert chunked == 413


def test_only_those_who_may_write_send_files(server: ServerProcess, http: httpx.Client, handbook: Json) -> None:
    made = http.post("/api/v1/keys", json={"name": "reader", "scopes": ["read"]}).json()

    with server.client(made["secret"]) as reader, server.client("sk-qd-wrong") as stranger:
        may_search = reader.get(f"{API}/handbook/searches", params={"q": "leave"})
        may_not_send = put(reader, "handbook", "a.md", b"# A\n\nb")
        may_not_publish = reader.post(f"{API}/handbook/versions", json={})
        may_nothing = stranger.get(API)

    assert may_search.status_code == 200
    assert may_not_send.status_code == may_not_publish.status_code == 403
    assert may_nothing.status_code == 401


def test_the_original_is_given_back_byte_for_byte_and_never_shown_in_place(http: httpx.Client) -> None:
    page = b"<html><body><h1>Leave</h1><p>Everyone has 25 days of leave.</p><script>steal()</script></body></html>"
    put(http, "originals", "r\xe9gles/leave \u00e9t\u00e9.html", page)
    http.post(f"{API}/originals/versions", json={}).raise_for_status()
    document = http.get(f"{API}/originals/documents").json()["items"][0]

    reply = http.get(f"{API}/originals/documents/{document['id']}/original")

    assert reply.content == page
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''leave%20%C3%A9t%C3%A9.html"
    assert reply.headers["x-content-type-options"] == "nosniff"
