"""The front of the command line: quick, helpful, and honest in its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from quarterdeck import __version__
from quarterdeck.cli import catalogue
from tests.unit.cli.conftest import Quarterdeck

HEAVY = {"aiohttp", "alembic", "asyncio", "duckdb", "fastapi", "numpy", "pydantic", "sqlalchemy", "uvicorn"}


def test_the_version_is_told_without_importing_anything_that_is_not_needed_for_it() -> None:
    loaded = modules_after("--version")

    assert not loaded & (HEAVY | {"rich", "http", "ssl", "quarterdeck.server"})
    assert len(loaded) < 180


def test_help_draws_with_rich_but_imports_no_command_and_no_server() -> None:
    loaded = modules_after("--help")

    assert "rich" in loaded
    assert not loaded & (HEAVY | {"quarterdeck.server", "http"})
    assert not any(name.startswith("quarterdeck.cli.commands.") for name in loaded)


@pytest.mark.parametrize("name", catalogue.ENTRIES)
def test_the_line_in_the_catalogue_is_the_first_line_of_the_command(name: str) -> None:
    command = catalogue.load(name)

    assert (command.help or "").splitlines()[0] == catalogue.ENTRIES[name].line
    assert command.name == name


def test_version_says_the_version(alone: Quarterdeck) -> None:
    result = alone("--version")

    assert result.stdout == f"quarterdeck {__version__}\n"


def test_without_arguments_the_help_is_shown(alone: Quarterdeck) -> None:
    result = alone()

    assert "Usage: quarterdeck" in result.stdout
    assert all(name in result.stdout for name in catalogue.ENTRIES)


def test_a_mistyped_command_is_wrong_use_and_gets_a_suggestion(alone: Quarterdeck) -> None:
    result = alone("trase")

    assert result.exit_code == 2
    assert "There is no command `trase`. Did you mean" in result.stderr
    assert "trace" in result.stderr
    assert result.stdout == ""


def test_a_mistyped_option_is_wrong_use_and_gets_a_suggestion(alone: Quarterdeck) -> None:
    result = alone("traces", "--limt", "3")

    assert result.exit_code == 2
    assert "--limit" in result.stderr
    assert "quarterdeck traces --help" in result.stderr


def test_without_a_server_the_remedy_is_named_and_the_code_is_5(alone: Quarterdeck) -> None:
    result = alone("keys")

    assert result.exit_code == 5
    assert "`quarterdeck up`" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_server_that_is_gone_is_unreachable(alone: Quarterdeck) -> None:
    result = alone("keys", QUARTERDECK_URL="http://127.0.0.1:9", QUARTERDECK_API_KEY="sk-qd-anything")

    assert result.exit_code == 5
    assert "No server answers at `http://127.0.0.1:9`" in result.stderr


def test_a_url_without_a_key_is_not_authorised(alone: Quarterdeck) -> None:
    result = alone("keys", QUARTERDECK_URL="http://127.0.0.1:9")

    assert result.exit_code == 3
    assert "QUARTERDECK_API_KEY" in result.stderr


def test_verbose_shows_the_traceback(alone: Quarterdeck) -> None:
    result = alone("keys", "-v")

    assert result.exit_code == 5
    assert "Traceback" in result.stderr


def test_a_setting_that_means_nothing_is_refused_with_a_suggestion(alone: Quarterdeck) -> None:
    result = alone("keys", QUARTERDECK_API_KY="x")

    assert result.exit_code == 1
    assert "Did you mean `QUARTERDECK_API_KEY`?" in result.stderr


def test_config_tells_where_values_come_from_and_no_secret(alone: Quarterdeck) -> None:
    variables = {"QUARTERDECK_PORT": "5000", "QUARTERDECK_API_KEY": "sk-qd-very-secret", "OPENAI_API_KEY": "sk-hidden"}

    result = alone("--home", "elsewhere", "config", "show", "--origin", "--json", **variables)

    rows = {row["variable"]: (row["value"], row["origin"]) for row in json.loads(result.stdout)["items"]}
    assert rows["QUARTERDECK_PORT"] == (5000, "environment")
    assert rows["QUARTERDECK_HOME"] == ("elsewhere", "flag")
    assert rows["QUARTERDECK_HOST"] == ("127.0.0.1", "default")
    assert rows["QUARTERDECK_API_KEY"] == ("set", "environment")
    assert rows["OPENAI_API_KEY"] == ("set", "environment")
    assert "very" not in result.stdout
    assert "hidden" not in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_names_our_command(alone: Quarterdeck, shell: str) -> None:
    result = alone("completion", shell)

    assert result.exit_code == 0
    assert "_QUARTERDECK_COMPLETE" in result.stdout


def test_the_shell_is_offered_commands_and_their_options(alone: Quarterdeck) -> None:
    commands = alone(_QUARTERDECK_COMPLETE="bash_complete", COMP_WORDS="quarterdeck tra", COMP_CWORD="1")
    verbs = alone(_QUARTERDECK_COMPLETE="bash_complete", COMP_WORDS="quarterdeck keys ", COMP_CWORD="2")
    options = alone(_QUARTERDECK_COMPLETE="bash_complete", COMP_WORDS="quarterdeck traces --min", COMP_CWORD="2")

    assert commands.stdout.split() == ["plain,traces", "plain,trace"]
    assert verbs.stdout.split() == ["plain,list", "plain,create", "plain,change", "plain,rotate", "plain,revoke"]
    assert options.stdout.split() == ["plain,--min-latency", "plain,--min-cost"]


def test_without_a_server_names_are_not_completed_and_nothing_is_said(alone: Quarterdeck) -> None:
    result = alone(_QUARTERDECK_COMPLETE="bash_complete", COMP_WORDS="quarterdeck keys revoke ", COMP_CWORD="3")

    assert (result.stdout.strip(), result.stderr) == ("", "")


@pytest.mark.parametrize("arguments", [["config", "show", "--json"], ["completion", "zsh"]])
def test_a_reader_that_hangs_up_is_no_error(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "quarterdeck", *arguments]
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)

    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def modules_after(argument: str) -> set[str]:
    """What a fresh interpreter has imported when the command is over."""
    program = (
        "import sys\nfrom quarterdeck.cli.main import main\nsys.argv = ['quarterdeck', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit:\n    print('\\n' + ' '.join(sys.modules))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, argument], capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())
