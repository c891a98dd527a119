"""The doctor finds what is wrong and names the remedy, with a running server and without one."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from pathlib import Path

import pytest
from click.testing import Result

from tests.server_process import ServerProcess
from tests.unit.cli.conftest import Quarterdeck


def checks(result: Result) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_an_empty_place_is_healthy(alone: Quarterdeck) -> None:
    result = alone("doctor", "--json", QUARTERDECK_PORT="0")

    found = checks(result)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["ok"] is True
    assert found["server"]["status"] == "skipped"
    assert {found[name]["status"] for name in ("Python", "data folder", "disk", "clock", "port", "embedder")} == {"ok"}


def test_a_port_in_use_fails_with_its_remedy(alone: Quarterdeck) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = alone("doctor", "--json", QUARTERDECK_PORT=str(taken.getsockname()[1]))

    port = checks(result)["port"]
    assert result.exit_code == 1
    assert port["status"] == "failed"
    assert "QUARTERDECK_PORT" in port["remedy"]


def test_a_data_folder_that_is_a_file_fails(alone: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    result = alone("doctor", "--json", QUARTERDECK_HOME=str(tmp_path / "home"), QUARTERDECK_PORT="0")

    assert result.exit_code == 1
    assert checks(result)["data folder"]["status"] == "failed"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_data_folder_fails(alone: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)

    result = alone("doctor", "--json", QUARTERDECK_HOME=str(tmp_path / "home"), QUARTERDECK_PORT="0")

    assert checks(result)["data folder"]["status"] == "failed"


def test_a_data_folder_open_to_others_is_a_warning_and_no_failure(alone: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)

    result = alone("doctor", "--json", QUARTERDECK_HOME=str(tmp_path / "home"), QUARTERDECK_PORT="0")

    assert result.exit_code == 0
    assert checks(result)["permissions"]["remedy"].startswith("`chmod 700")


def test_a_broken_database_fails_without_a_traceback(alone: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / "quarterdeck.db").write_bytes(b"this is no database, and it is long enough to be read" * 100)

    result = alone("doctor", "--json", QUARTERDECK_HOME=str(tmp_path / "home"), QUARTERDECK_PORT="0")

    assert result.exit_code == 1
    assert checks(result)["database"]["status"] == "failed"
    assert "backup" in checks(result)["database"]["remedy"]


def test_a_database_of_a_newer_program_fails(alone: Quarterdeck, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    with sqlite3.connect(tmp_path / "home" / "quarterdeck.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()

    result = alone("doctor", "--json", QUARTERDECK_HOME=str(tmp_path / "home"), QUARTERDECK_PORT="0")

    assert checks(result)["database"]["status"] == "failed"
    assert "newer" in checks(result)["database"]["found"]


def test_a_running_server_is_asked_about_itself(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    result = quarterdeck("doctor", "--json")

    found = checks(result)
    assert found["server"] == {"name": "server", "status": "ok", "found": f"{server.url} answers", "remedy": None}
    assert found["database"]["status"] == "ok"
    assert found["port"]["status"] == "ok"
    assert "admin" in found["key"]["found"]
    assert found["ledger"] == {
        "name": "ledger",
        "status": "ok",
        "found": "0 spans accepted = 0 stored + 0 pending",
        "remedy": None,
    }


def test_a_server_that_was_killed_is_found_dead_with_its_remedy(alone: Quarterdeck, own_server: ServerProcess) -> None:
    own_server.start()
    own_server.kill()

    result = alone("doctor", "--json", QUARTERDECK_HOME=str(own_server.home), QUARTERDECK_PORT="0")

    assert result.exit_code == 1
    assert checks(result)["server"]["status"] == "failed"
    assert "`quarterdeck up`" in checks(result)["server"]["remedy"]


def test_piped_a_check_is_a_line_of_four_cells(alone: Quarterdeck) -> None:
    lines = alone("doctor", QUARTERDECK_PORT="0").stdout.splitlines()

    assert len(lines) > 6
    assert {len(line.split("\t")) for line in lines} == {4}
