"""Makes a request fit its input budget: marked context is compressed, then the oldest turns are left out, or it is refused.

Works on the client's own JSON, so that every dialect is served alike and everything else in it stays as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.compression.length import estimate
from quarterdeck.gateway.compression.records import InputBudget
from quarterdeck.gateway.compression.selecting import Embed, compress
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.runtime.tracing import Attribute

_CONVERSATIONS = ("messages", "contents", "input")
_INSTRUCTIONS = ("system", "instructions", "systemInstruction", "system_instruction")
_ALWAYS = {"system", "developer"}
_CONTEXT = re.compile(r"(<(context|documents|passages|sources)(?:\s[^<>]*)?>)(.*?)(</\2>)", re.DOTALL)
_TEXT_FIELDS = {"content", "text", "parts", *_CONVERSATIONS, *_INSTRUCTIONS}

Json = Any
"""A client's body: whatever it likes."""


class InputTooLong(InvalidInput):
    """The request is longer than its input budget."""

    code = "context_length_exceeded"  # what clients look for to shorten a conversation by themselves


@dataclass(frozen=True)
class Fitted:
    """A body that fits, and what was done for it."""

    body: bytes
    changed: bool
    told: dict[str, Attribute]


def fit(
    body: bytes, request: ChatRequest, budget: InputBudget, read: Callable[[bytes], ChatRequest], embed: Embed | None
) -> Fitted:
    """A body within the budget. Slow when there is context to compress: call it in a thread."""
    told: dict[str, Attribute] = {}
    before = estimate(request)
    if budget.keep_share is not None:
        body, request = _compressed(body, request, budget.keep_share, read, embed, told)
    if budget.most_tokens is not None and estimate(request) > budget.most_tokens:
        if budget.when_over == "refuse":
            raise _too_long(estimate(request), budget.most_tokens, "Send less, or have older turns left out with "
                            "`x-quarterdeck-when-over: trim`.")  # fmt: skip
        body, request = _trimmed(body, request, budget.most_tokens, read, told)
    if told:
        told |= {"quarterdeck.input.tokens_before": before, "quarterdeck.input.tokens_after": estimate(request)}
    return Fitted(body, bool(told), told)


def _compressed(
    body: bytes,
    request: ChatRequest,
    share: float,
    read: Callable[[bytes], ChatRequest],
    embed: Embed | None,
    told: dict[str, Attribute],
) -> tuple[bytes, ChatRequest]:
    if not any(mark in body for mark in (b"<context", b"<documents", b"<passages", b"<sources")):
        return body, request
    question = next((m.text() for m in reversed(request.messages) if m.role == "user"), "")
    editor = _ContextEditor(_CONTEXT.sub(" ", question).strip(), share, embed)
    whole: dict[str, Json] = msgspec.json.decode(body)
    for field in (*_CONVERSATIONS, *_INSTRUCTIONS):
        if field in whole:
            whole[field] = editor.edited(whole[field])
    if editor.size == 0:
        return body, request
    told["quarterdeck.input.context_kept"] = round(editor.kept / editor.size, 4)
    body = msgspec.json.encode(whole)
    return body, read(body)


class _ContextEditor:
    """Shortens what stands between the marks of context, in every text of a conversation, and nothing else."""

    def __init__(self, question: str, share: float, embed: Embed | None) -> None:
        self.size = 0
        self.kept = 0
        self._question = question
        self._share = share
        self._embed = embed

    def edited(self, value: Json) -> Json:
        if isinstance(value, str):
            return _CONTEXT.sub(self._shortened, value) if "</" in value else value
        if isinstance(value, list):
            return [self.edited(item) for item in value]
        if isinstance(value, dict):
            # Arguments of tools, their results, images: not ours to touch.
            return {name: self.edited(item) if name in _TEXT_FIELDS else item for name, item in value.items()}
        return value

    def _shortened(self, found: re.Match[str]) -> str:
        opening, _, inside, closing = found.groups()
        shorter = compress([inside], self._question, self._share, self._embed).texts[0]
        self.size += len(inside)
        self.kept += len(shorter)
        return f"{opening}\n{shorter.strip()}\n{closing}"


def _trimmed(
    body: bytes, request: ChatRequest, most: int, read: Callable[[bytes], ChatRequest], told: dict[str, Attribute]
) -> tuple[bytes, ChatRequest]:
    whole: dict[str, Json] = msgspec.json.decode(body)
    name = next((name for name in _CONVERSATIONS if isinstance(whole.get(name), list)), None)
    if name is None:
        raise _too_long(estimate(request), most, "It has no older turns that could be left out.")
    turns: list[Json] = whole[name]
    always = [turn for turn in turns if _role(turn) in _ALWAYS]
    others = [turn for turn in turns if _role(turn) not in _ALWAYS]
    for start in _beginnings(others):
        shorter = msgspec.json.encode({**whole, name: [*always, *others[start:]]})
        fewer = read(shorter)
        if estimate(fewer) <= most:
            told["quarterdeck.input.turns_left_out"] = start
            return shorter, fewer
    raise _too_long(estimate(request), most, "Even its last turn alone is too long.")


def _beginnings(turns: list[Json]) -> list[int]:
    """Where a shorter conversation may begin: at something a user says, never between a tool call and its result."""
    return [
        number for number, turn in enumerate(turns) if number > 0 and _role(turn) == "user" and not _is_result(turn)
    ]


def _role(turn: Json) -> str:
    return str(turn.get("role", "user")) if isinstance(turn, dict) else "user"


def _is_result(turn: Json) -> bool:
    if not isinstance(turn, dict):
        return False
    if str(turn.get("type", "message")) != "message":
        return True  # Responses: calls and their results are items of their own
    parts = turn.get("content") or turn.get("parts")
    return isinstance(parts, list) and any(
        isinstance(part, dict) and (part.get("type") == "tool_result" or "functionResponse" in part) for part in parts
    )


def _too_long(tokens: int, most: int, remedy: str) -> InputTooLong:
    return InputTooLong(
        f"The request has about {tokens} tokens; its input budget is {most}. {remedy}", param="messages"
    )
