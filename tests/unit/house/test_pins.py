"""What is installed is pinned, and pins name no registry."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]


def test_every_dependency_is_pinned_in_the_constraints() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {_canonical(line.split("==")[0]) for line in lines if "==" in line}

    missing = [text for text in wanted if _canonical(Requirement(text).name) not in pinned]

    assert not missing, "run `make constraints`"


def test_the_constraints_hold_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_the_ui_lock_file_holds_no_download_address() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())

    assert lock["packages"]
    assert not [
        name for name, package in lock["packages"].items() if "resolved" in package and "://" in package["resolved"]
    ]


def test_ui_dependencies_are_exact_versions() -> None:
    package = json.loads((ROOT / "web" / "package.json").read_text())

    loose = [
        f"{name} {version}"
        for group in ("dependencies", "devDependencies")
        for name, version in package.get(group, {}).items()
        if not re.fullmatch(r"(npm:.+@)?\d+\.\d+\.\d+", version)
    ]

    assert not loose


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
