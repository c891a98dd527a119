"""Mistral: nearly OpenAI's dialect, with names of its own, content in parts, and strict manners."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway.conversation import Piece, ReasoningPiece
from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.manners import OLD_LIMIT, Manners
from quarterdeck.gateway.outcome import WireChoice
from quarterdeck.gateway.provider import Account, ProviderKind
from quarterdeck.gateway.providers.openai import OpenAI
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.runtime import Runtime

MISTRAL_URL = "https://api.mistral.ai/v1"
# It refuses what it does not know (422, `extra_forbidden`), and tells usage in the last chunk without being asked.
_CHAT = Manners(
    renames=(*OLD_LIMIT, ("seed", "random_seed")),
    drops=("stream_options", "user", "store", "service_tier", "logprobs", "top_logprobs"),
    reasoning="text",
)
_EMBEDDING = Manners(renames=(("dimensions", "output_dimension"),), drops=("user",))
_TOOL_ID = re.compile(r"[A-Za-z0-9]{9}")
# What deserves a look into the messages: ids of other makers, a role and fields that it does not know.
_FOREIGN = (b'"tool_call_id"', b'"developer"', b'"refusal"', b'"annotations"', b'"audio"', b'"reasoning_content"')
_NOT_IN_A_MESSAGE = ("refusal", "annotations", "audio", "function_call", "reasoning_content", "thinking_blocks")
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])

Json = dict[str, Any]  # Any: JSON


class Mistral(OpenAI):
    """Calls `/v1/chat/completions`, in Mistral's own variety of it."""

    kind: ClassVar[ProviderKind] = "mistral"
    dialects: ClassVar[frozenset[DialectName]] = frozenset({"openai-chat"})

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        self._manners = _CHAT

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        if "MISTRAL_API_KEY" not in variables:
            return []
        return [
            Account(
                name="mistral",
                kind="mistral",
                base_url=variables.get("MISTRAL_BASE_URL", MISTRAL_URL),
                api_key=variables["MISTRAL_API_KEY"],
                origin="env:MISTRAL_API_KEY",
            )
        ]

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        if path == "/chat/completions":
            body = _CHAT.fit(body)
            if any(word in body for word in _FOREIGN):
                body = _with_own_messages(body)
        elif path == "/embeddings":
            body = _EMBEDDING.fit(body)
        return await super().post(path, body, headers)

    def _pieces(self, choice: WireChoice) -> list[Piece]:
        if choice.finish_reason == "error":
            raise UpstreamFailed(f"`{self.account.name}` could not finish its answer.")
        thoughts: list[Piece] = [ReasoningPiece(text) for text in _thoughts(choice)]
        return thoughts + super()._pieces(choice)


def tool_id(given: str) -> str:
    """A tool call's id as Mistral takes it: nine letters or digits, always the same for the same id."""
    if _TOOL_ID.fullmatch(given):
        return given
    return hashlib.sha256(given.encode()).hexdigest()[:9]


def _thoughts(choice: WireChoice) -> Iterator[str]:
    """What its reasoning models think: parts of type `thinking` among those of the content."""
    content = choice.delta.content if choice.delta is not None else None
    for part in content if isinstance(content, list) else ():
        thinking = part.get("thinking") if isinstance(part, dict) and part.get("type") == "thinking" else None
        for thought in thinking if isinstance(thinking, list) else ():
            if isinstance(thought, dict) and thought.get("text"):
                yield str(thought["text"])


def _with_own_messages(body: bytes) -> bytes:
    fields = _FIELDS.decode(body)
    messages = msgspec.json.decode(fields["messages"], type=list[Json])
    return msgspec.json.encode({**fields, "messages": [_message(message) for message in messages]})


def _message(message: Json) -> Json:
    said = {name: value for name, value in message.items() if name not in _NOT_IN_A_MESSAGE}
    if said.get("role") == "developer":
        said["role"] = "system"
    if isinstance(said.get("tool_call_id"), str):
        said["tool_call_id"] = tool_id(said["tool_call_id"])
    if isinstance(said.get("tool_calls"), list):
        said["tool_calls"] = [{**call, "id": tool_id(str(call.get("id")))} for call in said["tool_calls"]]
    return said
