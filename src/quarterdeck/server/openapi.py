"""`python -m quarterdeck.server.openapi`: the control API described, the same text every time; the UI's types come from it."""

from __future__ import annotations

import json
import sys

from quarterdeck.server.app import control_api


def description() -> str:
    """The OpenAPI document as JSON, keys sorted."""
    return json.dumps(control_api().openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
