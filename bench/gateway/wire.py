"""What goes over the wire: the requests of the load generator, and the answers of the fake provider, byte for byte."""

from __future__ import annotations

import json
import os
from typing import Literal

Shape = Literal["chat", "messages"]

CHUNKS = 100
QUESTION = "Name the capital of France and say in one sentence what it is known for. " * 6
ANSWER = "Paris, known for the Eiffel Tower. " * 8
_RUN = os.urandom(4).hex()
_ID = "chatcmpl-B0000000000000000000000000000"
_MODEL = "gpt-4o-mini-2024-07-18"


def question(model: str, number: int, shape: Shape, *, stream: bool, text: str = QUESTION) -> bytes:
    """A request body. Every one is new unless the number is not, so that no cache can help."""
    said = {"model": model, "messages": [{"role": "user", "content": f"{_RUN} {number:09d} {text}"}]}
    if shape == "messages":
        said["max_tokens"] = 256  # type: ignore[assignment]  # a JSON object
    if stream:
        said["stream"] = True  # type: ignore[assignment]
    return json.dumps(said).encode()


def completion() -> bytes:
    """A plain answer to a chat request, as a whole HTTP response."""
    return _whole(
        {
            "id": _ID,
            "object": "chat.completion",
            "created": 1_763_000_000,
            "model": _MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": ANSWER, "refusal": None, "annotations": []},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 70,
                "total_tokens": 170,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
            },
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
        }
    )


def response() -> bytes:
    """A plain answer to a request for a Response: what LiteLLM asks for when its client speaks Anthropic's dialect."""
    text = {"type": "output_text", "text": ANSWER, "annotations": [], "logprobs": []}
    return _whole(
        {
            "id": "resp_B000000000000000000000000000000000000000000000000",
            "object": "response",
            "created_at": 1_763_000_000,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": _MODEL,
            "output": [
                {"id": "msg_B0", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
            ],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": 100,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 70,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 170,
            },
        }
    )


def stream() -> list[bytes]:
    """A streamed answer: the parts of an HTTP response that are written one by one, `CHUNKS` of them with events."""
    usage = {"prompt_tokens": 100, "completion_tokens": CHUNKS, "total_tokens": 100 + CHUNKS}
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    return [
        head + _event({"role": "assistant", "content": ""}),
        *[_event({"content": " word"})] * (CHUNKS - 3),
        _event({}, "stop"),
        _event({}, choices=[], usage=usage),
        b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
    ]


def _event(delta: dict[str, str], finish: str | None = None, **more: object) -> bytes:
    said = {
        "id": _ID,
        "object": "chat.completion.chunk",
        "created": 1_763_000_000,
        "model": _MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
        **more,
    }
    data = b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _whole(said: object) -> bytes:
    body = json.dumps(said).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
