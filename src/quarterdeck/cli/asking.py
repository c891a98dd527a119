"""Asks one question over HTTP and keeps what came back, with the time to its first word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from quarterdeck.cli.client import Client, Json
from quarterdeck.core import clock


@dataclass
class Answer:
    """An answer while it comes in, and when it is complete."""

    trace_id: str | None
    release_id: str | None
    cached: bool
    text: str = ""
    ttft_ms: float | None = None
    latency_ms: float = 0.0
    citations: list[Json] = field(default_factory=list)
    declined: bool | None = None


def ask(
    server: Client,
    model: str,
    question: str,
    *,
    fresh: bool = False,
    session: str | None = None,
    hear: Callable[[str], None] | None = None,
) -> Answer:
    """Ask an app or a model. `fresh` passes the cache by; `hear` gets the words as they come."""
    body: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": question}], "stream": True}
    if session is not None:
        body["metadata"] = {"session_id": session}
    began = clock.monotonic_ns()
    stream = server.stream("/v1/chat/completions", body, {"cache-control": "no-cache"} if fresh else {})
    answer = Answer(
        trace_id=stream.headers.get("x-quarterdeck-trace-id"),
        release_id=stream.headers.get("x-quarterdeck-release"),
        cached=stream.headers.get("x-quarterdeck-cache") == "hit",
    )
    for event in stream.events:
        answer.citations = event.get("citations") or answer.citations
        answer.declined = event.get("declined", answer.declined)
        text = "".join(choice["delta"].get("content") or "" for choice in event["choices"])
        if text and answer.ttft_ms is None:
            answer.ttft_ms = _ms_since(began)
        answer.text += text
        if text and hear is not None:
            hear(text)
    answer.latency_ms = _ms_since(began)
    return answer


def _ms_since(began_ns: int) -> float:
    return (clock.monotonic_ns() - began_ns) / 1e6
