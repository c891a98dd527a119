"""What a client asks and what comes back, in the OpenAI chat shape, typed once with msgspec.

A reply is a stream of pieces; a plain reply is the same stream, collected.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quarterdeck.gateway.wishes import RequestWishes


class Message(msgspec.Struct, omit_defaults=True):
    """One message. `content` is a text, or OpenAI content parts, which we pass on untouched."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None  # Any: content parts belong to the provider
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    """What the assistant thought before it spoke, in the words that DeepSeek and others use."""
    thinking_blocks: list[dict[str, Any]] | None = None
    """The same as signed blocks, which Anthropic wants back as they were."""

    def text(self) -> str:
        """The words of the message, whatever its shape."""
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class SourceDocument(msgspec.Struct, omit_defaults=True):
    """A passage to answer from, in the manner of Cohere's `documents`; the n-th one is cited as `[n]`."""

    id: str
    text: str
    title: str = ""
    heading_path: list[str] = []


class ChatRequest(RequestWishes, omit_defaults=True):
    """The fields of a chat request that we understand. The raw body keeps the others for the provider."""

    model: str
    messages: list[Message]
    stream: bool | None = False
    stream_options: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    seed: int | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None  # Any: clients put what they like here
    store: bool | None = None
    """Whether the provider shall keep the answer; only then `metadata` is meant for it, too."""
    thinking: Any = None  # Any: whatever clients put there
    """How much the model should think, in Anthropic's words (`type`, `budget_tokens`) and with its `effort`: a wish that
    each provider grants in its own way, or cannot. `reasoning_effort`, in contrast, is meant as it is said."""
    documents: list[SourceDocument] | None = None
    """Ours: passages for `local/extractive`, and what an app's answer was grounded in."""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens as the provider counted them. Inclusive: `input_tokens` contains cached ones, `output_tokens` reasoning."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    """Those of `cache_write_tokens` that are kept for an hour, at their own price."""
    reasoning_tokens: int = 0
    estimated: bool = False
    """True when the provider told no usage and we counted ourselves."""
    audio_input_tokens: int = 0
    """Those of the input that are sound; and so on below, each a part of what its name ends in."""
    image_input_tokens: int = 0
    video_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    audio_cache_read_tokens: int = 0
    image_cache_read_tokens: int = 0
    units: tuple[tuple[str, int], ...] = ()
    """What is paid by something else than the token: `("search", 2)`, `("audio_second", 31)`, as price rows call it."""
    provided_pico: int | None = None
    """What the provider itself says that the call costs."""


class Citation(msgspec.Struct, frozen=True):
    """Where a cited passage stands."""

    n: int
    chunk_id: str
    document_id: str
    knowledge: str
    path: str
    title: str
    heading_path: list[str]
    line_start: int
    line_end: int
    page: int | None
    quote: str


class TextPiece(msgspec.Struct, frozen=True):
    """Some more words of the answer."""

    text: str


class ToolCallPiece(msgspec.Struct, frozen=True):
    """A fragment of a tool call, as in an OpenAI delta: id and name come once, arguments in fragments."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    signature: str | None = None
    """Gemini's seal on the thoughts behind the call; it wants it back with the call."""


class ReasoningPiece(msgspec.Struct, frozen=True):
    """Some more of what the model thinks before it speaks. A signature ends a block of thoughts and vouches for it."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    """A whole block that only its provider can read."""


class PassagesPiece(msgspec.Struct, frozen=True):
    """The passages an answer will draw on; sent before its first word."""

    passages: list[Citation]


class FinishPiece(msgspec.Struct, frozen=True):
    """The end of the answer, and what only the end knows."""

    reason: Literal["stop", "length", "tool_calls", "content_filter"] = "stop"
    citations: list[Citation] | None = None
    declined: bool | None = None


class UsagePiece(msgspec.Struct, frozen=True):
    """What the answer took."""

    usage: Usage
    model: str | None = None
    """The model that the provider says has answered."""
    response_id: str | None = None
    service_tier: str | None = None
    """The tier that it was served in, where that has prices of its own: `priority`, `flex`, `batch`."""


Piece = TextPiece | ReasoningPiece | ToolCallPiece | PassagesPiece | FinishPiece | UsagePiece


def is_token(piece: Piece) -> bool:
    """Whether a piece is something of the answer itself: what "time to first token" waits for."""
    return isinstance(piece, TextPiece | ToolCallPiece | ReasoningPiece)
