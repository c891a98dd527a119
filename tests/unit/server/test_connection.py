"""A client's connection, byte by byte: bodies in pieces, pipelining, keep-alive, hang-ups, and headers that lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from quarterdeck.server.connection import ClientConnection

App = Callable[[Any, Any, Any], Awaitable[None]]
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"


@asynccontextmanager
async def serving(app: App, **options: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(app, http=ClientConnection, ws="none", lifespan="off", log_config=None, port=0, **options)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # whatever this version calls it
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await server.shutdown()


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body that it got."""
    body = scope["quarterdeck.body"]() if "quarterdeck.body" in scope else None
    if body is None:
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_a_body_is_the_same_however_it_is_cut() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(POST % 11 + b"\r\nhello world")
        assert (await answer(reader))[1] == b"hello world"

        for piece in (POST[:20], POST[20:] % 11, b"\r\nhel", b"lo wo", b"rld"):
            writer.write(piece)
            await asyncio.sleep(0.01)
        assert (await answer(reader))[1] == b"hello world"

        chunked = POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
        writer.write(chunked + b"\r\n5\r\nhello\r\n")
        await asyncio.sleep(0.01)
        writer.write(b"6\r\n world\r\n0\r\n\r\n")
        assert (await answer(reader))[1] == b"hello world"

        writer.write(POST % 0 + b"\r\n")
        assert (await answer(reader))[1] == b""


async def test_a_large_body_waits_until_it_is_read() -> None:
    body = b"x" * 5_000_000

    async with serving(echo) as (reader, writer):
        writer.write(POST % len(body) + b"\r\n" + body)

        assert (await answer(reader))[1] == body


async def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(b"".join(POST % 1 + b"\r\n%d" % number for number in range(5)))

        assert [(await answer(reader))[1] for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_body_that_nobody_wants_is_read_past() -> None:
    async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"no"})

    async with serving(refuse) as (reader, writer):
        for _ in range(2):
            writer.write(POST % 1_000_000 + b"\r\n")
            assert (await answer(reader))[1] == b"no"
            writer.write(b"x" * 1_000_000)


async def test_a_client_that_waits_for_leave_gets_it() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(POST % 2 + b"Expect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"

        writer.write(b"ok")

        assert (await answer(reader))[1] == b"ok"


async def test_a_stream_is_chunked_and_an_answer_cut_short_breaks_the_connection() -> None:
    async def stream(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        if scope["query_string"] == b"broken":
            raise ValueError("halfway")
        await send({"type": "http.response.body", "body": b"two"})

    async with serving(stream) as (reader, writer):
        writer.write(POST % 0 + b"\r\n")
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")

        writer.write(POST.replace(b"completions", b"completions?broken") % 0 + b"\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\n3\r\none\r\n")


@pytest.mark.parametrize("asked", [b"Connection: close\r\n", b""])
async def test_a_connection_closes_when_it_should_and_only_then(asked: bytes) -> None:
    async with serving(echo) as (reader, writer):
        writer.write(POST % 1 + asked + b"\r\nx")
        head, _ = await answer(reader)

        assert (b"connection: close" in head) == bool(asked)
        if asked:
            assert await reader.read() == b""


async def test_an_idle_connection_is_closed_after_its_time_and_a_busy_one_is_not() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1.2)
        await echo(scope, receive, send)

    async with serving(slow, timeout_keep_alive=1) as (reader, writer):
        for _ in range(2):
            writer.write(POST % 1 + b"\r\nx")
            assert (await answer(reader))[1] == b"x"

        assert await reader.read() == b""


async def test_a_hang_up_is_heard_while_an_answer_is_made() -> None:
    heard = asyncio.Event()

    async def wait(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        heard.set()

    async with serving(wait) as (_, writer):
        writer.write(POST % 1 + b"\r\nx")
        await asyncio.sleep(0.05)
        writer.close()

        await asyncio.wait_for(heard.wait(), 5)


async def test_a_header_with_a_line_break_never_leaves() -> None:
    async def inject(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-model", b"a\r\nset-cookie: b")]})
        await send({"type": "http.response.body", "body": b""})

    async with serving(inject) as (reader, writer):
        writer.write(POST % 0 + b"\r\n")

        assert b"set-cookie" not in await reader.read()


async def test_what_is_not_the_data_planes_is_uvicorns() -> None:
    async with serving(echo) as (reader, writer):
        writer.write(b"POST /api/v1/anything HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
        assert (await answer(reader))[1] == b"ok"

        writer.write(POST % 2 + b"\r\nok" + b"POST /api HTTP/1.1\r\nContent-Length: 2\r\n\r\nno")
        assert [(await answer(reader))[1] for _ in range(2)] == [b"ok", b"no"]

        writer.write(b"nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
