"""The documents of the repository point at things that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text())

    missing = [target for target in targets if not (document.parent / target).exists()]

    assert not missing


def test_files_that_the_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text))

    missing = [name for name in named if not (ROOT / "src" / "quarterdeck" / name).exists()]

    assert named
    assert not missing


def test_the_changelog_is_about_what_users_can_do() -> None:
    first = (ROOT / "CHANGELOG.md").read_text().split("## ")[1]

    assert first.startswith("Unreleased")
    assert "- **" in first


def test_the_reference_pages_are_what_the_code_says() -> None:
    written = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "write_docs.py"), "--check"], capture_output=True, text=True, cwd=ROOT
    )

    assert written.returncode == 0, written.stdout + written.stderr
