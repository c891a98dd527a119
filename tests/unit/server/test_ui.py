"""The browser's files: assets for ever, one page for each address, and nothing from outside the folder."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import httpx
import pytest

from quarterdeck import __version__
from quarterdeck.server.ui import Ui

PAGE = """<!doctype html><html><head><base href="/"><title>Quarterdeck</title>
<script type="module" src="./assets/main-3f2a.js"></script></head><body></body></html>"""
CODE = "console.log('ahoy');" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / ".vite" / "manifest.json").write_text("{}")
    (folder / "assets" / "main-3f2a.js").write_text(CODE)
    (folder / "assets" / "main-3f2a.js.gz").write_bytes(gzip.compress(CODE.encode()))
    (tmp_path / "secret.key").write_text("secret")
    return folder


def browser(folder: Path, root_path: str = "") -> httpx.AsyncClient:
    door = httpx.ASGITransport(Ui(folder), root_path=root_path)
    return httpx.AsyncClient(transport=door, base_url="http://localhost")


async def test_hashed_assets_are_kept_for_ever_and_sent_compressed(folder: Path) -> None:
    async with browser(folder) as client:
        small = await client.get("/assets/main-3f2a.js", headers={"accept-encoding": "gzip"})
        plain = await client.get("/assets/main-3f2a.js", headers={"accept-encoding": "identity"})

    assert "immutable" in small.headers["cache-control"]
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "accept-encoding")
    assert small.headers["content-type"].startswith("text/javascript")
    assert small.text == plain.text == CODE
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path", ["/", "/login", "/traces/0af7651916cd43dd8448eb211c80319c", "/knowledge/handbook.v2", "/index.html"]
)
async def test_every_address_of_the_ui_is_the_one_page_never_cached(folder: Path, path: str) -> None:
    async with browser(folder) as client:
        reply = await client.get(path)

    assert reply.status_code == 200
    assert "<title>Quarterdeck</title>" in reply.text
    assert reply.headers["cache-control"] == "no-store"


async def test_the_page_knows_where_it_lives_and_which_version_it_is(folder: Path) -> None:
    async with browser(folder, root_path="/qd") as client:
        page = (await client.get("/")).text

    facts = re.search(r'<script[^>]*id="quarterdeck"[^>]*>(.*?)</script>', page)
    assert facts is not None
    assert json.loads(facts[1]) == {"version": __version__}
    assert re.findall(r"<base [^>]*>", page) == ['<base href="/qd/">']


async def test_only_scripts_with_the_nonce_of_this_very_answer_may_run(folder: Path) -> None:
    async with browser(folder) as client:
        first, second = await client.get("/"), await client.get("/")

    policy = first.headers["content-security-policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert set(re.findall(r'<script nonce="([^"]+)"', first.text)) == {nonce[1]}
    assert nonce[1] not in second.text


@pytest.mark.parametrize("path", ["/missing.js", "/../secret.key", "/%2e%2e/secret.key", "/.vite/manifest.json"])
async def test_a_file_that_is_not_the_uis_is_not_found(folder: Path, path: str) -> None:
    async with browser(folder) as client:
        reply = await client.get(path)

    assert reply.status_code == 404
    assert "secret" not in reply.text


async def test_an_unbuilt_ui_says_how_to_build_it(tmp_path: Path) -> None:
    async with browser(tmp_path / "none") as client:
        reply = await client.get("/")

    assert reply.status_code == 503
    assert "make web" in reply.text


async def test_every_answer_carries_the_headers_that_browsers_protect_us_by(folder: Path) -> None:
    async with browser(folder) as client:
        replies = [await client.get(path) for path in ("/", "/favicon.svg", "/assets/main-3f2a.js", "/none.css")]

    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["referrer-policy"] == "same-origin"
