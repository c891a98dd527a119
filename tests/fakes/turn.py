"""How a fake provider answers one request, and how an answer can go wrong half-way: the same in every wire format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

Json = dict[str, Any]


class Break(Enum):
    """What happens to the connection instead of the next event."""

    RESET = "reset"
    SILENCE = "silence"
    END = "end"


Script = list[str | bytes | Break]
"""A stream: events as they are written, and what goes wrong between them."""


@dataclass(frozen=True)
class ToolCall:
    """A tool call of the model."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Turn:
    """How one request is answered."""

    words: tuple[str, ...] = ("Paris", " is", " the", " capital", ".")
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    input_tokens: int = 20
    output_tokens: int = 10
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    thinking: tuple[str, ...] = ()
    """Anthropic: a thinking block before the words."""
    usage: str = "standard"
    """`standard` (a chunk of its own, when asked for), `none`, `in-last-chunk` (unasked, as Groq and Mistral do)."""
    service_tier: str = "default"
    status: int = 200
    error: Json | None = None
    """The body of an error answer."""
    headers: tuple[tuple[str, str], ...] = ()
    error_after: int | None = None
    """An error event instead of the n-th content event."""
    reset_after: int | None = None
    """The connection is reset instead of the n-th content event; -1: before any answer."""
    silent_after: int | None = None
    """Nothing more comes instead of the n-th content event; -1: not even a status."""
    pause_before: int | None = None
    """The n-th content event comes when `release` is set, and the rest as usual."""
    half_after: int | None = None
    """Half an event, then the end of the stream, instead of the n-th content event."""
    ends_after: int | None = None
    """A clean end of the stream instead of the n-th content event."""
    done: bool = True
    """Whether `[DONE]` ends an OpenAI stream."""
    newline: str = "\n"
    piece_bytes: int | None = None
    """Cut the stream into writes of so many bytes, wherever that falls."""
    body: bytes | None = None
    """This very body instead of any other."""
    content_type: str | None = None


def interruption(turn: Turn, number: int, event: str | bytes, error: str | bytes) -> Script:
    """What comes instead of the n-th content event, when the turn says so; after it, nothing more comes."""
    if turn.error_after == number:
        return [error]
    if turn.reset_after == number:
        return [Break.RESET]
    if turn.silent_after == number:
        return [Break.SILENCE]
    if turn.half_after == number:
        return [event[: len(event) // 2], Break.END]
    if turn.ends_after == number:
        return [Break.END]
    return []


def script(turn: Turn, before: Script, contents: Sequence[str | bytes], after: Script, error: str | bytes) -> Script:
    """A whole stream, with what the turn wants to go wrong with its content events."""
    events = list(before)
    for number, event in enumerate(contents):
        if turn.pause_before == number:
            events.append(Break.SILENCE)
        broken = interruption(turn, number, event, error)
        if broken:
            return events + broken
        events.append(event)
    return events + after
