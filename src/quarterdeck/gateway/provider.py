"""The contract of a provider: somebody who runs models. Plug-ins lie in `providers/`, one kind a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yarl import URL

from quarterdeck.core.errors import InvalidInput, LimitReached
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.gateway.dialect import DialectName
from quarterdeck.gateway.ranking import Ranking, RerankRequest
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

ProviderKind = Literal[
    "openai",
    "anthropic",
    "azure",
    "gemini",
    "vertex",
    "bedrock",
    "cohere",
    "mistral",
    "openai-compatible",
    "litellm",
    "local",
]


@dataclass(frozen=True)
class Account:
    """Access to one provider: where it is, and the credential that opens it."""

    name: str
    """The first part of a model name: `openai` in `openai/gpt-4o-mini`."""
    kind: ProviderKind
    base_url: str = ""
    api_key: str | None = field(default=None, repr=False)
    models: tuple[str, ...] = ()
    """What the operator says it offers; empty means what is known of this kind."""
    origin: str = "stored"
    """`stored`, `built-in`, or the variable it was found in: `env:OPENAI_API_KEY`."""
    project_id: str | None = None
    """The project that may use it; None means all."""
    created_at: str | None = None
    id: str = ""
    owner: str = "ui"

    @property
    def key_hint(self) -> str | None:
        """The end of the credential, to recognise it by."""
        if not self.api_key:
            return None
        telling = len(self.api_key) >= 12 and not self.api_key.endswith("}")  # the end of JSON tells nothing
        return f"…{self.api_key[-4:]}" if telling else "…"


@dataclass(frozen=True)
class OfferedModel:
    """A model that a provider offers, by the provider's own name for it."""

    name: str
    kind: Literal["chat", "embedding"] = "chat"


@dataclass(frozen=True, slots=True)
class Address:
    """Where something goes that is forwarded as it is, and the headers that open the door there."""

    url: URL
    headers: Mapping[str, str]
    signed: bool = False
    """Whether a signature covers the headers, so that those of a client must not replace them."""


@dataclass(frozen=True)
class Embeddings:
    """Vectors in the order of the texts, and what they took."""

    vectors: list[list[float]]
    input_tokens: int
    model: str
    estimated: bool = False
    """True when the provider told no usage and we counted ourselves."""


class Provider(ABC):
    """One account, ready to be called. Made when the configuration changes, shared by all requests."""

    kind: ClassVar[ProviderKind]

    def __init__(self, account: Account, runtime: Runtime) -> None:
        self.account = account
        self.runtime = runtime
        self.in_flight = 0
        self._most_in_flight = runtime.settings.max_in_flight_per_provider

    def enter(self) -> None:
        """One more call is in flight; `leave` ends it. Refused when there are as many as the settings allow."""
        if 0 < self._most_in_flight <= self.in_flight:
            raise LimitReached(
                f"{self.in_flight} requests to `{self.account.name}` are in flight, which is the most that this server "
                "sends it at once (`QUARTERDECK_MAX_IN_FLIGHT_PER_PROVIDER`). Try again in a moment."
            )
        self.in_flight += 1

    def leave(self) -> None:
        """A call is over."""
        self.in_flight -= 1

    @classmethod
    def found(cls, variables: Mapping[str, str]) -> list[Account]:
        """The accounts of this kind that need no configuration: built in, or in the usual environment variables."""
        return []

    @abstractmethod
    def models(self) -> Sequence[OfferedModel]:
        """What is offered, from memory: no call leaves the house."""

    def may_have(self, model: str) -> bool:
        """Whether a model that is on its price list, but not in `models`, can be asked for here without saying so."""
        return not self.account.models

    @abstractmethod
    def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer with `model`, named as this provider names it (`request.model` is what the client wrote).

        The pieces end with one `FinishPiece` and, if tokens were counted, one `UsagePiece`. Errors are raised, before
        or between pieces. The caller makes the span and keeps the time; closing the generator cancels the call.
        """

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        """Vectors for texts."""
        raise InvalidInput(f"`{self.account.name}` offers no embeddings. Use an embedding model.", param="model")

    async def rerank(self, work: Work, model: str, request: RerankRequest) -> Ranking:
        """The texts of a request in the order in which they answer its query."""
        raise InvalidInput(f"`{self.account.name}` reranks nothing. Use a reranking model.", param="model")

    async def address(self, method: str, path: str, query: str, body: bytes | None) -> Address:
        """Where `/passthrough/{provider}{path}` goes: below the provider's base URL, without its final version.

        `path` begins with a slash and is percent-encoded. Some sign the body; None when it is not known yet.
        """
        raise InvalidInput(f"Nothing can be passed through to `{self.account.name}`.")

    @abstractmethod
    async def check(self) -> Sequence[OfferedModel]:
        """Ask the provider which models it has; raises when it cannot be reached or refuses the credential."""


class WireProvider(Provider):
    """A provider that speaks a dialect of our clients: bodies and streams in it go through byte by byte."""

    dialects: ClassVar[frozenset[DialectName]] = frozenset({"openai-chat"})

    def speaks(self, dialect: DialectName, model: str) -> bool:
        """Whether this model can be asked in a dialect as it is."""
        return dialect in self.dialects

    @abstractmethod
    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a body to `path` (`/chat/completions`), with headers of the client's that belong to the conversation.

        Returns when the provider has accepted it, or raises why not.
        """

    def place(self, path: str, model: str) -> tuple[Address, str]:
        """Where `path` (`/audio/speech`) is for a model, and how the body shall name it: for what `post` cannot send."""
        raise InvalidInput(f"`{self.account.name}` has no `{path}`.", param="model")
