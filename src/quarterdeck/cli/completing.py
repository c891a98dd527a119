"""Completes the names of things by asking the server, quickly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import click

from quarterdeck.cli import session
from quarterdeck.config.settings import read_settings
from quarterdeck.core.errors import QuarterdeckError

_PATIENCE_S = 0.3
_MOST = 50

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def names(path: str, field: str = "name") -> Completer:
    """Completes with one field of the items of a list of the API."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in _ask(path, field) if name.startswith(incomplete)]

    return complete


def trace_ids(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes with `last` and the newest traces."""
    return [name for name in ("last", *_ask("/api/v1/traces", "trace_id")) if name.startswith(incomplete)]


APPS = names("/api/v1/apps")
GUARDRAILS = names("/api/v1/guardrails")
KEYS = names("/api/v1/keys")
KNOWLEDGE = names("/api/v1/knowledge")
LIMITS = names("/api/v1/limits")
MCP_SERVERS = names("/api/v1/mcp/servers")
MODELS = names("/api/v1/models", "id")
PROMPTS = names("/api/v1/prompts")
PROVIDERS = names("/api/v1/providers")
ROUTERS = names("/api/v1/routers")
ROUTES = names("/api/v1/routes")
SEMANTIC_CACHES = names("/api/v1/semantic-caches", "target")
INPUT_BUDGETS = names("/api/v1/input-budgets", "target")
TEAMS = names("/api/v1/teams")


def _ask(path: str, field: str) -> list[str]:
    from quarterdeck.cli.client import Client  # HTTP is heavy, and most completions need none

    try:
        found = session.find_session(read_settings())
        with closing(Client(found.url, found.key, timeout_s=_PATIENCE_S)) as server:
            return [str(item[field]) for item in server.get(path, limit=_MOST)["items"]]
    except QuarterdeckError:
        return []
