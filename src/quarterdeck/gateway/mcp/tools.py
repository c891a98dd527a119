"""Which tools a client may see and call: names, allow-lists, and the pins that catch a tool which is not what it was.

A tool is pinned when it is first seen: the hash of everything that a model reads of it. A server that changes it later
(the "rug pull") is found out at the next list; the tool is then refused, or flagged, until somebody approves it anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import msgspec

from quarterdeck.core import clock
from quarterdeck.core.errors import NotAllowed
from quarterdeck.core.hashing import sha256
from quarterdeck.gateway.mcp import store
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.mcp.records import McpServer, ToolPin
from quarterdeck.gateway.mcp.wire import Json
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

SEPARATOR = "__"
_READ_BY_MODELS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")


def full_name(server: str, tool: str) -> str:
    """A tool's name where the tools of all servers stand in one list."""
    return f"{server}{SEPARATOR}{tool}"


def may_call(work: Work, server: McpServer, tool: str) -> bool:
    """Whether the server's list and the key's list both have a tool; an empty list has all."""
    named = full_name(server.name, tool)
    return _listed(server.allowed_tools, (tool, named)) and _listed(work.actor.terms.allowed_tools, (named,))


def require_allowed(work: Work, server: McpServer, tool: str) -> None:
    """Refuse what is on neither list."""
    if not may_call(work, server, tool):
        raise NotAllowed(
            f"`{work.actor.name}` may not call the tool `{full_name(server.name, tool)}`. Allow it for the key or the server."
        )


def require_unchanged(work: Work, server: McpServer, tool: str) -> bool:
    """Refuse a tool that is not what was approved; True when it is only flagged."""
    pin = work.part(McpDirectory).pins(server).get(tool)
    if pin is None or pin.changed_sha256 is None:
        return False
    if server.on_change == "block":
        raise NotAllowed(
            f"The server has changed the tool `{full_name(server.name, tool)}` since it was approved. Compare it, and approve "
            f"it with `quarterdeck mcp approve {server.name} {tool}`."
        )
    return True


async def note_seen(work: Work, server: McpServer, tools: Iterable[Json]) -> list[str]:
    """Pin tools that are new, and note those that are not what was approved: their names come back."""
    pins = work.part(McpDirectory).pins(server)
    new: list[ToolPin] = []
    changed: list[str] = []
    for tool in tools:
        definition, digest = read_by_models(tool)
        pin = pins.get(tool["name"])
        if pin is None:
            new.append(ToolPin(tool["name"], digest, definition, clock.iso(clock.now()), "first seen"))
        elif pin.sha256 != digest:
            changed.append(pin.name)
            if pin.changed_sha256 != digest:
                log.warning("mcp: the server `%s` has changed its tool `%s`", server.name, pin.name)
                pins[pin.name] = replace(
                    pin, changed_sha256=digest, changed_definition=definition, changed_at=clock.iso(clock.now())
                )
                await store.note_change(work.runtime.database, server.id, pins[pin.name])
        elif pin.changed_sha256 is not None:
            pins[pin.name] = replace(pin, changed_sha256=None, changed_definition=None, changed_at=None)
            await store.note_change(work.runtime.database, server.id, pins[pin.name])
    if new:
        await store.add_pins(work.runtime.database, server.id, new)
        pins.update({pin.name: pin for pin in new})
    return changed


def read_by_models(tool: Json) -> tuple[Json, str]:
    """Everything about a tool that can influence a model, and its hash."""
    definition = {name: tool[name] for name in _READ_BY_MODELS if tool.get(name) is not None}
    return definition, sha256(msgspec.json.encode(definition, order="sorted").decode())


def _listed(patterns: Sequence[str], names: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns for name in names)
