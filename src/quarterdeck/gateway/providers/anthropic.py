"""Anthropic's Messages API: calls it, and reads its streams into our pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from multidict import CIMultiDict
from yarl import URL

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway import sse, upstream
from quarterdeck.gateway.anthropic_request import messages_request
from quarterdeck.gateway.conversation import (
    ChatRequest,
    FinishPiece,
    Piece,
    TextPiece,
    ToolCallPiece,
    Usage,
    UsagePiece,
)
from quarterdeck.gateway.prices import Prices
from quarterdeck.gateway.provider import Account, OfferedModel, Provider, ProviderKind
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

ANTHROPIC_URL = "https://api.anthropic.com"
_VERSION = "2023-06-01"
# What an error event means, by the status Anthropic gives the same error outside of streams.
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_REASONS: dict[str, Literal["stop", "length", "tool_calls", "content_filter"]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


class _CacheCreation(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _WireUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None


class _Message(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: _WireUsage | None = None


class _Block(msgspec.Struct):
    type: str
    id: str | None = None
    name: str | None = None
    text: str | None = None
    input: Any = None  # Any: a tool's arguments


class _Delta(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Error(msgspec.Struct):
    type: str = "api_error"
    message: str = ""


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _WireUsage | None = None
    error: _Error | None = None


_EVENT = msgspec.json.Decoder(_Event)


class Anthropic(Provider):
    """Calls `/v1/messages`, always as a stream."""

    kind: ClassVar[ProviderKind] = "anthropic"

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        base = (account.base_url or ANTHROPIC_URL).rstrip("/").removesuffix("/v1")
        self._messages = URL(f"{base}/v1/messages", encoded=True)
        self._models = URL(f"{base}/v1/models?limit=1000", encoded=True)
        self._headers = CIMultiDict(
            {
                "Content-Type": "application/json",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "quarterdeck",
                "anthropic-version": _VERSION,
                "x-api-key": account.api_key or "",
            }
        )
        self._seen: list[OfferedModel] = []

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        if "ANTHROPIC_API_KEY" not in variables:
            return []
        return [
            Account(
                name="anthropic",
                kind="anthropic",
                base_url=variables.get("ANTHROPIC_BASE_URL", ANTHROPIC_URL),
                api_key=variables["ANTHROPIC_API_KEY"],
                origin="env:ANTHROPIC_API_KEY",
            )
        ]

    def models(self) -> Sequence[OfferedModel]:
        if self.account.models:
            return [OfferedModel(name) for name in self.account.models]
        return self._seen or self.runtime.part(Prices).models("anthropic")

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        reply = await upstream.post(
            self.runtime.http,
            self._messages,
            msgspec.json.encode(messages_request(model, request)),
            self._headers,
            provider=self.account.name,
            settings=self.runtime.settings,
        )
        reading = _Reading(self.account.name)
        scanner = sse.EventScanner()
        try:
            while not reading.ended and (chunk := await reply.receive()):
                for event in sse.events(scanner.feed(chunk)):
                    for piece in reading.read(sse.payload(event)):
                        yield piece
            reading.require_end(scanner.rest())
            await reply.finish()
        finally:
            reply.close()
        yield reading.finish()
        yield reading.usage()

    async def check(self) -> Sequence[OfferedModel]:
        said = await upstream.get_json(self.runtime.http, self._models, self._headers, provider=self.account.name)
        listed = said.get("data") if isinstance(said, dict) else None
        if not isinstance(listed, list):
            raise UpstreamFailed(f"`{self.account.name}` did not answer with a list of models. Is its base URL right?")
        self._seen = [OfferedModel(str(entry["id"])) for entry in listed if isinstance(entry, dict) and "id" in entry]
        return self._seen


class _Reading:
    """What has been read of one stream so far."""

    def __init__(self, provider: str) -> None:
        self.ended = False
        self._provider = provider
        self._message = _Message()
        self._used = _WireUsage()
        self._stop_reason: str | None = None
        self._tool_index = -1

    def read(self, data: bytes) -> list[Piece]:
        """The pieces in one event; most have one, many have none."""
        if not data:
            return []
        try:
            event = _EVENT.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UpstreamFailed(f"`{self._provider}` sent an event that cannot be read: {data[:200]!r}.") from error
        match event.type:
            case "content_block_delta" if event.delta is not None:
                return self._delta(event.delta)
            case "content_block_start" if event.content_block is not None:
                return self._block(event.content_block)
            case "message_start" if event.message is not None:
                self._message = event.message
                self._count(event.message.usage)
            case "message_delta":
                self._count(event.usage)
                self._stop_reason = (event.delta.stop_reason if event.delta else None) or self._stop_reason
            case "message_stop":
                self.ended = True
            case "error":
                said = event.error or _Error()
                raise refusal(self._provider, _STATUS.get(said.type, 500), {}, data)
        return []

    def require_end(self, rest: bytes) -> None:
        """A stream that ended without saying so has broken off."""
        if rest.strip() or self._stop_reason is None:
            raise UpstreamFailed(f"`{self._provider}` broke off before the end of its answer.")

    def finish(self) -> FinishPiece:
        """Why it ended, in OpenAI's words."""
        return FinishPiece(_REASONS.get(self._stop_reason or "", "stop"))

    def usage(self) -> UsagePiece:
        """What it took. Anthropic counts cached tokens beside the input, we count them inside it."""
        used = self._used
        read, written = used.cache_read_input_tokens or 0, used.cache_creation_input_tokens or 0
        usage = Usage(
            input_tokens=(used.input_tokens or 0) + read + written,
            output_tokens=used.output_tokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cache_write_1h_tokens=(used.cache_creation or _CacheCreation()).ephemeral_1h_input_tokens or 0,
            reasoning_tokens=(used.output_tokens_details or _OutputDetails()).thinking_tokens or 0,
        )
        return UsagePiece(usage, self._message.model, self._message.id)

    def _block(self, block: _Block) -> list[Piece]:
        if block.type == "tool_use":
            self._tool_index += 1
            # The input is empty here and follows in fragments, except from imitators that send it whole.
            arguments = msgspec.json.encode(block.input).decode() if block.input else ""
            return [ToolCallPiece(self._tool_index, block.id, block.name, arguments)]
        return [TextPiece(block.text)] if block.type == "text" and block.text else []

    def _delta(self, delta: _Delta) -> list[Piece]:
        if delta.text:
            return [TextPiece(delta.text)]
        if delta.partial_json:
            return [ToolCallPiece(self._tool_index, arguments=delta.partial_json)]
        return []  # thinking and its signature: OpenAI's dialect has no place for them

    def _count(self, used: _WireUsage | None) -> None:
        # The start tells the input, the end tells the output, and whatever is told twice is a running total.
        if used is not None:
            told = {name: value for name, value in msgspec.structs.asdict(used).items() if value is not None}
            self._used = msgspec.structs.replace(self._used, **told)
