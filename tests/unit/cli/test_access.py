"""Keys, login links and the password from the terminal."""

from __future__ import annotations

import json
import re

import httpx

from tests.server_process import ServerProcess
from tests.terminal import in_terminal
from tests.unit.cli.conftest import Quarterdeck


def me(server: ServerProcess, key: str) -> httpx.Response:
    with server.client(key) as client:
        return client.get("/api/v1/me")


def test_a_new_key_is_alone_on_stdout_and_opens_the_server(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    made = quarterdeck("keys", "create", "pipeline", "--scope", "read", "--expires-in", "7")

    secret = made.stdout.strip()
    assert re.fullmatch(r"sk-qd-\w+", secret)
    assert "`pipeline`: read" in made.stderr
    assert me(server, secret).json()["scopes"] == ["read"]


def test_keys_are_listed_tab_separated_when_piped(quarterdeck: Quarterdeck) -> None:
    quarterdeck("keys", "create", "listed", "--scope", "gateway")

    rows = [line.split("\t") for line in quarterdeck("keys").stdout.splitlines()]

    listed = next(row for row in rows if row[0] == "listed")
    assert listed[1].startswith("sk-qd-")
    assert listed[2] == "gateway"
    assert "works" in listed
    assert len({len(row) for row in rows}) == 1


def test_json_is_the_object_of_the_api(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    page = json.loads(quarterdeck("keys", "list", "--json").stdout)

    with server.client() as client:
        assert page == client.get("/api/v1/keys").json()


def test_a_key_is_revoked_by_its_name(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    secret = quarterdeck("keys", "create", "leaked").stdout.strip()

    revoked = quarterdeck("keys", "revoke", "leaked")

    assert revoked.exit_code == 0
    assert me(server, secret).status_code == 401


def test_a_key_that_is_not_there_is_not_found(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("keys", "revoke", "nobody")

    assert result.exit_code == 4
    assert "nobody" in result.stderr
    assert result.stdout == ""


def test_a_wrong_key_is_not_authorised(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    result = quarterdeck("keys", QUARTERDECK_URL=server.url, QUARTERDECK_API_KEY="sk-qd-wrong")

    assert result.exit_code == 3
    assert "Traceback" not in result.stderr


def test_a_key_without_the_scope_is_not_authorised(quarterdeck: Quarterdeck) -> None:
    reader = quarterdeck("keys", "create", "reader", "--scope", "read").stdout.strip()

    result = quarterdeck("keys", QUARTERDECK_API_KEY=reader)

    assert result.exit_code == 3
    assert "`admin`" in result.stderr


def test_a_login_link_lets_a_browser_in_once(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    link = quarterdeck("login-link").stdout.strip()

    token = link.removeprefix(f"{server.url}/login?token=")
    with httpx.Client(base_url=server.url, trust_env=False) as browser:
        first = browser.post("/api/v1/sessions", json={"link_token": token})
        again = browser.post("/api/v1/sessions", json={"link_token": token})
    assert first.status_code == 201
    assert again.status_code == 401


def test_a_password_is_set_from_stdin_and_never_from_an_argument(
    quarterdeck: Quarterdeck, server: ServerProcess
) -> None:
    result = quarterdeck("password", "set", "--stdin", stdin="four random words do well\n")

    assert result.exit_code == 0
    assert me(server, server.admin_key).json()["password_set"] is True
    assert quarterdeck("password", "set", "secret-argument").exit_code == 2


def test_in_a_terminal_a_password_is_asked_for_twice_and_never_shown(server: ServerProcess) -> None:
    answers = ["correct horse battery", "another horse", "correct horse battery", "correct horse battery"]

    code, shown = in_terminal("password", "set", environment=server.environment(), answers=answers)

    assert code == 0, shown
    assert "do not match" in shown
    assert "The password is set." in shown
    assert "horse" not in shown


def test_in_a_terminal_the_key_of_a_provider_is_asked_for_and_never_shown(server: ServerProcess) -> None:
    code, shown = in_terminal(
        "providers", "add", "openai", environment=server.environment(), answers=["sk-abcdefgh1234"]
    )

    assert code == 0, shown
    assert "Added `openai`" in shown
    assert "sk-abc" not in shown


def test_a_short_password_is_refused_before_it_travels(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("password", "set", "--stdin", stdin="short\n")

    assert result.exit_code == 2
    assert "at least 12 characters" in result.stderr


def test_without_a_terminal_a_password_is_not_asked_for(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("password", "set")

    assert result.exit_code == 2
    assert "--stdin" in result.stderr


def test_the_shell_is_offered_the_names_of_keys(quarterdeck: Quarterdeck) -> None:
    quarterdeck("keys", "create", "offered")

    result = quarterdeck(
        _QUARTERDECK_COMPLETE="bash_complete", COMP_WORDS="quarterdeck keys revoke off", COMP_CWORD="3"
    )

    assert result.stdout.split() == ["plain,offered"]
