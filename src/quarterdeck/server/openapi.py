"""`python -m quarterdeck.server.openapi`: the control API described, the same text every time; the UI's types come from it."""

from __future__ import annotations

import json
import sys

from quarterdeck.server.app import control_api


def description() -> str:
    """The OpenAPI document as JSON, keys sorted."""
    described = control_api().openapi()
    for name in ("Json-Input", "Json-Output"):
        # It refers to itself, which TypeScript refuses where the types are made; to a client it is any JSON anyway.
        if name in described["components"]["schemas"]:
            described["components"]["schemas"][name] = {"description": "Any JSON value."}
    return json.dumps(described, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
