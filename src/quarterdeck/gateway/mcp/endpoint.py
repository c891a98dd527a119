"""MCP as clients reach it: `/mcp` for all servers of a project, `/mcp/NAME` for one. Streamable HTTP, both eras."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace

import msgspec

from quarterdeck.access.browsers import require_known_host
from quarterdeck.core.errors import NotFound, QuarterdeckError
from quarterdeck.gateway import refusals
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange, Header, trace_of
from quarterdeck.gateway.mcp import answering, wire
from quarterdeck.gateway.mcp.answering import McpCall
from quarterdeck.gateway.mcp.asked import Asked, read_message
from quarterdeck.gateway.mcp.calling import called
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.sessions import Session
from quarterdeck.gateway.mcp.wire import INVALID_REQUEST, METHOD_NOT_FOUND, MODERN, Json, McpError
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.runtime.work import Work

PATH = "/mcp"
_CANCELLED = -32800
"""The code that the language server protocol has given to this; MCP itself wants no answer, HTTP must have one."""
_CAPABILITIES: Json = {"tools": {}, "resources": {}, "prompts": {}, "completions": {}}
_PASSED_ON = {"prompts/get", "resources/read", "completion/complete", "logging/setLevel"}
_LISTED = {"tools/list", "prompts/list", "resources/list", "resources/templates/list"}


async def answer_mcp(plane: Plane, exchange: Exchange, work: Work) -> None:
    """One message of a client, or the end of its session."""
    if b"origin" in exchange.headers:
        require_known_host(exchange.headers, work.runtime.settings.host)
    directory = work.part(McpDirectory)
    name = exchange.path.removeprefix(PATH).strip("/")
    only = directory.server(work.project_id, name) if name else None
    if exchange.method == "DELETE":
        await directory.sessions.end(directory.sessions.find(work.actor, exchange.header(b"mcp-session-id") or ""))
        await exchange.answer(204, headers_of_request(exchange, work), b"")
        return
    body = await exchange.body(plane.max_body_bytes)
    asked: Asked | None = None
    try:
        asked = read_message(exchange, body)
        await _answer(plane, exchange, work, asked, only)
    except asyncio.CancelledError:
        if exchange.client_gone or asked is None:
            raise
        await _fail(exchange, work, asked, McpError(_CANCELLED, "Cancelled by the client."))
    except McpError as error:
        await _fail(exchange, work, asked, error)
    except QuarterdeckError as error:
        await _fail(exchange, work, asked, wire.meaning(error))


async def _answer(plane: Plane, exchange: Exchange, work: Work, asked: Asked, only: McpServer | None) -> None:
    directory = work.part(McpDirectory)
    headers = headers_of_request(exchange, work)
    if asked.method == "initialize" and asked.id is not None:
        session = directory.sessions.begin(work.actor, _agreed(asked), _can(asked))
        headers.append((b"mcp-session-id", session.id.encode()))
        found = {
            "protocolVersion": session.version,
            "capabilities": _CAPABILITIES,
            "serverInfo": wire.OURSELVES,
            "instructions": _instructions(only),
        }
        await exchange.answer(200, [refusals.JSON, *headers], wire.result(asked.id, found))
        return
    session = _session(directory, exchange, work, asked)
    if asked.method is None:
        await _hand_on_answer(session, asked)
    elif asked.id is None:
        if asked.method == "notifications/cancelled" and not asked.modern:
            task = session.running.get(asked.params.get("requestId"))
            if task is not None:
                task.cancel()
    else:
        if asked.traceparent:
            work = replace(work, trace=trace_of(asked.traceparent))
        exchange.watch()
        session.running[asked.id] = asyncio.current_task()  # type: ignore[assignment]  # there is one: it runs
        try:
            await _give(exchange, headers, asked, _messages(plane, exchange, McpCall(work, session, asked, only)))
        finally:
            session.running.pop(asked.id, None)
        return
    await exchange.answer(202, headers, b"")


async def _messages(plane: Plane, exchange: Exchange, call: McpCall) -> AsyncGenerator[Json, None]:
    """What the client hears: messages on the way, and the answer."""
    asked = call.asked
    if asked.method == "tools/call":
        async with aclosing(called(plane, call, read_envelope(exchange))) as messages:
            async for message in messages:
                yield message
        return
    if asked.method in _PASSED_ON:
        async with aclosing(answering.passed_on(call)) as messages:
            async for message in messages:
                yield message
        return
    if asked.method in _LISTED:
        found = await answering.listed(call)
    elif asked.method == "ping":
        found = {}
    elif asked.method == "server/discover":
        found = {
            "supportedVersions": [MODERN, *wire.WITH_HANDSHAKE],
            "capabilities": _CAPABILITIES,
            "instructions": _instructions(call.only),
            "_meta": {"io.modelcontextprotocol/serverInfo": wire.OURSELVES},
        }
    else:
        raise McpError(
            METHOD_NOT_FOUND, f"There is no method `{asked.method}` here.", status=404 if asked.modern else None
        )
    yield {"jsonrpc": "2.0", "id": asked.id, "result": found}


async def _give(exchange: Exchange, headers: list[Header], asked: Asked, messages: AsyncGenerator[Json, None]) -> None:
    """Answer as JSON if the answer is the first that is heard, else as a stream of events."""
    streams = b"text/event-stream" in exchange.headers.get(b"accept", b"")
    async with aclosing(messages):
        async for message in messages:
            if "method" in message:
                if streams:
                    if not exchange.responding:
                        await exchange.begin_stream(headers)
                    await exchange.send(_event(message))
                continue
            if asked.modern and isinstance(message.get("result"), dict):
                message = {**message, "result": {"resultType": "complete", **_cacheable(asked), **message["result"]}}
            if exchange.responding:
                await exchange.end_stream(_event(message))
            else:
                error = message.get("error")
                status = 404 if asked.modern and error and error.get("code") == METHOD_NOT_FOUND else 200
                await exchange.answer(status, [refusals.JSON, *headers], msgspec.json.encode(message))
            return


async def _fail(exchange: Exchange, work: Work, asked: Asked | None, error: McpError) -> None:
    body = wire.failure(None if asked is None else asked.id, error)
    if exchange.responding:
        await exchange.end_stream(b"event: message\ndata: " + body + b"\n\n")
        return
    headers = headers_of_request(exchange, work)
    headers += [refusals.JSON] if error.refusal is None else refusals.headers_of(error.refusal)
    await exchange.answer(wire.http_status(error), headers, body)


async def _hand_on_answer(session: Session, asked: Asked) -> None:
    """The client answers what a server has asked it in the middle of a call."""
    question = session.open_questions.pop(str(asked.id), None)
    if question is None:
        raise McpError(INVALID_REQUEST, "Nobody has asked this.")
    upstream, number = question
    with suppress(QuarterdeckError):  # the call itself will fail, and say so to its own client
        await upstream.tell({**asked.message, "id": number})


def _session(directory: McpDirectory, exchange: Exchange, work: Work, asked: Asked) -> Session:
    sent = exchange.header(b"mcp-session-id")
    if sent is not None and not asked.modern:
        try:
            return directory.sessions.find(work.actor, sent)
        except NotFound as error:
            # The protocol's own sign that a client must begin anew.
            raise McpError(INVALID_REQUEST, error.message, status=404) from error
    return directory.sessions.shared(work.actor, asked.version or wire.WITH_HANDSHAKE[0])


def _agreed(asked: Asked) -> str:
    wanted = asked.params.get("protocolVersion")
    return wanted if wanted in wire.WITH_HANDSHAKE else wire.WITH_HANDSHAKE[0]


def _can(asked: Asked) -> Json:
    found = asked.params.get("capabilities")
    return found if isinstance(found, dict) else {}


def _instructions(only: McpServer | None) -> str:
    if only is not None:
        return f"The tools of `{only.name}`, by way of Quarterdeck."
    return "The tools of several servers, by way of Quarterdeck. Names look like `server__tool`."


def _cacheable(asked: Asked) -> Json:
    if asked.method in _LISTED or asked.method in ("server/discover", "resources/read"):
        return {"ttlMs": 0, "cacheScope": "private"}
    return {}


def _event(message: Json) -> bytes:
    return b"event: message\ndata: " + msgspec.json.encode(message) + b"\n\n"
