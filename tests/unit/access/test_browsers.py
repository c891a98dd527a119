"""Browser sessions: begun by link or password, closed to other sites, slow to guessers."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from quarterdeck.access import admin, passwords, sessions
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.login_links import LoginLinks
from quarterdeck.access.throttle import LoginThrottle
from quarterdeck.core.errors import LimitReached, NotAllowed, Unauthenticated
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work
from quarterdeck.server.app import Application

PASSWORD = "four random words do well"
OURS = {"x-quarterdeck-request": "1"}


@pytest.fixture
def browser(runtime: Runtime) -> httpx.AsyncClient:
    """A browser on this machine."""
    door = httpx.ASGITransport(Application(runtime), client=("127.0.0.1", 40000))
    return httpx.AsyncClient(transport=door, base_url="http://localhost:4321")


async def let_in(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    token = runtime.part(LoginLinks).issue().token
    reply = await browser.post("/api/v1/sessions", json={"link_token": token})
    assert reply.status_code == 201, reply.text


async def test_a_login_link_begins_a_session_of_the_administrator(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    token = runtime.part(LoginLinks).issue().token

    reply = await browser.post("/api/v1/sessions", json={"link_token": token})
    me = await browser.get("/api/v1/me")

    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert me.json() == reply.json()
    assert (me.json()["kind"], me.json()["scopes"], me.json()["password_set"]) == ("session", ["admin"], False)


async def test_a_login_link_works_once(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    token = runtime.part(LoginLinks).issue().token

    first = await browser.post("/api/v1/sessions", json={"link_token": token})
    second = await browser.post("/api/v1/sessions", json={"link_token": token})

    assert (first.status_code, second.status_code) == (201, 401)
    assert "quarterdeck login-link" in second.json()["error"]["message"]


@pytest.mark.parametrize(
    ("client", "headers"),
    [("192.0.2.7", {}), ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}), ("127.evil.example", {})],
)
async def test_a_login_link_works_on_this_machine_only(runtime: Runtime, client: str, headers: dict[str, str]) -> None:
    token = runtime.part(LoginLinks).issue().token
    door = httpx.ASGITransport(Application(runtime), client=(client, 40000))

    async with httpx.AsyncClient(transport=door, base_url="http://localhost:4321", headers=headers) as stranger:
        reply = await stranger.post("/api/v1/sessions", json={"link_token": token})

    assert reply.status_code == 403
    runtime.part(LoginLinks).redeem(token, client="127.0.0.1")


async def test_a_session_changes_nothing_without_the_header_that_other_sites_cannot_send(
    browser: httpx.AsyncClient, runtime: Runtime
) -> None:
    await let_in(browser, runtime)

    without = await browser.post("/api/v1/keys", json={"name": "evil"})
    with_header = await browser.post("/api/v1/keys", json={"name": "mine"}, headers=OURS)

    assert (without.status_code, with_header.status_code) == (403, 201)


async def test_the_same_holds_at_the_door_of_the_data_plane(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    await let_in(browser, runtime)

    read = await browser.get("/v1/models")
    without = await browser.post("/v1/chat/completions", json={})
    with_header = await browser.post("/v1/chat/completions", json={}, headers=OURS)

    assert (read.status_code, without.status_code, with_header.status_code) == (200, 403, 400)


@pytest.mark.parametrize("host", ["evil.example", "127.evil.example", "localhost.evil.example:4321", "192.0.2.7"])
async def test_a_host_name_that_was_pointed_here_is_not_believed(
    browser: httpx.AsyncClient, runtime: Runtime, host: str
) -> None:
    await let_in(browser, runtime)
    token = runtime.part(LoginLinks).issue().token

    read = await browser.get("/api/v1/me", headers={"host": host, **OURS})
    log_in = await browser.post("/api/v1/sessions", json={"link_token": token}, headers={"host": host})

    assert (read.status_code, log_in.status_code) == (403, 403)
    assert "--host" in read.json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost:4321", "127.0.0.1:4321", "[::1]:4321", "LOCALHOST"])
async def test_each_name_of_this_machine_is_believed(browser: httpx.AsyncClient, runtime: Runtime, host: str) -> None:
    await let_in(browser, runtime)

    reply = await browser.get("/api/v1/me", headers={"host": host, "cookie": cookie_of(browser)})

    assert reply.status_code == 200


async def test_after_logging_out_the_cookie_opens_nothing(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    await let_in(browser, runtime)
    kept = cookie_of(browser)

    reply = await browser.delete("/api/v1/sessions/current", headers=OURS)
    afterwards = await browser.get("/api/v1/me", headers={"cookie": kept})

    assert reply.status_code == 204
    assert afterwards.status_code == 401


async def test_a_session_outlives_a_restart_and_its_token_is_not_on_disk(
    browser: httpx.AsyncClient, runtime: Runtime
) -> None:
    await let_in(browser, runtime)
    token = cookie_of(browser).partition("=")[2]

    await runtime.part(Keyring).reload()
    on_disk = b"".join(file.read_bytes() for file in runtime.home.rglob("*") if file.is_file())

    assert runtime.part(Keyring).session_for(token).kind == "session"
    assert token.encode() not in on_disk


async def test_the_password_and_the_admin_key_open_the_browsers_door(
    browser: httpx.AsyncClient, runtime: Runtime, work: Work
) -> None:
    await passwords.change(work, PASSWORD, current=None)
    admin_key = await admin.ensure_key(runtime.database, None)
    await runtime.part(Keyring).reload()

    replies = [
        await browser.post("/api/v1/sessions", json={"password": secret})
        for secret in (PASSWORD, admin_key, PASSWORD + "!")
    ]

    assert [reply.status_code for reply in replies] == [201, 201, 401]
    assert replies[0].json()["password_set"] is True


async def test_a_session_must_know_the_old_password_to_set_a_new_one(
    browser: httpx.AsyncClient, runtime: Runtime, work: Work
) -> None:
    await passwords.change(work, PASSWORD, current=None)
    await let_in(browser, runtime)

    blind = await browser.put("/api/v1/password", json={"password": "another good password"}, headers=OURS)
    knowing = await browser.put(
        "/api/v1/password", json={"password": "another good password", "current_password": PASSWORD}, headers=OURS
    )

    assert (blind.status_code, blind.json()["error"]["param"]) == (403, "current_password")
    assert knowing.status_code == 204
    assert await passwords.matches(runtime, "another good password")


async def test_a_new_password_ends_all_other_sessions(browser: httpx.AsyncClient, runtime: Runtime, work: Work) -> None:
    await let_in(browser, runtime)
    mine = cookie_of(browser).partition("=")[2]
    runtime.part(LoginThrottle).succeeded("127.0.0.1")
    theirs = (await sessions.log_in_by_link(runtime, runtime.part(LoginLinks).issue().token, client="127.0.0.1")).token

    await browser.put("/api/v1/password", json={"password": PASSWORD}, headers=OURS)

    assert runtime.part(Keyring).session_for(mine)
    with pytest.raises(Unauthenticated):
        runtime.part(Keyring).session_for(theirs)


async def test_a_short_password_is_refused_by_name(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    await let_in(browser, runtime)

    reply = await browser.put("/api/v1/password", json={"password": "short"}, headers=OURS)

    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "password")


async def test_the_key_of_a_project_sets_no_password_and_makes_no_project(work: Work) -> None:
    key = Work(work.runtime, type(work.actor)("key_1", "bot", "key", work.project_id, "default", frozenset({"admin"})))

    with pytest.raises(NotAllowed):
        await passwords.change(key, PASSWORD, current=None)


async def test_guessing_gets_slower_and_says_how_long_to_wait(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    throttle = LoginThrottle()
    runtime.install(LoginThrottle, throttle)

    replies = [await browser.post("/api/v1/sessions", json={"password": f"guess {n}"}) for n in range(6)]
    for client, before in throttle._attempts.items():  # as after many more guesses
        throttle._attempts[client] = replace(before, count=10)
    refused = await browser.post("/api/v1/sessions", json={"password": "guess"})

    assert [reply.status_code for reply in replies][:5] == [401] * 5
    assert refused.status_code == 429
    assert "Try again in 32 seconds" in refused.json()["error"]["message"]
    assert refused.headers["retry-after"] == "32"


def test_one_guesser_does_not_lock_the_others_out() -> None:
    throttle = LoginThrottle()
    for _ in range(5):
        throttle.attempt("192.0.2.7")

    throttle.attempt("192.0.2.8")

    with pytest.raises(LimitReached):
        throttle.attempt("192.0.2.7")


def test_guessers_from_ever_new_addresses_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.access.throttle._MOST_CLIENTS", 100)
    throttle = LoginThrottle()

    for number in range(1000):
        throttle.attempt(f"2001:db8::{number:x}")

    assert len(throttle._attempts) <= 100


def cookie_of(browser: httpx.AsyncClient) -> str:
    return f"quarterdeck_session={browser.cookies['quarterdeck_session']}"
