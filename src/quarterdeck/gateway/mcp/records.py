"""The nouns of the MCP gateway: servers, the tools they offer, and what was approved of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from quarterdeck.core.events import Event

Transport = Literal["auto", "streamable-http", "sse"]
OnChange = Literal["block", "flag"]


@dataclass(frozen=True)
class McpServer:
    """One server of a project, as the gateway calls it."""

    id: str
    project_id: str
    name: str
    url: str
    transport: Transport = "auto"
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request: the credential that opens it. Sealed at rest, and never shown."""
    allowed_tools: tuple[str, ...] = ()
    """Patterns such as `read_*`; empty means all."""
    timeout_s: float = 60.0
    """The longest wait for an answer."""
    on_change: OnChange = "block"
    """What happens when a tool is not what it was when it was approved."""
    price_pico_per_call: int | None = None
    created_at: str = ""
    owner: str = "ui"


@dataclass(frozen=True)
class ConfiguredMcpServer:
    """A server as its owner sees it: which headers it gets, but not what they say."""

    name: str
    url: str
    transport: Transport
    header_names: list[str]
    allowed_tools: list[str]
    timeout_s: float
    on_change: OnChange
    price_usd_per_call: float | None
    created_at: str
    owner: str


@dataclass(frozen=True)
class McpTool:
    """A tool that a server offers, and whether it may be called as it is now."""

    server: str
    name: str
    title: str | None
    description: str
    state: Literal["approved", "changed", "not allowed"]
    approved_at: str | None
    approved_by: str | None
    changed_at: str | None = None
    approved_definition: dict[str, Any] | None = None  # Any: JSON Schema
    current_definition: dict[str, Any] | None = None
    """Only when it differs from what was approved."""


@dataclass(frozen=True)
class ToolPin:
    """What was approved of a tool, and what it has become since."""

    name: str
    sha256: str
    definition: dict[str, Any]  # Any: JSON Schema
    approved_at: str
    approved_by: str
    changed_sha256: str | None = None
    changed_definition: dict[str, Any] | None = None
    changed_at: str | None = None


@dataclass(frozen=True)
class McpCheck:
    """What a server said when it was asked for its tools."""

    ok: bool
    latency_ms: float
    protocol_version: str | None = None
    server_name: str | None = None
    tools: int = 0
    changed_tools: list[str] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class McpServersChanged(Event):
    """A server was added, changed or removed, or a tool approved: directories reload."""
