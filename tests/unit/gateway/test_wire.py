"""Our own HTTP client against servers that frame, cut, close, lie and go silent: each line is written by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from yarl import URL

from quarterdeck.config.settings import Settings
from quarterdeck.core.errors import InvalidInput, UpstreamFailed, UpstreamTimeout, UpstreamUnavailable
from quarterdeck.gateway import patience, upstream
from quarterdeck.gateway.routing.records import Timeouts
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.wire.lines import Connector, FixedHeaders

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEADERS = FixedHeaders({"Content-Type": "application/json", "Authorization": "Bearer sk-secret"})
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Takes connections one by one; what each does is `serve`. Requests are kept."""

    def __init__(self, serve: Serve) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._serve = serve
        self.http = aiohttp.ClientSession(connector=Connector())
        self.url = URL()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()

    async def close(self) -> None:
        await self.http.close()
        for writer in self.writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        self.requests.append(head + body)
        return body

    async def ask(self, body: bytes = b"{}", url: URL | None = None) -> Reply:
        url = url or self.url
        return await upstream.post(self.http, url, body, HEADERS, provider="it", settings=Settings())


@asynccontextmanager
async def serving(*answers: bytes | float) -> AsyncIterator[Server]:
    """Answers every request of a connection with the same pieces; a number is a pause, empty bytes hang up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.request(reader)
            for piece in answers:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                elif not piece:
                    return
                else:
                    writer.write(piece)
                    await asyncio.sleep(0.005)

    server = Server(serve)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.url = URL(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/chat?x=1")
    try:
        yield server
    finally:
        listening.close()
        await server.close()


@pytest.mark.parametrize(
    "pieces",
    [
        (OK,),
        (OK[:9], OK[9:30], OK[30:-1], OK[-1:]),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1", b"\r\nk\r\n", b"0\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK,),
        (b"HTTP/1.1 100 Continue\r\n\r\n", OK),
    ],
)
async def test_an_answer_is_the_same_however_it_is_framed_and_cut(pieces: tuple[bytes, ...]) -> None:
    async with serving(*pieces) as server:
        for _ in range(3):
            assert await (await server.ask()).read() == b"ok"

        assert server.connections == 1
        assert server.requests[0].startswith(b"POST /v1/chat?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
        assert server.requests[0].endswith(b"Authorization: Bearer sk-secret\r\ncontent-length: 2\r\n\r\n{}")


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\nhello ", b"world", b"") as server:
        assert await (await server.ask()).read() == b"hello world"
        assert await (await server.ask()).read() == b"hello world"

        assert server.connections == 2


@pytest.mark.parametrize("said", [b"connection: close\r\n", b""])
async def test_a_connection_is_kept_unless_the_provider_says_otherwise(said: bytes) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n" + said + b"content-length: 2\r\n\r\nok") as server:
        for _ in range(3):
            await (await server.ask()).read()

        assert server.connections == (3 if said else 1)


async def test_a_connection_that_was_closed_meanwhile_is_replaced_unnoticed() -> None:
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.write(OK)
        if server.connections == 1:
            await server.request(reader)  # takes the second request, and hangs up without a word
            closing.set()
            return
        await server.request(reader)

    server = Server(serve)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.url = URL(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/")
    assert await (await server.ask()).read() == b"ok"
    assert await (await server.ask()).read() == b"ok"

    listening.close()
    await server.close()
    assert closing.is_set() and server.connections == 2


async def test_a_first_connection_that_says_nothing_is_not_asked_twice() -> None:
    async with serving(b"") as server:
        with pytest.raises(UpstreamUnavailable, match="without an answer"):
            await server.ask()

        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b""), "broke off"),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", b""), "broke off"),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nnonsense\r\n", 1.0), "not HTTP"),
    ],
)
async def test_an_answer_that_breaks_is_no_answer(pieces: tuple[bytes | float, ...], words: str) -> None:
    async with serving(*pieces) as server:
        with pytest.raises(UpstreamFailed, match=words):
            await (await server.ask()).read()


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: %b\r\n" % (b"y" * 200_000)])
async def test_what_is_not_http_is_refused(said: bytes) -> None:
    async with serving(said, 1.0) as server:
        with pytest.raises(UpstreamUnavailable):
            await server.ask()


async def test_silence_ends_where_patience_does() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", 5.0) as server:
        with patience.waiting(Timeouts(idle_s=0.05)):
            reply = await server.ask()

        assert await reply.receive() == b"ok"
        with pytest.raises(UpstreamTimeout, match=r"silent for 0\.05 s"):
            await reply.receive()
        reply.close()


async def test_a_total_limit_cuts_an_answer_that_comes_steadily() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    steadily: list[bytes | float] = [b"1\r\nx\r\n", 0.05]
    async with serving(head, *steadily * 40) as server:
        with patience.waiting(Timeouts(total_s=0.2)):
            reply = await server.ask()

        with pytest.raises(UpstreamTimeout, match="too long"):
            while await reply.receive():
                pass
        reply.close()


async def test_headers_that_do_not_come_are_waited_for_no_longer_than_told() -> None:
    async with serving(5.0) as server:
        with patience.waiting(Timeouts(first_token_s=0.05)), pytest.raises(UpstreamTimeout, match=r"waited 0\.05 s"):
            await server.ask()


async def test_an_error_keeps_our_credential_to_itself_and_the_connection_open() -> None:
    body = b'{"error":{"message":"wrong key sk-secret"}}'
    refused = b"HTTP/1.1 401 No\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    async with serving(refused) as server:
        for _ in range(2):
            with pytest.raises(UpstreamFailed, match="wrong key …"):
                await server.ask()

        assert server.connections == 1


async def test_a_large_body_arrives_whole() -> None:
    body = bytes(range(256)) * 40_000
    async with serving(OK) as server:
        assert await (await server.ask(body)).read() == b"ok"

        assert server.requests[0].endswith(body)


async def test_a_large_answer_waits_until_it_is_read() -> None:
    answer = b"x" * 8_000_000
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer) as server:
        reply = await server.ask()
        await asyncio.sleep(0.05)

        assert await reply.read() == answer
        assert await (await server.ask()).read() == answer
        assert server.connections == 1


async def test_closing_an_unfinished_answer_hangs_up() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n", 5.0) as server:
        reply = await server.ask()
        assert await reply.receive() == b"x"
        reply.close()

        assert await (await server.ask()).receive() == b"x"
        assert server.connections == 2


async def test_the_last_bytes_of_a_framing_are_read_after_the_answer_was_enough() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nDONE\r\n"
    async with serving(head, 0.05, b"0\r\n\r\n") as server:
        reply = await server.ask()
        assert await reply.receive() == b"DONE"
        await reply.finish()
        await asyncio.sleep(0.2)

        await (await server.ask()).read()
        assert server.connections == 1


async def test_nobody_smuggles_a_header() -> None:
    async with serving(OK) as server:
        with pytest.raises(InvalidInput, match="line break"):
            await upstream.post(
                server.http, server.url, b"", {"x-tag": "a\r\nx-evil: b"}, provider="it", settings=Settings()
            )


async def test_nobody_there_is_said_with_the_address() -> None:
    async with serving(OK) as server:
        with pytest.raises(UpstreamUnavailable, match=r"cannot be reached at http://127\.0\.0\.1:1"):
            await server.ask(url=URL("http://127.0.0.1:1/v1"))
