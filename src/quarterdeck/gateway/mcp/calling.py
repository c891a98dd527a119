"""A call of a tool: allowed, unchanged, within limits, traced; what it gave is the server's own answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway.admitting import Demand, Errand, admitted
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.mcp import answering, tools
from quarterdeck.gateway.mcp.answering import McpCall
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.wire import Json, McpError
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import accept
from quarterdeck.runtime.tracing import ActiveSpan, Attribute

_LONGEST_RECORDED = 100_000


async def called(plane: Plane, call: McpCall, envelope: Envelope) -> AsyncGenerator[Json, None]:
    """Call a tool: what the server says on the way, and its answer last."""
    server, tool = answering.split_name(call, call.asked.params.get("name"))
    if not isinstance(call.asked.params.get("arguments") or {}, dict):
        raise InvalidInput("`arguments` must be an object.", param="arguments")
    tools.require_allowed(call.work, server, tool)
    known = await answering.tools_of(call.work, call.session, server)
    if tool not in known:
        raise NotFound(f"The MCP server `{server.name}` has no tool `{tool}`. It has: {sorted(known)[:20]}.")
    flagged = tools.require_unchanged(call.work, server, tool)
    name = tools.full_name(server.name, tool)
    demand = Demand(Errand(f"mcp/{name}", server.price_pico_per_call or 0), input_bytes=0, most_output_tokens=0)
    async with admitted(plane, call.work, envelope, demand) as hold:
        span = _start(call, server, tool, flagged)
        try:
            trace = f"00-{call.work.trace.trace_id}-{span.span_id}-01"
            async with aclosing(answering.passed_on(call, trace)) as messages:
                async for message in messages:
                    if "method" not in message:
                        _note_answer(span, server, message)
                        span.end()
                        hold.settle(accept(plane.recorder, call.work))
                    yield message
        except BaseException as error:
            span.fail(error)
            raise
        finally:
            span.end()
            spans = accept(plane.recorder, call.work)
            if spans:
                hold.settle(spans)


def _start(call: McpCall, server: McpServer, tool: str, flagged: bool) -> ActiveSpan:
    span = call.work.start(f"execute_tool {tool}", "tool")
    span.put(input=_recorded(call.asked.params.get("arguments")))
    said = span.attributes
    said["gen_ai.operation.name"] = "execute_tool"
    said["gen_ai.tool.name"] = tool
    said["gen_ai.tool.type"] = "extension"
    said["mcp.method.name"] = "tools/call"
    said["server.address"] = server.url
    said["quarterdeck.mcp.server"] = server.name
    if flagged:
        said["quarterdeck.mcp.changed_since_approval"] = True
    return span


def _note_answer(span: ActiveSpan, server: McpServer, message: Json) -> None:
    if server.price_pico_per_call is not None:
        span.put(cost_pico=server.price_pico_per_call)
    error, found = message.get("error"), message.get("result") or {}
    if isinstance(error, dict):
        span.fail(McpError(0, str(error.get("message"))))
    elif found.get("isError"):
        span.put(status="error", status_message="The tool says that it failed.")
    span.put(output=_recorded(found.get("structuredContent") or found.get("content") or error))


def _recorded(value: Attribute) -> Attribute:
    size = len(msgspec.json.encode(value))
    if size <= _LONGEST_RECORDED:
        return value
    return f"{msgspec.json.encode(value)[:1000].decode(errors='replace')}… ({size} bytes)"
