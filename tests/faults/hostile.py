"""A provider that answers every request with the same bytes, whatever they are: no HTTP library would send them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_DEEP = b"[" * 100_000
_CHAT = {
    "id": "c",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
_CHUNK = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}


def _answer(body: bytes, kind: bytes = b"application/json", *more: bytes, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    heads = [b"HTTP/1.1 200 OK", b"content-type: " + kind, b"content-length: %d" % length, b"connection: close", *more]
    return b"\r\n".join(heads) + b"\r\n\r\n" + body


def _events(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + body


def _told(**usage: object) -> bytes:
    return json.dumps(_CHAT | {"usage": usage}).encode()


def _said(message: object) -> bytes:
    return b"data: " + json.dumps(message).encode() + b"\n\n"


_CALL = {"id": "t", "type": "function", "function": {"name": "f", "arguments": _DEEP.decode()}}
_OPEN = _said(_CHUNK)

FAULTS: dict[str, bytes] = {
    "nothing at all": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n" * 10,
    "a status that is none": b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 200_000,
    "one endless header": b"HTTP/1.1 200 OK\r\nx-a: " + b"b" * 2_000_000,
    "a length that is too long": _answer(json.dumps(_CHAT).encode(), length=100_000),
    "a length that is too short": _answer(json.dumps(_CHAT).encode(), length=20),
    "a length that is no number": b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}",
    "a chunk of endless size": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n",
    "an empty body": _answer(b""),
    "half a body": _answer(b'{"id": "c", "choices": [{"index": 0, "mess'),
    "null": _answer(b"null"),
    "a list": _answer(b"[1]"),
    "deep JSON": _answer(_DEEP),
    "a deep field": _answer(b'{"choices":' + _DEEP),
    "deep arguments": _answer(
        json.dumps(
            _CHAT
            | {"choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [_CALL]}}]}
        ).encode()
    ),
    "no text": _answer(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "an error with status 200": _answer(b'{"error": {"message": "quota", "code": "insufficient_quota"}}'),
    "an error that is deep": b"HTTP/1.1 400 Bad\r\ncontent-length: %d\r\n\r\n" % len(_DEEP) + _DEEP,
    "an error that is no text": b"HTTP/1.1 400 Bad\r\ncontent-length: 4\r\n\r\n\xff\xfe\x00{",
    "another kind": _answer(b"<html>Sign in to the hotel's network</html>", b"text/html"),
    "compressed": _answer(gzip.compress(json.dumps(_CHAT).encode()), b"application/json", b"content-encoding: gzip"),
    "half compressed": _answer(gzip.compress(b"{}" * 999)[:30], b"application/json", b"content-encoding: gzip"),
    "said to be compressed": _answer(b"{}", b"application/json", b"content-encoding: gzip"),
    "compressed in a way nobody knows": _answer(b"{}", b"application/json", b"content-encoding: x-quux"),
    "negative usage": _answer(_told(prompt_tokens=-5, completion_tokens=-5)),
    "usage without end": _answer(_told(prompt_tokens=10**30, completion_tokens=2**63)),
    "usage that is words": _answer(_told(prompt_tokens="many", completion_tokens=None)),
    "usage that is no number": _answer(b'{"choices":[],"usage":{"prompt_tokens":NaN}}'),
    "a stream of nothing": _events(b""),
    "a stream of half an event": _events(_OPEN + b'data: {"choi'),
    "a stream with deep JSON": _events(_OPEN + b'data: {"error":' + _DEEP + b"\n\n"),
    "a stream with deep usage": _events(_OPEN + b'data: {"usage":{"prompt_tokens":' + _DEEP + b"\n\ndata: [DONE]\n\n"),
    "a stream that is no text": _events(_OPEN + b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\ndata: [DONE]\n\n'),
    "a stream of other events": _events(b"event: \xff\ndata: 1\n\ndata: null\n\ndata: []\n\ndata: [DONE]\n\n"),
    "a stream with an empty error": _events(_OPEN + b'data: {"error":{}}\n\n'),
    "a stream with an error that is a word": _events(_OPEN + b'data: {"error":"overloaded"}\n\n'),
    "a stream of usage that is words": _events(_OPEN + b'data: {"choices":[],"usage":{"prompt_tokens":"x"}}\n\ndata: [DONE]\n\n'),
    "a stream with a negative tool": _events(
        _said({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": -7, "function": {"arguments": "x"}}]}}]})
        + b"data: [DONE]\n\n"
    ),
    "Anthropic's events out of order": _events(
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":9,"delta":{"type":"text_delta","text":"x"}}\n\n'
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":"a"}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":null,"usage":null}\n\n'
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
    "Anthropic's deep event": _events(
        b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1}}}\n\n'
        b'event: error\ndata: {"type":"error","error":' + _DEEP + b"\n\n"
    ),
    "OpenAI's responses out of order": _events(
        b'event: response.completed\ndata: {"type":"response.completed","response":null}\n\n'
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":-1,"delta":5}\n\n'
    ),
}  # fmt: skip


@asynccontextmanager
async def hostile_provider() -> AsyncIterator[Hostile]:
    """One on a port of its own; set `says`."""
    provider = Hostile()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    provider.url = f"http://{host}:{port}"
    try:
        yield provider
    finally:
        server.close()


class Hostile:
    """Says `says`, and hangs up."""

    url = ""
    says = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
            await reader.readexactly(int(length.partition(b":")[2]))
            writer.write(self.says)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
