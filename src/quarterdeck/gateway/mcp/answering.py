"""What each method of MCP does here: which servers are asked, and how their answers become one.

At `/mcp` all servers of the project stand side by side, their tools and prompts named `server__tool`; at `/mcp/NAME` one
server stands alone, with its own names. Only tools are called, and only calls pass the gate of limits; the rest is reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from quarterdeck.core.errors import InvalidInput, NotFound, QuarterdeckError
from quarterdeck.gateway.mcp import tools
from quarterdeck.gateway.mcp.asked import Asked
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.sessions import Connection, Session
from quarterdeck.gateway.mcp.upstream import SessionGone
from quarterdeck.gateway.mcp.wire import METHOD_NOT_FOUND, Json, McpError
from quarterdeck.runtime.work import Work

_MOST_PAGES = 50
_PAGE = 500
_LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}


@dataclass(frozen=True, slots=True)
class McpCall:
    """One request of a client: who asks, in which session, of which server, if of one."""

    work: Work
    session: Session
    asked: Asked
    only: McpServer | None

    @property
    def servers(self) -> Sequence[McpServer]:
        """Who can be meant."""
        return (
            [self.only] if self.only is not None else list(_directory(self.work).servers(self.work.project_id).values())
        )


async def listed(call: McpCall) -> Json:
    """A list of all servers, or of one. A server that does not answer leaves a gap that is named, not an error."""
    method = call.asked.method or ""
    field = _LISTS[method]
    cursor = call.asked.params.get("cursor")
    if cursor is not None and not (isinstance(cursor, str) and cursor.isdigit()):
        raise InvalidInput("`cursor` is not one of ours.", param="cursor")
    start = int(cursor or 0)
    answers = await asyncio.gather(*(_items(call, server, method) for server in call.servers), return_exceptions=True)
    found: list[Json] = []
    silent: dict[str, str] = {}
    for server, answer in zip(call.servers, answers, strict=True):
        if isinstance(answer, QuarterdeckError | McpError):
            silent[server.name] = answer.message
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found += answer
    if call.only is not None and silent:
        raise NotFound(silent[call.only.name]) if not found else InvalidInput(silent[call.only.name])
    page: Json = {field: found[start : start + _PAGE]}
    if len(found) > start + _PAGE:
        page["nextCursor"] = str(start + _PAGE)
    if silent:
        page["_meta"] = {"quarterdeck/unavailable": silent}
    return page


async def passed_on(call: McpCall, trace: str | None = None) -> AsyncGenerator[Json, None]:
    """A request for one server: what the server says on the way, and its answer last, with our client's own id."""
    server, params = await _meant(call)
    for attempt in (1, 2):
        connection = await call.session.connection(_directory(call.work).connector, server)
        try:
            capabilities = call.asked.capabilities if call.asked.modern else None
            stream = connection.upstream.call(call.asked.method or "", params, trace=trace, capabilities=capabilities)
            async with aclosing(stream) as messages:
                async for message in messages:
                    if "method" in message:
                        heard = _heard(call, connection, message)
                        if heard is not None:
                            yield heard
                    else:
                        yield {**message, "id": call.asked.id}
                        return
        except SessionGone:
            await call.session.lose(server, connection)
            if attempt == 2:
                raise NotFound(f"The MCP server `{server.name}` forgets its sessions at once.") from None


async def tools_of(work: Work, session: Session, server: McpServer) -> dict[str, Json]:
    """All tools of a server by name, as they are now or were a moment ago; new ones are pinned, changed ones noted."""
    connection = await session.connection(_directory(work).connector, server)
    known = connection.fresh_tools()
    if known is not None:
        return known
    found = {tool["name"]: tool for tool in await _pages(session, work, server, "tools/list") if "name" in tool}
    await tools.note_seen(work, server, found.values())
    connection.learn(found)
    return found


def split_name(call: McpCall, name: object) -> tuple[McpServer, str]:
    """The server and its own name for a tool or a prompt."""
    if not isinstance(name, str) or not name:
        raise InvalidInput("`name` is missing.", param="name")
    if call.only is not None:
        return call.only, name
    server, separator, rest = name.partition(tools.SEPARATOR)
    if not separator:
        raise NotFound(f"`{name}` names no server. Here, names look like `server{tools.SEPARATOR}tool`.")
    return _directory(call.work).server(call.work.project_id, server), rest


