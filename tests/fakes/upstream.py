"""A model provider on loopback that speaks the wire formats of the real ones to the letter, and fails on request.

OpenAI's and Anthropic's are here, the others in files of their own.

Each request takes the next `Turn` of the script (the last one for ever). What came in is kept in `received`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from tests.fakes import bedrock, cohere, gemini, media, mistral, responses, vertex
from tests.fakes.turn import Break, Json, Script, ToolCall, Turn, interruption

__all__ = ["FakeUpstream", "Received", "ToolCall", "Turn", "fake_upstream"]


@dataclass
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    raw: bytes
    raw_path: str = ""
    """The path as it was on the wire."""
    cut_off: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client has gone before the answer was whole."""

    @property
    def body(self) -> Json:
        found: Json = json.loads(self.raw)
        return found


class FakeUpstream:
    """The provider. `script` what it does, look at what it `received`."""

    model = "gpt-4o-mini-2024-07-18"
    claude = "claude-sonnet-4-5-20250929"

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.connections: list[object] = []
        """The connection of each request."""
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()
        self.tokens_given = 0
        """How many access tokens Google Cloud has given out."""
        self.token_lasts_s = 3599
        self._turns: list[Turn] = [Turn()]
        self._count = 0

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def script(self, *turns: Turn) -> None:
        """What happens from the next request on; the last turn repeats."""
        self._turns = list(turns)

    @property
    def last(self) -> Received:
        return self.received[-1]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        received = Received(
            request.path, {k.lower(): v for k, v in request.headers.items()}, await request.read(), request.raw_path
        )
        if request.path == "/token":
            self.tokens_given += 1
            await asyncio.sleep(0)
            status, token = vertex.exchange(received.raw, self.tokens_given, lasts_s=self.token_lasts_s)
            return web.json_response(token, status=status)
        self.received.append(received)
        self.connections.append(request.transport)
        self.arrived.set()
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        self._count += 1
        try:
            return await self._answer(request, received, turn)
        except (asyncio.CancelledError, ConnectionError):
            received.cut_off.set()
            raise

    async def _answer(self, request: web.Request, received: Received, turn: Turn) -> web.StreamResponse:
        if turn.reset_after == -1:
            _reset(request)
        if turn.silent_after == -1:
            await self.release.wait()
        if turn.body is not None or turn.status != 200:
            body = turn.body if turn.body is not None else json.dumps(turn.error).encode()
            headers = {"content-type": turn.content_type or "application/json", **dict(turn.headers)}
            return web.Response(status=turn.status, body=body, headers=headers)
        match _AZURE.sub("/v1", request.path):
            case "/v1/models":
                return web.json_response(_OPENAI_MODELS if "x-api-key" not in received.headers else _ANTHROPIC_MODELS)
            case "/v1/embeddings":
                return web.json_response(_embeddings(received.body, turn))
            case "/v1/chat/completions":
                if received.body.get("stream"):
                    return await self._stream(request, turn, self._openai_events(received.body, turn))
                return web.json_response(self._completion(turn), headers=dict(turn.headers))
            case "/v1/responses" | "/openai/responses":
                return await self._give(request, turn, responses.answer(received.body, turn, self._count))
            case "/v1/completions":
                return await self._give(request, turn, responses.completion(received.body, turn, self._count))
            case "/v1/messages/count_tokens":
                return web.json_response({"input_tokens": turn.input_tokens})
            case "/v1/messages":
                if received.body.get("stream"):
                    return await self._stream(request, turn, self._anthropic_events(turn))
                return web.json_response(self._message(turn), headers=dict(turn.headers))
            case path if path.startswith(("/model/", "/foundation-models", "/inference-profiles")):
                told = (*turn.headers, ("x-amzn-requestid", self._id()), ("x-amzn-bedrock-input-token-count", "4"))
                aws = "application/vnd.amazon.eventstream"
                turn = replace(turn, headers=told, content_type=turn.content_type or aws)
                return await self._give(
                    request, turn, bedrock.answer(path, received.body if received.raw else {}, turn)
                )
            case path if path.startswith("/cohere/"):
                asked = received.body if received.raw else {}
                return await self._give(request, turn, cohere.answer(path.removeprefix("/cohere"), asked, turn))
            case path if path.startswith("/mistral/v1/"):
                return await self._mistral(request, received, turn)
            case path if path.startswith(("/v1/projects/", "/v1beta1/publishers/")):
                return await self._vertex(request, received, turn)
            case path if (found := media.answer(path, request, received, turn)) is not None:
                return await self._give(request, turn, found) if isinstance(found, list) else found
            case path if path.startswith("/v1beta/"):
                answer = gemini.answer(path, request.query, received.body if received.raw else {}, turn)
                return await self._give(request, turn, answer)
        return web.json_response({"error": {"message": f"no route {request.path}", "type": "not_found"}}, status=404)

    async def _mistral(self, request: web.Request, received: Received, turn: Turn) -> web.StreamResponse:
        if request.path.endswith("/models"):
            return web.json_response(mistral.MODELS)
        if request.path.endswith("/embeddings"):
            return web.json_response(_embeddings(received.body, turn))
        refused = mistral.refusal(received.body)
        if refused is not None:
            return web.json_response(refused, status=422)
        if received.body.get("stream"):
            return await self._stream(request, turn, mistral.events(turn))
        return web.json_response(mistral.completion(turn))

    async def _vertex(self, request: web.Request, received: Received, turn: Turn) -> web.StreamResponse:
        if received.headers.get("authorization") != f"Bearer ya29.token-{self.tokens_given}":
            return web.json_response(vertex.BAD_KEY, status=401)
        if request.path.endswith("/models"):
            return web.json_response(vertex.MODELS)
        if request.path.endswith(":predict"):
            return web.json_response(vertex.predictions(received.body))
        if request.path.endswith(":streamRawPredict"):
            return await self._stream(request, turn, self._anthropic_events(turn))
        return await self._give(request, turn, gemini.answer(request.path, request.query, received.body, turn))

    async def _give(self, request: web.Request, turn: Turn, answer: Json | Script) -> web.StreamResponse:
        if isinstance(answer, dict):
            return web.json_response(answer, headers=dict(turn.headers))
        return await self._stream(request, turn, answer)

    async def _stream(self, request: web.Request, turn: Turn, events: Script) -> web.StreamResponse:
        kind = turn.content_type or "text/event-stream; charset=utf-8"
        response = web.StreamResponse(headers={"content-type": kind, "cache-control": "no-cache", **dict(turn.headers)})
        await response.prepare(request)
        for event in events:
            match event:
                case Break.RESET:
                    _reset(request)
                case Break.SILENCE:
                    await self.release.wait()
                case Break.END:
                    return response
                case bytes():
                    await _write(response, event, turn.piece_bytes)
                case str():
                    await _write(response, event.replace("\n", turn.newline).encode(), turn.piece_bytes)
        await response.write_eof()
        return response

    def _id(self) -> str:
        return f"chatcmpl-{self._count:029d}"

    # --- OpenAI -----------------------------------------------------------------------------------------------

    def _completion(self, turn: Turn) -> Json:
        message: Json = {"role": "assistant", "content": "".join(turn.words), "refusal": None, "annotations": []}
        if turn.tool_calls:
            message["content"] = None
            message["tool_calls"] = [_openai_tool_call(call) for call in turn.tool_calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _openai_finish(turn)}
        completion: Json = {
            "id": self._id(),
            "object": "chat.completion",
            "created": 1_763_000_000,
            "model": self.model,
            "choices": [choice],
            "usage": _openai_usage(turn),
            "service_tier": turn.service_tier,
            "system_fingerprint": "fp_44709d6fcb",
        }
        if turn.usage == "none":
            del completion["usage"]
        return completion

    def _openai_events(self, asked: Json, turn: Turn) -> Script:
        wants_usage = bool((asked.get("stream_options") or {}).get("include_usage"))

        def chunk(delta: Json, finish: str | None = None, **more: object) -> str:
            said: Json = {
                "id": self._id(),
                "object": "chat.completion.chunk",
                "created": 1_763_000_000,
                "model": self.model,
                "service_tier": turn.service_tier,
                "system_fingerprint": "fp_44709d6fcb",
                "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
            }
            if wants_usage and turn.usage == "standard":
                said["usage"] = None
            return _data({**said, **more})

        contents: list[Json] = [{"content": word} for word in turn.words]
        if turn.tool_calls:
            contents = []
        thoughts: list[Json] = [{"reasoning_content": thought} for thought in turn.thinking]
        contents = thoughts + contents
        if turn.tool_calls:
            for index, call in enumerate(turn.tool_calls):
                function = {"name": call.name, "arguments": ""}
                contents.append(
                    {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
                )
                middle = len(call.arguments) // 2
                for part in (call.arguments[:middle], call.arguments[middle:]):
                    contents.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
        events: Script = [chunk({"role": "assistant", "content": "", "refusal": None})]
        for number, content in enumerate(contents):
            if turn.pause_before == number:
                events.append(Break.SILENCE)
            special = interruption(turn, number, chunk(content), _data(OPENAI_BROKEN))
            events += special or [chunk(content)]
            if special:
                return events
        last: Json = {"usage": _openai_usage(turn)} if turn.usage == "in-last-chunk" else {}
        events.append(chunk({}, _openai_finish(turn), **last))
        if wants_usage and turn.usage == "standard":
            events.append(chunk({}, choices=[], usage=_openai_usage(turn)))
        if turn.done:
            events.append("data: [DONE]\n\n")
        return events

    # --- Anthropic --------------------------------------------------------------------------------------------

    def _message(self, turn: Turn) -> Json:
        content: list[Json] = (
            [{"type": "thinking", "thinking": "".join(turn.thinking), "signature": "c2ln"}] if turn.thinking else []
        )
        if turn.words and not turn.tool_calls:
            content.append({"type": "text", "text": "".join(turn.words)})
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
            for call in turn.tool_calls
        ]
        return {
            "id": f"msg_{self._count:024d}",
            "type": "message",
            "role": "assistant",
            "model": self.claude,
            "content": content,
            "stop_reason": _anthropic_stop(turn),
            "stop_sequence": None,
            "usage": _anthropic_usage(turn, turn.output_tokens),
        }

    def _anthropic_events(self, turn: Turn) -> Script:
        start = {**self._message(turn), "content": [], "stop_reason": None, "usage": _anthropic_usage(turn, 1)}
        events: Script = [_named("message_start", message=start), _named("ping")]
        blocks: list[tuple[Json, list[Json]]] = []
        if turn.thinking:
            thoughts: list[Json] = [{"type": "thinking_delta", "thinking": thought} for thought in turn.thinking]
            thoughts.append({"type": "signature_delta", "signature": "c2ln"})
            blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, thoughts))
        if turn.words and not turn.tool_calls:
            blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in turn.words]))
        for call in turn.tool_calls:
            middle = len(call.arguments) // 2
            parts = ("", call.arguments[:middle], call.arguments[middle:])
            deltas: list[Json] = [{"type": "input_json_delta", "partial_json": part} for part in parts]
            blocks.append(({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas))
        number = 0
        for index, (block, deltas) in enumerate(blocks):
            events.append(_named("content_block_start", index=index, content_block=block))
            for delta in deltas:
                event = _named("content_block_delta", index=index, delta=delta)
                if turn.pause_before == number:
                    events.append(Break.SILENCE)
                special = interruption(turn, number, event, _named("error", error=ANTHROPIC_OVERLOADED["error"]))
                events += special or [event]
                if special:
                    return events
                number += 1
            events.append(_named("content_block_stop", index=index))
        delta = {"stop_reason": _anthropic_stop(turn), "stop_sequence": None}
        events.append(_named("message_delta", delta=delta, usage=_anthropic_usage(turn, turn.output_tokens)))
        events.append(_named("message_stop"))
        return events


@asynccontextmanager
async def fake_upstream() -> AsyncIterator[FakeUpstream]:
    """A running fake, gone with all its connections when the block ends."""
    fake = FakeUpstream()
    app = web.Application(client_max_size=100 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", fake.serve)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}"
    try:
        yield fake
    finally:
        fake.release.set()
        await runner.cleanup()


OPENAI_RATE_LIMIT: Json = {
    "error": {
        "message": "Rate limit reached for gpt-4o-mini in organization org-x on requests per min (RPM): Limit 3, Used 3.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
OPENAI_BAD_KEY: Json = {
    "error": {
        "message": "Incorrect API key provided: sk-wrong. You can find your API key in your account settings.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }
}
OPENAI_TOO_LONG: Json = {
    "error": {
        "message": "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
OPENAI_NO_MODEL: Json = {
    "error": {
        "message": "The model `gpt-9` does not exist or you do not have access to it.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_found",
    }
}
OPENAI_BROKEN: Json = {
    "error": {"message": "The server had an error.", "type": "server_error", "param": None, "code": None}
}
AZURE_BAD_KEY: Json = {
    "statusCode": 401,
    "message": "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.",
}
AZURE_RATE_LIMIT: Json = {
    "error": {"code": "429", "message": "Requests have exceeded the token rate limit. Please retry after 7 seconds."}
}
ANTHROPIC_OVERLOADED: Json = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Overloaded"},
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
}
ANTHROPIC_BAD_KEY: Json = {
    "type": "error",
    "error": {"type": "authentication_error", "message": "invalid x-api-key"},
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fx",
}
ANTHROPIC_RATE_LIMIT: Json = {
    "type": "error",
    "error": {"type": "rate_limit_error", "message": "This request would exceed your organization's rate limit."},
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fw",
}
ANTHROPIC_BAD_REQUEST: Json = {
    "type": "error",
    "error": {"type": "invalid_request_error", "message": "max_tokens: 9999999 > 64000"},
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fz",
}

# Azure serves the same below its own paths: with the deployment, or with `v1`.
_AZURE = re.compile(r"^/openai/(?:v1|deployments/[^/]+)(?=/)")
_OPENAI_MODELS: Json = {
    "object": "list",
    "data": [
        {"id": "gpt-4o-mini", "object": "model", "created": 1_721_172_741, "owned_by": "system"},
        {"id": "text-embedding-3-small", "object": "model", "created": 1_705_948_997, "owned_by": "system"},
    ],
}
_ANTHROPIC_MODELS: Json = {
    "data": [
        {
            "type": "model",
            "id": "claude-sonnet-4-5-20250929",
            "display_name": "Claude Sonnet 4.5",
            "created_at": "2025-09-29T00:00:00Z",
        }
    ],
    "has_more": False,
    "first_id": "claude-sonnet-4-5-20250929",
    "last_id": "claude-sonnet-4-5-20250929",
}


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is not None:
        socket = transport.get_extra_info("socket")
        # Linger of zero seconds: closing sends a reset instead of an orderly end.
        socket.setsockopt(1, 13, struct.pack("ii", 1, 0))
        transport.abort()
    raise ConnectionResetError("as the script says")


async def _write(response: web.StreamResponse, content: bytes, piece_bytes: int | None) -> None:
    step = piece_bytes or len(content)
    for start in range(0, len(content), step):
        await response.write(content[start : start + step])
        if piece_bytes:
            await asyncio.sleep(0)


def _data(said: Json) -> str:
    return f"data: {json.dumps(said, separators=(',', ':'))}\n\n"


def _named(name: str, **said: object) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **said}, separators=(',', ':'))}\n\n"


def _openai_tool_call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _openai_finish(turn: Turn) -> str:
    return turn.finish or ("tool_calls" if turn.tool_calls else "stop")


def _anthropic_stop(turn: Turn) -> str:
    return turn.finish or ("tool_use" if turn.tool_calls else "end_turn")


def _openai_usage(turn: Turn) -> Json:
    return {
        "prompt_tokens": turn.input_tokens,
        "completion_tokens": turn.output_tokens,
        "total_tokens": turn.input_tokens + turn.output_tokens,
        "prompt_tokens_details": {"cached_tokens": turn.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": turn.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _anthropic_usage(turn: Turn, output_tokens: int) -> Json:
    # Exclusive: Anthropic's `input_tokens` are those that were neither read from nor written to its cache.
    return {
        "input_tokens": turn.input_tokens - turn.cached_tokens - turn.cache_write_tokens,
        "cache_creation_input_tokens": turn.cache_write_tokens,
        "cache_read_input_tokens": turn.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": turn.cache_write_tokens - turn.cache_write_1h_tokens,
            "ephemeral_1h_input_tokens": turn.cache_write_1h_tokens,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
        **({"output_tokens_details": {"thinking_tokens": turn.reasoning_tokens}} if turn.reasoning_tokens else {}),
    }


def _embeddings(asked: Json, turn: Turn) -> Json:
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = []
    for index, text in enumerate(texts):
        vector: Any = [float(len(str(text))), 0.5, -0.25]
        if asked.get("encoding_format") == "base64":
            vector = base64.b64encode(array("f", vector).tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    used = {"prompt_tokens": turn.input_tokens, "total_tokens": turn.input_tokens}
    return {"object": "list", "data": data, "model": asked["model"], "usage": used}
