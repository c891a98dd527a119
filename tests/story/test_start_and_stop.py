"""Starting and stopping: quick, private, and with a remedy for everything that can be in the way."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.server_process import ServerProcess

pytestmark = pytest.mark.story


@pytest.fixture
def first_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on a machine that has never had one."""
    server = ServerProcess(tmp_path / "home")
    yield server
    server.kill()


def refusal_of(server: ServerProcess) -> str:
    """What a server says that cannot start: one line, and exit code 1."""
    code = server.begin().wait(timeout=30)
    said = [line for line in server.log().splitlines() if line.strip()]
    assert code == 1, said
    assert "Traceback" not in server.log()
    return " ".join(line.strip(" │╭╮╰╯─") for line in said)


def test_a_server_starts_on_an_empty_folder_and_ends_well_on_sigterm(first_server: ServerProcess) -> None:
    first_server.start()

    code = first_server.stop()

    assert code == 0
    assert "leaked" not in first_server.log()
    assert not (first_server.home / "session.json").exists()


def test_an_idle_server_takes_less_than_300_mb(own_server: ServerProcess) -> None:
    own_server.start()
    assert own_server.process is not None

    process = psutil.Process(own_server.process.pid)

    assert sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) < 300e6


def test_the_data_folder_and_what_is_in_it_are_for_this_user_alone(first_server: ServerProcess) -> None:
    first_server.start()

    everything = [first_server.home, *first_server.home.rglob("*")]

    assert [path.name for path in everything if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_admin_key_is_shown_on_the_first_start_only_and_goes_on_to_work(own_server: ServerProcess) -> None:
    own_server.admin_key = ""
    own_server.start()
    shown = re.findall(r"Admin key\s+(sk-qd-\w+)", own_server.log())
    own_server.stop()

    own_server.start()

    assert len(shown) == 1
    assert re.findall(r"Admin key\s+(sk-qd-\w+)", own_server.log()) == shown
    with own_server.client(shown[0]) as client:
        assert client.get("/api/v1/me").json()["kind"] == "admin"


def test_the_printed_link_lets_a_browser_in(own_server: ServerProcess) -> None:
    own_server.start()
    token = re.findall(r"/login\?token=(\w+)", own_server.log())[0]

    with httpx.Client(base_url=own_server.url, trust_env=False) as browser:
        browser.post("/api/v1/sessions", json={"link_token": token})
        me = browser.get("/api/v1/me")

    assert me.json()["kind"] == "session"


def test_the_local_session_works_and_ends_with_the_server(own_server: ServerProcess) -> None:
    own_server.start()
    session = (own_server.home / "session.json").read_text()
    local_key = re.findall(r"sk-qd-\w+", session)[0]
    with own_server.client(local_key) as client:
        while_running = client.get("/api/v1/me").status_code
    own_server.stop()

    own_server.start()
    with own_server.client(local_key) as client:
        afterwards = client.get("/api/v1/me").status_code

    assert (while_running, afterwards) == (200, 401)


@pytest.mark.parametrize("weak", ["changeme", "sk-1234", "password"])
def test_a_weak_admin_key_is_refused_with_a_better_one(own_server: ServerProcess, weak: str) -> None:
    own_server.admin_key = weak

    said = refusal_of(own_server)

    assert "`QUARTERDECK_ADMIN_KEY` is weak" in said
    assert re.search(r"sk-qd-\w{40}", said)


def test_a_port_in_use_is_named_with_a_way_out(own_server: ServerProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        own_server.variables["QUARTERDECK_PORT"] = str(port)

        said = refusal_of(own_server)

    assert f"Port {port}" in said
    assert "--port" in said


def test_a_folder_that_a_running_server_holds_is_refused(own_server: ServerProcess) -> None:
    own_server.start()
    assert own_server.process is not None

    said = refusal_of(ServerProcess(own_server.home))

    assert f"process {own_server.process.pid}" in said
    assert "QUARTERDECK_HOME" in said


@pytest.mark.parametrize("used_before", [False, True])
def test_a_read_only_data_folder_is_refused_with_a_remedy(own_server: ServerProcess, used_before: bool) -> None:
    if used_before:
        own_server.start().stop()
    own_server.home.chmod(0o555)
    if os.getuid() == 0:
        # Root may write anywhere, unless it gives that power away.
        own_server.wrapper = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")

    said = refusal_of(own_server)

    assert "cannot be written: permission denied" in said
    assert "QUARTERDECK_HOME" in said
    assert own_server.home.stat().st_mode & 0o222 == 0


def test_the_folder_of_a_newer_version_is_refused_untouched(own_server: ServerProcess) -> None:
    own_server.start()
    own_server.stop()
    database = own_server.home / "quarterdeck.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()

    said = refusal_of(own_server)

    assert "newer Quarterdeck" in said
    assert database.read_bytes() == before


def test_the_folder_of_an_older_version_is_migrated_at_start(own_server: ServerProcess) -> None:
    empty_database_of_before_the_first_migration = own_server.home / "quarterdeck.db"
    sqlite3.connect(empty_database_of_before_the_first_migration).close()

    own_server.start()

    with own_server.client() as client:
        assert client.get("/api/v1/projects").json()["items"][0]["name"] == "default"


def test_what_was_written_before_a_kill_9_is_there_after_it(own_server: ServerProcess) -> None:
    own_server.start()
    with own_server.client() as client:
        secret = client.post("/api/v1/keys", json={"name": "made just before"}).json()["secret"]
    own_server.kill()

    own_server.start()

    with own_server.client(secret) as client:
        assert client.get("/api/v1/me").json()["name"] == "made just before"


def test_a_stop_finishes_the_request_that_is_being_sent(own_server: ServerProcess) -> None:
    own_server.start()
    assert own_server.process is not None
    port = httpx.URL(own_server.url).port
    body = b'{"name": "sent while stopping"}'

    with socket.create_connection(("127.0.0.1", port or 0), timeout=20) as connection:
        connection.sendall(
            b"POST /api/v1/keys HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"x-api-key: %b\r\ncontent-length: %d\r\nexpect: 100-continue\r\n\r\n"
            % (own_server.admin_key.encode(), len(body))
        )
        assert b"100 Continue" in connection.recv(1000)  # the server waits for the body now
        own_server.process.terminate()
        until_refused(port or 0)
        connection.sendall(body)
        reply = connection.recv(10_000)

    assert reply.startswith(b"HTTP/1.1 201")
    assert own_server.process.wait(timeout=20) == 0


def test_a_client_that_never_finishes_does_not_hold_the_stop_up_for_ever(own_server: ServerProcess) -> None:
    own_server.variables["QUARTERDECK_DRAIN_TIMEOUT_S"] = "1"
    own_server.start()
    assert own_server.process is not None
    port = httpx.URL(own_server.url).port

    with socket.create_connection(("127.0.0.1", port or 0), timeout=20) as connection:
        connection.sendall(
            b"POST /api/v1/keys HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"x-api-key: %b\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n" % own_server.admin_key.encode()
        )
        assert b"100 Continue" in connection.recv(1000)
        own_server.process.terminate()
        code = own_server.process.wait(timeout=20)

    assert code == 0


def until_refused(port: int) -> None:
    """Wait until nobody listens there any more."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