async def _items(call: McpCall, server: McpServer, method: str) -> list[Json]:
    if method == "tools/list":
        found = [
            tool
            for name, tool in (await tools_of(call.work, call.session, server)).items()
            if tools.may_call(call.work, server, name) and not _is_blocked(call.work, server, name)
        ]
    else:
        found = await _pages(call.session, call.work, server, method)
    if call.only is not None or method.startswith("resources/"):
        return found
    return [{**item, "name": tools.full_name(server.name, str(item.get("name")))} for item in found]


def _is_blocked(work: Work, server: McpServer, tool: str) -> bool:
    pin = _directory(work).pins(server).get(tool)
    return server.on_change == "block" and pin is not None and pin.changed_sha256 is not None


async def _pages(session: Session, work: Work, server: McpServer, method: str) -> list[Json]:
    found: list[Json] = []
    cursor: object = None
    for attempt in (1, 2):
        connection = await session.connection(_directory(work).connector, server)
        try:
            for _ in range(_MOST_PAGES):
                answer = await connection.upstream.ask(method, {"cursor": cursor} if cursor is not None else {})
                found += [item for item in answer.get(_LISTS[method], ()) if isinstance(item, dict)]
                cursor = answer.get("nextCursor")
                if cursor is None:
                    break
        except SessionGone:
            await session.lose(server, connection)
            if attempt == 2:
                raise NotFound(f"The MCP server `{server.name}` forgets its sessions at once.") from None
            found, cursor = [], None
        except McpError as error:
            if error.code == METHOD_NOT_FOUND:  # it has no such things, which is as good as an empty list
                return []
            raise
        else:
            return found
    return found


async def _meant(call: McpCall) -> tuple[McpServer, Json]:
    """Which server a request is for, and its parameters in that server's own words."""
    params = call.asked.params
    match call.asked.method:
        case "tools/call" | "prompts/get":
            server, name = split_name(call, params.get("name"))
            return server, {**params, "name": name}
        case "completion/complete" if isinstance(params.get("ref"), dict) and "name" in params["ref"]:
            server, name = split_name(call, params["ref"]["name"])
            return server, {**params, "ref": {**params["ref"], "name": name}}
        case "completion/complete":
            return await _owner_of(call, (params.get("ref") or {}).get("uri")), params
        case "resources/read":
            return await _owner_of(call, params.get("uri")), params
    if call.only is None:
        raise McpError(METHOD_NOT_FOUND, f"`{call.asked.method}` needs one server: call `/mcp/NAME`.", status=404)
    return call.only, params


async def _owner_of(call: McpCall, uri: object) -> McpServer:
    if call.only is not None:
        return call.only
    if not isinstance(uri, str):
        raise InvalidInput("`uri` is missing.", param="uri")
    for method, field in (("resources/list", "uri"), ("resources/templates/list", "uriTemplate")):
        lists = await asyncio.gather(*(_items(call, server, method) for server in call.servers), return_exceptions=True)
        for server, found in zip(call.servers, lists, strict=True):
            if isinstance(found, list) and any(_same(str(item.get(field)), uri) for item in found):
                return server
    raise NotFound(f"No MCP server here has the resource `{uri}`. Ask the server itself, at `/mcp/NAME`.")


def _same(listed_uri: str, uri: str) -> bool:
    start, template, _ = listed_uri.partition("{")
    return uri.startswith(start) and start != "" if template else listed_uri == uri


def _heard(call: McpCall, connection: Connection, message: Json) -> Json | None:
    """What a server says before its answer, as our client may hear it."""
    if message["method"] == "notifications/tools/list_changed":
        connection.learn(None)
    if "id" not in message:
        return message
    if call.asked.modern:
        return None  # such clients have no way to answer; the server was told so
    name = f"qd-{len(call.session.open_questions)}-{message['id']}"
    call.session.open_questions[name] = (connection.upstream, message["id"])
    while len(call.session.open_questions) > 100:
        call.session.open_questions.popitem(last=False)
    return {**message, "id": name}


def _directory(work: Work) -> McpDirectory:
    return work.part(McpDirectory)
