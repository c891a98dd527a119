"""Reads a request of the old Completions into ours: the text to go on with is what the person says."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.parsing import parse
from quarterdeck.gateway.wishes import RequestWishes

# What a translation can do without: it steers how words are drawn, in terms that other models do not share.
_LEFT_OUT = ("frequency_penalty", "presence_penalty", "logit_bias")


class CompletionRequest(ChatRequest, omit_defaults=True):
    """A chat request that came as a text to go on with."""

    echoed: str = ""
    """The text that the client wants to hear again before the answer."""


class _Body(RequestWishes):
    model: str
    prompt: str | list[str | int | list[int]] | None = None
    stream: bool | None = False
    stream_options: dict[str, Any] | None = None  # Any: JSON of the client's
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    best_of: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None
    echo: bool | None = None
    suffix: str | None = None
    logprobs: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, Any] | None = None


_BODY = msgspec.json.Decoder(_Body)


def read_completion_request(body: bytes) -> Asked:
    """The request, with what a chat cannot do named."""
    try:
        sent = parse(body, _BODY)
    except InvalidInput as error:
        raise _clearer(error) from error
    if not sent.prompt:
        raise InvalidInput("`prompt` is missing. Send a text.", param="prompt")
    words = sent.prompt if isinstance(sent.prompt, str) else ""
    strange = None
    if isinstance(sent.prompt, list):
        first = sent.prompt[0]
        if len(sent.prompt) == 1 and isinstance(first, str):
            words = first
        else:
            strange = "A `prompt` of tokens" if not isinstance(first, str) else "A `prompt` of several texts"
    if sent.suffix:
        strange = strange or "`suffix`"
    if sent.logprobs is not None:
        strange = strange or "`logprobs`"
    if (sent.n or 1) > 1 or (sent.best_of or 1) > 1:
        strange = strange or f"`{'n' if (sent.n or 1) > 1 else 'best_of'}` of more than one"
    request = CompletionRequest(
        model=sent.model,
        messages=[Message("user", words)],
        stream=sent.stream,
        stream_options=sent.stream_options,
        # OpenAI ends an answer after 16 tokens when nobody says how long it may be; no chat does.
        max_tokens=sent.max_tokens,
        temperature=sent.temperature,
        top_p=sent.top_p,
        n=sent.n,
        stop=sent.stop,
        seed=sent.seed,
        user=sent.user,
        metadata=sent.metadata,
        echoed=words if sent.echo else "",
        **sent.wishes(),
    )
    left_out = tuple(name for name in _LEFT_OUT if getattr(sent, name))
    return Asked(body, request, left_out, strange)


def wants_usage(request: ChatRequest) -> bool:
    """Whether a stream shall end with what it took."""
    return bool((request.stream_options or {}).get("include_usage"))


def _clearer(error: InvalidInput) -> InvalidInput:
    if error.param is None or not error.param.startswith("prompt"):
        return error
    return InvalidInput("`prompt` is a text, a list of texts, or tokens.", param="prompt")
