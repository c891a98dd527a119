"""The page about the command line says what the command line does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from quarterdeck.cli import catalogue
from quarterdeck.cli.reference import page

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "cli.md"
BLOCK = re.compile(r"^```(?:sh|bash|console|text)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^(?:\$ )?(?:\S*=\S+ )*(?:\S*/)?quarterdeck ([a-z].*)$", re.MULTILINE)


def test_the_page_in_the_repository_is_the_one_the_commands_write() -> None:
    assert PAGE.read_text() == page(), "Run `make docs`."


def test_the_page_has_every_command_and_explains_every_option() -> None:
    written = page()

    assert all(f"### `quarterdeck {name}" in written for name in catalogue.ENTRIES)
    assert "` |  |" not in written


def commands_in_documents() -> list[str]:
    """Every line of a code block in the repository's documents that calls us."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    blocks = [block for path in documents if path != PAGE for block in BLOCK.findall(path.read_text())]
    return sorted({found for block in blocks for found in CALL.findall(block)})


@pytest.mark.parametrize("line", commands_in_documents())
def test_a_command_in_a_document_can_be_run_as_it_is_written(line: str) -> None:
    name, *arguments = shlex.split(line, comments=True)
    command = catalogue.load(name)
    if isinstance(command, click.Group):
        verb, arguments = (arguments[0], arguments[1:]) if arguments else ("list", [])
        command = command.commands[verb]

    command.make_context(name, arguments)


def test_the_documents_do_show_commands() -> None:
    assert len(commands_in_documents()) > 5
