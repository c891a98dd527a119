"""Which commands there are, with the line that `--help` shows, so that listing them imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

import rich_click as click


@dataclass(frozen=True)
class Entry:
    """One command: the line that presents it, and where it is written."""

    line: str
    module: str
    attribute: str


PANELS: dict[str, dict[str, Entry]] = {
    "Start": {
        "up": Entry("Start the server.", "up", "up"),
        "doctor": Entry("Check everything that can be wrong, and say the remedy.", "doctor", "doctor"),
        "login-link": Entry("Print a link that opens the web interface without a password.", "login", "login_link"),
        "password": Entry("Set the administrator's password.", "login", "password"),
    },
    "Build": {
        "ingest": Entry("Put files and folders into a knowledge base.", "ingest", "ingest"),
        "knowledge": Entry("Knowledge bases: list, look into, search.", "knowledge", "knowledge"),
        "apps": Entry("Apps, their releases and what is live.", "apps", "apps"),
        "prompts": Entry("Prompts: list, show, add a version, label.", "prompts", "prompts"),
        "ask": Entry("Ask an app or a model a question.", "ask", "ask"),
    },
    "Observe": {
        "traces": Entry("List traces, newest first.", "traces", "traces"),
        "trace": Entry("Show one trace: its spans, tokens, cost and time.", "trace", "trace"),
        "usage": Entry("Show who spent how much, beside the window before, and what caches saved.", "usage", "usage"),
        "reconcile": Entry(
            "Prove that what was accepted was recorded and charged; exit code 1 where books differ.",
            "reconcile",
            "reconcile",
        ),
        "replay": Entry("Run a trace's release again on the same input and show what changed.", "replay", "replay"),
    },
    "Operate": {
        "keys": Entry("API keys: list, create, change, rotate, revoke.", "keys", "keys"),
        "teams": Entry("Teams: who shares keys, limits and budgets.", "teams", "teams"),
        "limits": Entry("Limits and budgets: list, set, remove, alerts.", "limits", "limits"),
        "guardrails": Entry("Guardrails: list, set, test, switch, remove.", "guardrails", "guardrails"),
        "providers": Entry("Model providers: list, add, check, remove.", "providers", "providers"),
        "routes": Entry("Routes: aliases for models, fallbacks, health, test calls.", "routes", "routes"),
        "semantic-cache": Entry("Semantic caches: set up, their promise, purge.", "semantic_cache", "semantic_cache"),
        "router": Entry("Learned routers: import outcomes, train, report.", "router", "router"),
        "input-budget": Entry("Input budgets: trim or compress long inputs.", "input_budget", "input_budget"),
        "batches": Entry("Batches of calls: begin, watch, cancel, fetch.", "batches", "batches"),
        "mcp": Entry("MCP servers: add, check, tools, approve, remove.", "mcp", "mcp"),
        "prices": Entry("Prices: find, set, withdraw, and price history anew.", "prices", "prices"),
        "cache": Entry("The exact response cache: how it stands, and how to empty it.", "cache", "cache"),
        "models": Entry("List the models that can be called, with their prices.", "models", "models"),
        "demo": Entry("The demo app: measure how well it answers.", "demo", "demo"),
        "config": Entry("Settings, and where each value comes from.", "config", "config"),
        "plan": Entry("Compare a quarterdeck.yaml with what is live.", "plan", "plan"),
        "apply": Entry("Make live what a quarterdeck.yaml declares.", "apply", "apply"),
        "export": Entry("Write what is live as a quarterdeck.yaml.", "export", "export"),
        "import": Entry("Make a quarterdeck.yaml of another gateway's configuration.", "import_", "import_"),
        "secrets": Entry("Secrets that a quarterdeck.yaml may name: list, set, remove.", "secrets", "secrets"),
        "completion": Entry("Print the completion script of a shell.", "completion", "completion"),
    },
}
ENTRIES: dict[str, Entry] = {name: entry for panel in PANELS.values() for name, entry in panel.items()}


def load(name: str) -> click.Command:
    """The command itself: its module is imported now."""
    entry = ENTRIES[name]
    module = import_module(f"quarterdeck.cli.commands.{entry.module}")
    return cast(click.Command, getattr(module, entry.attribute))
