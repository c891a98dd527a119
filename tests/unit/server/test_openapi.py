"""The description of the control API: the same text every time, with names a client generator can use."""

from __future__ import annotations

import json
from pathlib import Path

from quarterdeck.server.openapi import description


def test_the_description_is_the_same_every_time() -> None:
    assert description() == description()


def test_each_operation_is_named_once_and_by_its_function() -> None:
    operations = [
        operation["operationId"] for path in json.loads(description())["paths"].values() for operation in path.values()
    ]

    assert sorted(set(operations)) == sorted(operations)
    assert all(name.isidentifier() and name.islower() for name in operations)
    assert "create_key" in operations


def test_the_types_of_the_ui_come_from_this_very_description() -> None:
    written = Path(__file__).parents[3] / "web" / "openapi.json"

    assert written.read_text() == description(), "Run `python -m quarterdeck.server.openapi > web/openapi.json`."
