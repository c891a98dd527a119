"""The command line as a caller has it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from quarterdeck.cli.main import cli
from tests.server_process import ServerProcess

Quarterdeck = Callable[..., Result]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Quarterdeck:
    """Runs commands in an empty folder, with no server anywhere."""
    for name in [name for name in os.environ if name.startswith("QUARTERDECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "", **variables: str) -> Result:
        return CliRunner().invoke(cli, arguments, input=stdin, env=variables, prog_name="quarterdeck")

    return run


@pytest.fixture
def quarterdeck(alone: Quarterdeck, server: ServerProcess) -> Quarterdeck:
    """Runs commands beside a running server, which they find by its data folder."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Result:
        return alone(*arguments, stdin=stdin, **{"QUARTERDECK_HOME": str(server.home), **variables})

    return run
