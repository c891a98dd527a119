"""How a call ended, read from an OpenAI body or its stream: output, tokens, finish reason. Once, after the fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.conversation import Message, Usage
from quarterdeck.gateway.provided_cost import cost_in_headers
from quarterdeck.gateway.wire_usage import WireUsage
from quarterdeck.runtime.tracing import Attribute

CHARACTERS_PER_TOKEN = 4


@dataclass
class Outcome:
    """What is known about an answer when it is over, also when it broke off."""

    output: Attribute = None
    finish_reasons: list[str] = field(default_factory=list)
    usage: Usage | None = None
    model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    is_completion: bool = True

    def note_cost(self, headers: Mapping[str, str]) -> None:
        """Take the cost that a gateway before us tells in a header, where the body told none."""
        if self.usage is not None and self.usage.provided_pico is None:
            told = cost_in_headers(headers)
            if told is not None:
                self.usage = msgspec.structs.replace(self.usage, provided_pico=told)


class WireFunction(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class WireToolCall(msgspec.Struct):
    index: int | None = 0
    id: str | None = None
    function: WireFunction | None = None


class WireDelta(msgspec.Struct):
    content: str | list[Any] | None = None  # Any: Mistral sends content parts
    tool_calls: list[WireToolCall] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None  # Any: OpenRouter and vLLM say a text here, others may not

    def thoughts(self) -> str:
        """What the model thinks, under whichever of its two names."""
        return self.reasoning_content or (self.reasoning if isinstance(self.reasoning, str) else "")


class WireChoice(msgspec.Struct):
    index: int = 0
    delta: WireDelta | None = None
    message: dict[str, Any] | None = None  # Any: recorded as the provider sent it
    finish_reason: str | None = None


class _OfGroq(msgspec.Struct):
    usage: WireUsage | None = None


class WireChunk(msgspec.Struct):
    """A chunk of a stream, or a whole completion: the fields that we record."""

    id: str | None = None
    model: str | None = None
    choices: list[WireChoice] | None = None
    usage: WireUsage | None = None
    service_tier: str | None = None
    x_groq: _OfGroq | None = None
    error: Any = None  # Any: worded by each provider in its own way; see `upstream_errors.refusal`

    def tokens(self) -> Usage | None:
        """What was counted so far, if this chunk tells it. Groq's streams tell it in a place of their own."""
        usage = self.usage or (self.x_groq.usage if self.x_groq is not None else None)
        return usage.buckets() if usage is not None else None


_CHUNK = msgspec.json.Decoder(WireChunk)
_CHUNKS = msgspec.json.Decoder(list[WireChunk])


def outcome_of_body(body: bytes) -> Outcome:
    """How a plain completion ended. A body that is not one has no outcome to tell."""
    try:
        completion = _CHUNK.decode(body)
    except UNREADABLE:
        return Outcome(output=body[:2000].decode(errors="replace"), is_completion=False)
    choices = completion.choices or []
    messages: list[Attribute] = [choice.message for choice in choices if choice.message is not None]
    return Outcome(
        output=messages[0] if len(messages) == 1 else messages,
        finish_reasons=[choice.finish_reason for choice in choices if choice.finish_reason],
        usage=completion.tokens(),
        model=completion.model,
        response_id=completion.id,
        service_tier=completion.service_tier,
        is_completion=completion.choices is not None and completion.error is None,
    )


