"""Writes what the code itself can tell: `docs/reference/` and the API that the UI is typed by. `--check` only looks."""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quarterdeck.cli import reference
from quarterdeck.declared import document
from quarterdeck.gateway.well_known import WELL_KNOWN
from quarterdeck.server import openapi
from quarterdeck.server.app import control_api

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
WEB_API = ROOT / "web" / "openapi.json"  # `npm --prefix web run types` makes the UI's types of it
SCHEMA = ROOT / "src" / "quarterdeck" / "declared" / "quarterdeck.schema.json"
SETTINGS = ROOT / "src" / "quarterdeck" / "config" / "settings.py"


def main() -> int:
    """Write or check every page."""
    pages = {
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "api.md": api_page(),
        REFERENCE / "providers.md": providers_page(),
        REFERENCE / "cli.md": reference.page(),
        WEB_API: openapi.description(),
        SCHEMA: json.dumps(document.schema(), indent=2, ensure_ascii=False) + "\n",
    }
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the code says. Run `make docs`.")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def settings_page() -> str:
    """Every setting, with the variable that sets it."""
    lines = [
        "# Settings",
        "",
        "Read once at start, from flags, then from the environment. A `QUARTERDECK_` variable that is not in this list is an",
        "error, so a typing mistake is never silent. This page is written from `config/settings.py` by `make docs`.",
        "",
        "| variable | default | what it decides |",
        "|---|---|---|",
    ]
    for name, default, meaning in _settings():
        lines.append(f"| `QUARTERDECK_{name.upper()}` | {default} | {meaning} |")
    lines += [
        "",
        "## Credentials of providers",
        "",
        "Found under their usual names; each makes a provider without further configuration.",
        "",
    ]
    lines += [f"- `{name}`" for name in _provider_variables()]
    return "\n".join(lines) + "\n"


def providers_page() -> str:
    """Every server that speaks OpenAI's dialect and is known by name."""
    lines = [
        "# Servers that speak OpenAI's dialect",
        "",
        "Set the variables and the provider is there; or store its key with `quarterdeck providers add`, by the same name and",
        "without an address where it is the same for everybody. Any other server of this dialect is added with `--base-url`.",
        "[Connect model providers](../guides/providers.md) has those that speak a dialect of their own.",
        "This page is written from `gateway/well_known.py` by `make docs`.",
        "",
        "| provider | name | variables | address | thoughts | renamed | left out | reranks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for known in WELL_KNOWN:
        manners = known.manners
        needed = [f"`{name}`" for name in known.variables if not (known.runs_here and name == known.key)]
        optional = [f"perhaps `{known.key}`"] if known.runs_here else []
        lines.append(
            f"| {known.title} | `{known.example}` | {', '.join(needed + optional)} | `{known.base_url}` "
            f"| {f'`{manners.reasoning}`' if manners.reasoning != '-' else '-'} "
            f"| {', '.join(f'`{name}` → `{theirs}`' for name, theirs in manners.renames) or '-'} "
            f"| {', '.join(f'`{name}`' for name in manners.drops) or '-'} "
            f"| {'yes' if manners.rerank else '-'} |"
        )
    lines += [
        "",
        "*Thoughts*: the field in which its reasoning models think aloud; `text` means between `<think>` tags. *Renamed* and *left out*",
        "are the only things that are ever changed in a forwarded request, and nothing that is left out changes an answer. What a",
        "server does not know beyond that it refuses itself, and its words reach the client.",
    ]
    return "\n".join(lines) + "\n"


def api_page() -> str:
    """Every route of the control API, room by room."""
    described = control_api().openapi()
    rooms: dict[str, list[str]] = defaultdict(list)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            takes = ", ".join(_takes(operation, described)) or "-"
            what = operation["operationId"].replace("_", " ").capitalize()
            rooms[operation["tags"][0]].append(f"| {what} | `{method.upper()} {path}` | {takes} |")
    lines = [
        "# HTTP API",
        "",
        "The data plane speaks OpenAI's wire format: `POST /v1/chat/completions`, `POST /v1/embeddings`, `GET /v1/models`. Everything else is",
        "the control API below; the running server describes it as OpenAPI at `/api/v1/openapi.json`. This page is written from it by `make docs`.",
        "",
        "Send a key as `Authorization: Bearer sk-qd-…`, `x-api-key`, `api-key` or `x-goog-api-key`. Only `/healthz`, `/readyz`, the UI's files and logging in",
        'work without one. Errors have one shape everywhere: `{"error": {"message", "type", "param", "code"}}`. Lists are pages: `{"items", "next_cursor"}`.',
    ]
    for room in sorted(rooms):
        lines += ["", f"## {room.capitalize()}", "", "| what | route | takes |", "|---|---|---|", *rooms[room]]
    return "\n".join(lines) + "\n"


def _takes(operation: dict[str, Any], described: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield f"`{parameter['name']}`" + ("" if parameter.get("required") else "?")
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        name = body.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
        if not name:
            yield f"a body of `{kind}`"
            continue
        schema = described["components"]["schemas"][name]
        for field in schema.get("properties", {}):
            yield f"`{field}`" + ("" if field in schema.get("required", []) else "?")


def _settings() -> Iterator[tuple[str, str, str]]:
    body = next(node for node in _tree().body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    for index, node in enumerate(body):
        if not isinstance(node, ast.AnnAssign) or ast.unparse(node.target) == "providers":
            continue
        following = body[index + 1] if index + 1 < len(body) else None
        meaning = ast.literal_eval(following.value) if isinstance(following, ast.Expr) else ""
        yield ast.unparse(node.target), _default(node.value), " ".join(str(meaning).split())


def _default(value: ast.expr | None) -> str:
    text = ast.unparse(value) if value is not None else ""
    if text.startswith("field("):
        text = next((ast.unparse(word.value) for word in value.keywords if word.arg == "default"), "None")  # type: ignore[union-attr]
    if text.startswith("Path("):
        text = text[5:-1]
    if text == "DEFAULT_PORT":
        text = next(
            ast.unparse(n.value)
            for n in _tree().body
            if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == text
        )
    return "-" if text == "None" else f"`{text.strip(chr(39))}`"


def _provider_variables() -> list[str]:
    assigned = next(
        node
        for node in _tree().body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PROVIDER_VARIABLES"
    )
    return list(ast.literal_eval(assigned.value))


def _tree() -> ast.Module:
    return ast.parse(SETTINGS.read_text())


if __name__ == "__main__":
    sys.exit(main())
