"""Where words stand in a request, in an answer, and in an event of a stream, whichever dialect it is in.

All dialects keep words under a handful of names; what is under others is structure. So one walk serves them all, and what
a redaction changes is changed in the JSON that was sent, with everything around it left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.safety.records import Role

Json = Any  # Any, in all of this file: the JSON of clients and providers

ASKED = ("system", "instructions", "systemInstruction", "system_instruction", "messages", "input", "contents", "prompt", "suffix")  # fmt: skip
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
_RESULTS = {"tool_result", "function_call_output", "custom_tool_call_output", "functionResponse", "function_response"}
_WORDS = {
    "content", "text", "refusal", "reasoning_content", "reasoning", "thinking", "summary", "arguments", "partial_json", "delta",
    "output_text", "quote", "output", "response", "result", "transcript",
}  # fmt: skip
_OBJECTS_OF_WORDS = {"args", "input", "functionResponse", "response"}
"""What holds the arguments or the results of tools as an object: every text in it counts."""
_LESS_THAN_THE_WHOLE = {"index", "output_index", "content_index", "item_id", "summary_index"}


@dataclass(slots=True)
class Place:
    """A text, and where it stands."""

    holder: Json
    key: str | int
    role: Role
    channel: tuple[object, ...] = ()
    """Which of the texts of an answer it is a piece of: choices and tool calls grow side by side."""

    @property
    def text(self) -> str:
        return cast(str, self.holder[self.key])

    def write(self, text: str) -> None:
        """Put another text there."""
        self.holder[self.key] = text


def places_of_request(body: Json) -> list[Place]:
    """The words of a request, with who says them."""
    found: list[Place] = []
    for name in ASKED:
        if name in body:
            role: Role = "user" if name in ("input", "prompt", "messages", "contents", "suffix") else "system"
            found += _said(body, name, role)
    return found


def _said(holder: Json, key: str | int, role: Role) -> Iterator[Place]:
    value = holder[key]
    if isinstance(value, str):
        yield Place(holder, key, role)
    elif isinstance(value, list):
        for number in range(len(value)):
            yield from _said(value, number, role)
    elif isinstance(value, dict):
        role = _ROLES.get(str(value.get("role")), role)
        if value.get("type") in _RESULTS or not _RESULTS.isdisjoint(value):
            role = "tool"
        for name in value:
            if name in _OBJECTS_OF_WORDS and isinstance(value[name], dict):
                yield from _all_texts(value[name], role)
            elif name in _WORDS or name in (
                "parts",
                "tool_calls",
                "function",
                "functionCall",
                "function_call",
                "input",
            ):
                yield from _said(value, name, role)


def _all_texts(holder: Json, role: Role, channel: tuple[object, ...] = ()) -> Iterator[Place]:
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(items):
        if isinstance(value, str):
            yield Place(holder, key, role, (*channel, key))
        elif isinstance(value, dict | list):
            yield from _all_texts(value, role, (*channel, key))


def places_of_answer(body: Json) -> list[Place]:
    """The words of an answer, or of one event of a stream."""
    return list(_answered(body, ()))


def _answered(value: Json, channel: tuple[object, ...]) -> Iterator[Place]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            index = one.get("index", number) if isinstance(one, dict) else number
            yield from _answered(one, (*channel, index))
    elif isinstance(value, dict):
        channel = (*channel, *(value[name] for name in _LESS_THAN_THE_WHOLE if isinstance(value.get(name), str | int)))
        for name, one in value.items():
            if isinstance(one, str):
                if name in _WORDS:
                    yield Place(value, name, "assistant", (*channel, name, _kind_of(value)))
            elif name in _OBJECTS_OF_WORDS and isinstance(one, dict) and "output" not in one:
                yield from _all_texts(one, "assistant", (*channel, name))
            elif isinstance(one, dict | list):
                yield from _answered(one, (*channel, name))


def _kind_of(value: Json) -> str:
    """What tells deltas of words from deltas of arguments where both are called `delta`."""
    kind = str(value.get("type", ""))
    return kind.removesuffix(".delta").removesuffix("_delta")


def is_whole(event: Json) -> bool:
    """Whether an event repeats words that came in pieces before, as those of OpenAI's Responses do at the end."""
    kind = str(event.get("type", "")) if isinstance(event, dict) else ""
    return kind.startswith("response.") and not kind.endswith(".delta")


def read_event(event: bytes) -> Json | None:
    """What an event carries, if that is an object."""
    data = sse.payload(event)
    if not data.startswith(b"{"):
        return None
    try:
        found = msgspec.json.decode(data)
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None


def written_event(event: bytes, content: Json) -> bytes:
    """The event with another content: its name and id stay."""
    lines = [line for line in event.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join([*lines, b"data: " + msgspec.json.encode(content)]) + b"\n\n"
