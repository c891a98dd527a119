"""The wheel holds everything: it runs where there is no Node, no checkout and no network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, env={**os.environ, "QUARTERDECK_UI_BUILD": "skip"})
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_the_ui_the_demo_and_the_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "quarterdeck/server/web/index.html" in names
    assert "quarterdeck/demo/questions.json" in names
    assert any(name.startswith("quarterdeck/demo/handbook/") and name.endswith(".pdf") for name in names)
    assert "quarterdeck/storage/versions/v0001_first_tables.py" in names
    assert "quarterdeck/py.typed" in names


def test_the_wheel_weighs_less_than_five_megabytes(wheel: Path) -> None:
    assert wheel.stat().st_size < 5_000_000


def test_the_installed_wheel_describes_itself_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)
    program = "import quarterdeck.server.app as app; print(app.__file__)"

    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": ""},
        capture_output=True,
        text=True,
    )

    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.startswith(str(target))
