"""The long tail: every provider that the `litellm` library knows, called by LiteLLM's own names for models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar

import msgspec

from quarterdeck.config.outside_libraries import keep_litellm_at_home
from quarterdeck.core.errors import QuarterdeckError, Unavailable, UpstreamFailed, UpstreamTimeout
from quarterdeck.gateway.conversation import ChatRequest, Piece, UsagePiece
from quarterdeck.gateway.openai_reading import finish_of, pieces_of, plain_request
from quarterdeck.gateway.outcome import WireChunk
from quarterdeck.gateway.provider import Account, Embeddings, OfferedModel, Provider, ProviderKind
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work


class LiteLLMMissing(Unavailable):
    """The library `litellm` is not installed. Install it with `pip install 'quarterdeck[litellm]'` and restart."""

    retry_after_s = None


class LiteLLM(Provider):
    """Calls `litellm.acompletion`, always as a stream. The library is imported with the first call."""

    kind: ClassVar[ProviderKind] = "litellm"

    def __init__(self, account: Account, runtime: Runtime) -> None:
        super().__init__(account, runtime)
        self._access = {"api_key": account.api_key or None, "api_base": account.base_url or None}

    def models(self) -> Sequence[OfferedModel]:
        return [OfferedModel(name, "embedding" if "embed" in name.lower() else "chat") for name in self.account.models]

    def may_have(self, model: str) -> bool:
        return False

    async def chat(self, work: Work, model: str, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        body = plain_request(request, model)
        library = await asyncio.to_thread(_library)
        finish = None
        usage: UsagePiece | None = None
        try:
            stream = await library.acompletion(
                model=model,
                stream=True,
                stream_options={"include_usage": True},
                timeout=self.runtime.settings.upstream_first_token_timeout_s,
                max_retries=0,
                **self._access,
                **body,
            )
            async with aclosing(_chunks(stream)) as chunks:
                async for chunk in chunks:
                    if chunk.usage is not None:
                        usage = UsagePiece(chunk.usage.buckets(), chunk.model, chunk.id)
                    for choice in chunk.choices or ():
                        finish = finish_of(choice) or finish
                        for piece in pieces_of(choice):
                            yield piece
        except QuarterdeckError:
            raise
        except Exception as error:
            raise self._meaning(error) from error
        if finish is None:
            raise UpstreamFailed(f"`{self.account.name}` broke off before the end of its answer.")
        yield finish
        if usage is not None:
            yield usage

    async def embed(self, work: Work, model: str, texts: Sequence[str]) -> Embeddings:
        library = await asyncio.to_thread(_library)
        try:
            said = await library.aembedding(model=model, input=list(texts), **self._access)
        except Exception as error:
            raise self._meaning(error) from error
        found = said.model_dump()
        vectors = [entry["embedding"] for entry in sorted(found["data"], key=lambda entry: entry.get("index", 0))]
        return Embeddings(vectors, int((found.get("usage") or {}).get("prompt_tokens") or 0), model)

    async def check(self) -> Sequence[OfferedModel]:
        await asyncio.to_thread(_library)  # what it could call depends on the model: there is no list to ask for
        return self.models()

    def _meaning(self, error: Exception) -> QuarterdeckError:
        """LiteLLM's exceptions carry the status that their provider has answered."""
        status = getattr(error, "status_code", None)
        name = self.account.name
        if isinstance(error, TimeoutError) or status == 408:
            return UpstreamTimeout(f"`{name}` timed out: {error}")
        if not isinstance(status, int):
            return UpstreamFailed(f"`{name}` failed: {type(error).__name__}: {error}")
        said = {"error": {"message": getattr(error, "message", str(error)), "code": getattr(error, "code", None)}}
        headers = getattr(error, "litellm_response_headers", None)
        headers = headers or getattr(getattr(error, "response", None), "headers", None) or {}
        return refusal(name, status, headers, msgspec.json.encode(said, enc_hook=str))


async def _chunks(stream: AsyncIterator[Any]) -> AsyncGenerator[WireChunk, None]:  # Any: objects of the library
    async for chunk in stream:
        yield msgspec.convert(chunk.model_dump(), WireChunk, strict=False)


def _library() -> Any:  # Any: an optional library
    # Off the loop: the first import takes seconds.
    keep_litellm_at_home()
    try:
        import litellm
    except ImportError as error:
        raise LiteLLMMissing() from error
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    return litellm
