"""`quarterdeck mcp`: the MCP servers behind `/mcp`."""

from __future__ import annotations

import sys
from urllib.parse import quote

import rich_click as click

from quarterdeck.cli import completing, show
from quarterdeck.cli.client import Json
from quarterdeck.cli.desk import Desk, command, force_option
from quarterdeck.cli.exits import Failed, WrongUse
from quarterdeck.cli.groups import Noun
from quarterdeck.cli.quantities import NONE, duration, plural
from quarterdeck.cli.show import Column


@click.group(cls=Noun)
def mcp() -> None:
    """MCP servers: add, check, tools, approve, remove."""


@mcp.command("list")
@command
def list_servers(desk: Desk) -> None:
    """List the MCP servers of the project."""
    page = desk.server.items("/api/v1/mcp/servers")
    desk.give(
        page, lambda: show.table(page["items"], _COLUMNS, empty="No MCP servers. `quarterdeck mcp add NAME URL`.")
    )


@mcp.command("add")
@click.argument("name")
@click.argument("url")
@click.option("--transport", type=click.Choice(("auto", "streamable-http", "sse")), default="auto", show_default=True)
@click.option("--header", metavar="NAME", help="A header that carries a credential; its value is read from stdin.")
@click.option("--tool", "tools", multiple=True, metavar="PATTERN", help="What may be called, such as `read_*`.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 3600), default=60.0, metavar="SECONDS")
@click.option("--on-change", type=click.Choice(("block", "flag")), default="block", help="When a tool has changed.")
@click.option("--price", "price", type=click.FloatRange(0, 1000), metavar="USD", help="What one call costs.")
@force_option
@command
def add_server(
    desk: Desk,
    name: str,
    url: str,
    transport: str,
    header: str | None,
    tools: tuple[str, ...],
    timeout_s: float,
    on_change: str,
    price: float | None,
    force: bool,
) -> None:
    """Add a server, or change the one of this name. Without `--header`, the headers that are there stay."""
    wish: dict[str, object] = {
        "url": url,
        "transport": transport,
        "allowed_tools": list(tools),
        "timeout_s": timeout_s,
        "on_change": on_change,
        "price_usd_per_call": price,
    }
    if header is not None:
        value = sys.stdin.read().strip() if not sys.stdin.isatty() else click.prompt(header, hide_input=True, err=True)
        if not value:
            raise WrongUse(f"The value of `{header}` is empty. Pipe it in, such as `Bearer …`.")
        wish["headers"] = {header: value}
    made = desk.server.put(_path(name), wish, force=force or None)
    desk.give(made, lambda: show.say(f"Added `{made['name']}`. `quarterdeck mcp check {made['name']}` tries it."))


@mcp.command("check")
@click.argument("name", shell_complete=completing.MCP_SERVERS)
@command
def check_server(desk: Desk, name: str) -> None:
    """Call a server, and compare its tools with what was approved."""
    outcome = desk.server.post(f"{_path(name)}/checks")
    desk.give(outcome, lambda: _present(name, outcome))
    if not outcome["ok"]:
        raise Failed(f"`{name}` does not work: {outcome['error']}")


@mcp.command("tools")
@click.argument("name", shell_complete=completing.MCP_SERVERS)
@command
def list_tools(desk: Desk, name: str) -> None:
    """List the tools that a server offers now."""
    page = desk.server.items(f"{_path(name)}/tools")
    desk.give(page, lambda: show.table(page["items"], _TOOL_COLUMNS, empty="It offers no tools."))


@mcp.command("approve")
@click.argument("name", shell_complete=completing.MCP_SERVERS)
@click.argument("tool", required=False)
@command
def approve_tools(desk: Desk, name: str, tool: str | None) -> None:
    """Approve a tool as it is now; without TOOL, all of the server's."""
    page = desk.server.post(f"{_path(name)}/approvals", {"tool": tool})
    desk.give(page, lambda: show.say(f"Approved {f'`{tool}`' if tool else 'all tools'} of `{name}` as they are now."))


@mcp.command("remove")
@click.argument("name", shell_complete=completing.MCP_SERVERS)
@force_option
@command
def remove_server(desk: Desk, name: str, force: bool) -> None:
    """Forget a server, its headers and its approved tools."""
    desk.server.delete(_path(name), force=force or None)
    desk.give({"removed": name}, lambda: show.say(f"Removed `{name}`."))


def _path(name: str) -> str:
    return f"/api/v1/mcp/servers/{quote(name, safe='')}"


def _present(name: str, outcome: Json) -> None:
    if not outcome["ok"]:
        return
    seen, took = plural(outcome["tools"], "tool"), duration(outcome["latency_ms"])
    show.say(f"`{name}` works: {seen} in {took}, MCP {outcome['protocol_version']}.", style="green")
    if outcome["changed_tools"]:
        show.say(f"Not what was approved: {', '.join(outcome['changed_tools'])}.", style="yellow")


_COLUMNS = (
    Column("name", lambda s: s["name"], style="cyan"),
    Column("address", lambda s: s["url"], fold=True),
    Column("headers", lambda s: s["header_names"], lambda s: ", ".join(s["header_names"]) or NONE, spare=2),
    Column("tools", lambda s: s["allowed_tools"], lambda s: ", ".join(s["allowed_tools"]) or "all", spare=1),
    Column("on change", lambda s: s["on_change"], spare=3),
)
_TOOL_COLUMNS = (
    Column("tool", lambda t: t["name"], style="cyan"),
    Column("state", lambda t: t["state"]),
    Column("approved", lambda t: t["approved_at"], lambda t: t["approved_at"] or NONE, spare=2),
    Column("description", lambda t: t["description"], fold=True, spare=1),
)