class StreamTally:
    """Gathers the outcome of a stream from its bytes: kept as they come, decoded together, seldom."""

    _KEEP = 1024 * 1024

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._size = 0
        self._speakers: dict[int, _Speaker] = {}
        self._outcome = Outcome()

    def keep(self, block: bytes) -> None:
        """Some whole events."""
        self._blocks.append(block)
        self._size += len(block)
        if self._size > self._KEEP:
            self._fold()

    def outcome(self) -> Outcome:
        """How it ended, or how far it came."""
        self._fold()
        messages: list[Attribute] = [self._speakers[index].message() for index in sorted(self._speakers)]
        self._outcome.output = messages[0] if len(messages) == 1 else (messages or None)
        self._outcome.finish_reasons = [s.finish_reason for _, s in sorted(self._speakers.items()) if s.finish_reason]
        return self._outcome

    def _fold(self) -> None:
        block = b"".join(self._blocks)
        self._blocks, self._size = [], 0
        for chunk in decode_chunks(block):
            outcome = self._outcome
            outcome.usage = chunk.tokens() or outcome.usage
            outcome.model = outcome.model or chunk.model
            outcome.response_id = outcome.response_id or chunk.id
            outcome.service_tier = chunk.service_tier or outcome.service_tier
            for choice in chunk.choices or ():
                speaker = self._speakers.get(choice.index)
                if speaker is None:
                    speaker = self._speakers[choice.index] = _Speaker()
                speaker.hear(choice)


class _Speaker:
    """One choice of a stream, growing."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}

    def hear(self, choice: WireChoice) -> None:
        self.finish_reason = choice.finish_reason or self.finish_reason
        delta = choice.delta
        if delta is None:
            return
        if delta.content:
            self._texts.append(delta.content if isinstance(delta.content, str) else _words(delta.content))
        if delta.reasoning_content or delta.reasoning:
            self._thoughts.append(delta.thoughts())
        if delta.refusal:
            self._texts.append(delta.refusal)
        for call in delta.tool_calls or ():
            known = self._calls.setdefault(call.index or 0, {"id": "", "name": "", "arguments": ""})
            known["id"] = call.id or known["id"]
            if call.function is not None:
                known["name"] = call.function.name or known["name"]
                known["arguments"] += call.function.arguments or ""

    def message(self) -> dict[str, Attribute]:
        message: dict[str, Attribute] = {"role": "assistant", "content": "".join(self._texts)}
        if self._thoughts:
            message["reasoning_content"] = "".join(self._thoughts)
        if self._calls:
            message["tool_calls"] = tool_calls(self._calls.values())
        return message


def tool_calls(calls: Iterable[dict[str, str]]) -> list[Attribute]:
    """Tool calls of (`id`, `name`, `arguments`, perhaps `signature`) in the OpenAI shape."""
    return [_tool_call(call) for call in calls]


def signed(signature: str) -> dict[str, Attribute]:
    """Where Google's own OpenAI endpoint keeps the signature of a tool call, so that clients know it there."""
    return {"extra_content": {"google": {"thought_signature": signature}}}


def _tool_call(call: dict[str, str]) -> Attribute:
    said: dict[str, Attribute] = {
        "id": call["id"],
        "type": "function",
        "function": {"name": call["name"], "arguments": call["arguments"]},
    }
    return said | signed(call["signature"]) if "signature" in call else said


def estimated_usage(messages: Sequence[Message], output: Attribute, known: Usage | None = None) -> Usage:
    """Tokens by length, for a provider that told none or an answer that broke off. Flagged as what it is."""
    asked = sum(len(message.text()) for message in messages)
    told = len(output if isinstance(output, str) else msgspec.json.encode(output)) if output else 0
    if isinstance(output, dict) and not output.get("tool_calls"):
        told = len(str(output.get("content") or ""))
    said = -(-told // CHARACTERS_PER_TOKEN)
    if known is not None:
        output_tokens = max(known.output_tokens, said)
        return msgspec.structs.replace(known, output_tokens=output_tokens, provided_pico=None, estimated=True)
    return Usage(input_tokens=-(-asked // CHARACTERS_PER_TOKEN), output_tokens=said, estimated=True)


def decode_chunks(block: bytes) -> list[WireChunk]:
    """The chunks in some whole events; those that are none are left out."""
    try:
        return _CHUNKS.decode(sse.payloads_as_array(block))
    except UNREADABLE:
        return [chunk for data in map(sse.payload, sse.events(block)) if (chunk := _decode_chunk(data)) is not None]


def _decode_chunk(data: bytes) -> WireChunk | None:
    try:
        return _CHUNK.decode(data)
    except UNREADABLE:
        return None


def _words(parts: list[Any]) -> str:
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
