"""The page about the command line says what the command line does."""

from __future__ import annotations

from pathlib import Path

from quarterdeck.cli import catalogue
from quarterdeck.cli.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def test_the_page_in_the_repository_is_the_one_the_commands_write() -> None:
    assert PAGE.read_text() == page(), "Run `make docs`."


def test_the_page_has_every_command_and_explains_every_option() -> None:
    written = page()

    assert all(f"### `quarterdeck {name}" in written for name in catalogue.ENTRIES)
    assert "` |  |" not in written
