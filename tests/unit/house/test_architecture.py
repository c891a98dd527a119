"""The page that says how the house is built agrees with the house."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "ARCHITECTURE.md").read_text()


def layers_of_the_contract() -> list[set[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (one for one in settings["contracts"] if one["type"] == "layers")
    assert contract["exhaustive"]
    return [set(layer.split(" | ")) for layer in contract["layers"] if layer != "__main__"]


def layers_of_the_page() -> list[set[str]]:
    plan = TEXT.split("## Rooms")[1].split("```")[1]
    return [set(re.split(r"\s{2,}", line)[0].split(" | ")) for line in plan.strip().splitlines()]


def test_the_rooms_stand_as_the_import_contract_has_them() -> None:
    assert layers_of_the_page() == layers_of_the_contract()


def test_every_package_is_a_room() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "quarterdeck").glob("*/__init__.py")}

    assert set().union(*layers_of_the_page()) == packages


def test_every_decision_is_numbered_once_and_without_a_gap() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_what_the_wiring_puts_into_the_data_folder_is_on_the_page() -> None:
    table = TEXT.split("## The data folder")[1].split("## Three flows")[0]
    described = set(
        re.findall(r"`([^`/]+?)/?`", " ".join(line.split("|")[1] for line in table.splitlines() if "| `" in line))
    )
    code = "\n".join(path.read_text() for path in (ROOT / "src" / "quarterdeck" / "server").glob("*.py"))
    code += "\n".join(path.read_text() for path in (ROOT / "src" / "quarterdeck").glob("*/parts.py"))
    named = set(re.findall(r'home / "([\w.]+)"', code))

    assert named
    assert named <= described
