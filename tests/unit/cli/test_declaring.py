"""`quarterdeck plan`, `apply`, `export` and `secrets`: a configuration as a file, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Quarterdeck

FILE = """
providers:
  house: {kind: openai-compatible, base_url: "http://127.0.0.1:8000/v1", api_key: "${env:HOUSE_KEY}"}
routes:
  smart: {targets: [{model: house/llama}]}
limits:
  month: {metric: cost, amount: 100, window: month}
"""


def test_a_file_is_planned_applied_and_planned_again(quarterdeck: Quarterdeck) -> None:
    Path("quarterdeck.yaml").write_text(FILE)

    before = quarterdeck("plan", HOUSE_KEY="sk-house-0123456789")
    asked = quarterdeck("apply", HOUSE_KEY="sk-house-0123456789")
    applied = quarterdeck("apply", "--yes", HOUSE_KEY="sk-house-0123456789")
    after = quarterdeck("plan", "--json", HOUSE_KEY="sk-house-0123456789")
    exported = quarterdeck("export").stdout
    round_trip = quarterdeck("plan", "-", stdin=exported)
    refused = quarterdeck("limits", "remove", "month")
    insisted = quarterdeck("limits", "remove", "month", "--force")
    quarterdeck("apply", "--yes", HOUSE_KEY="sk-house-0123456789")
    Path("quarterdeck.yaml").write_text("version: 1")
    pruned = quarterdeck("apply", "--yes", "--prune")

    assert before.exit_code == 2
    assert "+ limit `month`" in before.stderr
    assert "sk-house" not in before.output + applied.output + after.output + exported
    assert asked.exit_code == 2
    assert "`--yes`" in asked.stderr
    assert applied.exit_code == 0
    assert (after.exit_code, json.loads(after.stdout)["changes"]) == (0, [])
    assert "${secret:providers/house}" in exported
    assert (round_trip.exit_code, "Nothing to change" in round_trip.stderr) == (0, True)
    assert (refused.exit_code, "`quarterdeck.yaml`" in refused.stderr) == (2, True)
    assert insisted.exit_code == 0
    assert "- limit `month`" in pruned.stderr
    assert json.loads(quarterdeck("export", "--json").stdout) == {"version": 1}


def test_a_wrong_file_is_told_with_every_mistake_and_its_place(quarterdeck: Quarterdeck) -> None:
    Path("quarterdeck.yaml").write_text("limits:\n  month: {metrik: cost, amount: 1}\ntems: {}\n")

    told = quarterdeck("plan")

    assert told.exit_code == 1
    assert "quarterdeck.yaml:2:11: `metrik` is no key of `limits.month`. Did you mean `metric`?" in told.stderr
    assert "quarterdeck.yaml:3:1: `tems` is no key. Did you mean `teams`?" in told.stderr


def test_secrets_are_piped_in_listed_without_what_they_say_and_removed(quarterdeck: Quarterdeck) -> None:
    quarterdeck("secrets", "set", "provider/house", stdin="sk-house-0123456789\n")

    listed = quarterdeck("secrets", "list", "--json").stdout
    quarterdeck("secrets", "remove", "provider/house")

    assert [one["name"] for one in json.loads(listed)["items"]] == ["provider/house"]
    assert "sk-house" not in listed
    assert json.loads(quarterdeck("secrets", "list", "--json").stdout)["items"] == []


def test_an_export_overwrites_nothing(quarterdeck: Quarterdeck) -> None:
    first = quarterdeck("export", "--output", "new.yaml")
    second = quarterdeck("export", "--output", "new.yaml")

    assert (first.exit_code, second.exit_code) == (0, 2)
    assert Path("new.yaml").read_text() == "version: 1\n"
