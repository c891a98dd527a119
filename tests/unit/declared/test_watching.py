"""`quarterdeck up --config`: the file is followed, a broken edit changes nothing, and no stream is dropped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from quarterdeck.access.keyring import Keyring
from quarterdeck.access.teams import teams
from quarterdeck.config.settings import Settings
from quarterdeck.core.errors import SetupError
from quarterdeck.declared import secrets
from quarterdeck.declared.watching import Watch
from quarterdeck.gateway import accounts
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running
from tests.conftest import FreshHome
from tests.fakes.upstream import FakeUpstream, Turn, fake_upstream
from tests.server_process import ServerProcess


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "quarterdeck.yaml"
    path.write_text("teams: {one: {description: '${file:note.txt}'}}")
    (tmp_path / "note.txt").write_text("first")
    return path


@pytest.fixture
async def work(tmp_path: Path, fresh_home: FreshHome, file: Path) -> AsyncIterator[Work]:
    async with running(Settings(home=fresh_home(tmp_path / "home"), config_file=str(file))) as runtime:
        yield Work(runtime=runtime, actor=runtime.part(Keyring).administrator("admin"))


async def described(work: Work) -> dict[str, str]:
    return {team.name: team.description for team in (await teams.all_teams(work)).items}


async def test_the_file_holds_at_the_start_and_after_each_edit(work: Work, file: Path) -> None:
    watch = work.part(Watch)
    started = await described(work)

    file.write_text("teams: {two: {}}")
    await watch.look()

    assert started == {"one": "first"}
    assert await described(work) == {"two": ""}  # what is not declared any more has gone
    assert (watch.state.state, watch.state.changes) == ("applied", 2)


async def test_a_file_that_it_refers_to_is_followed_too(work: Work, file: Path) -> None:
    file.with_name("note.txt").write_text("second one")

    await work.part(Watch).look()

    assert await described(work) == {"one": "second one"}


async def test_a_broken_edit_keeps_what_was_applied_and_says_so(work: Work, file: Path) -> None:
    watch = work.part(Watch)
    file.write_text("teams: {two: {}}\nlimits: {a: {metric: cost, amount: 9999999999, window: day}}")

    await watch.look()
    broken, kept = watch.state, await described(work)
    file.write_text("teams: {two: {}}")
    await watch.look()

    assert broken.state == "broken"
    assert "limit `a`" in str(broken.error)
    assert kept == {"one": "first"}
    assert (watch.state.state, watch.state.error) == ("applied", None)


async def test_a_secret_that_is_set_anew_is_applied(work: Work, file: Path) -> None:
    await secrets.put(work, "house", "sk-one-0123456789")
    file.write_text(
        "providers: {house: {kind: openai-compatible, base_url: 'http://127.0.0.1:9/v1', api_key: '${secret:house}'}}"
    )
    await work.part(Watch).look()

    await secrets.put(work, "house", "sk-two-0123456789")

    assert accounts.stored(work)["house"].api_key == "sk-two-0123456789"


async def test_a_server_does_not_start_with_a_wrong_file(tmp_path: Path, fresh_home: FreshHome, file: Path) -> None:
    file.write_text("tems: {}")

    with pytest.raises(SetupError, match=r"quarterdeck\.yaml:1:1: `tems` is no key\. Did you mean `teams`\?"):
        async with running(Settings(home=fresh_home(tmp_path / "home"), config_file=str(file))):
            pass


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as upstream:
        yield upstream


async def test_a_stream_goes_on_while_the_file_changes_and_a_signal_has_it_read(
    own_server: ServerProcess, upstream: FakeUpstream, tmp_path: Path
) -> None:
    file = tmp_path / "quarterdeck.yaml"
    provider = f"providers: {{house: {{kind: openai-compatible, base_url: '{upstream.openai_url}'}}}}"
    file.write_text(f"{provider}\nroutes: {{smart: {{targets: [{{model: house/llama}}]}}}}")
    own_server.arguments = ("--config", str(file))
    await asyncio.to_thread(own_server.start)
    upstream.script(Turn(pause_before=2))
    words: list[str] = []
    async with httpx.AsyncClient(
        base_url=own_server.url,
        headers={"authorization": f"Bearer {own_server.admin_key}"},
        timeout=30,
        trust_env=False,
    ) as client:
        body = {"model": "smart", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        async with client.stream("POST", "/v1/chat/completions", json=body) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("data: {"):
                    words += [one["delta"].get("content") or "" for one in json.loads(line[6:])["choices"]]
                if "".join(words) and not upstream.release.is_set():
                    file.write_text("tems: {}")
                    await state(client, own_server, "broken")
                    ready = (await client.get("/readyz")).json()
                    file.write_text("version: 1")  # the very provider that is speaking has gone
                    await state(client, own_server, "applied")
                    upstream.release.set()
        models = [one["id"] for one in (await client.get("/v1/models")).json()["data"]]

    assert reply.status_code == 200
    assert "".join(words) == "Paris is the capital."
    assert "config" in ready["notices"]
    assert "smart" not in models


async def state(client: httpx.AsyncClient, server: ServerProcess, wanted: str) -> None:
    assert server.process is not None
    patience = time.monotonic() + 30
    while (await client.get("/api/v1/config/file")).json()["state"] != wanted:
        os.kill(server.process.pid, signal.SIGHUP)
        assert time.monotonic() < patience, server.log()
        await asyncio.sleep(0.05)
