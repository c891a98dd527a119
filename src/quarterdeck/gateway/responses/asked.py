"""Reads a request in the words of OpenAI's Responses API into ours."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.parsing import parse
from quarterdeck.gateway.responses.items import Transcript
from quarterdeck.gateway.responses.request import Json, ResponsesRequest, Strange
from quarterdeck.gateway.responses.tools import read_choice, read_tools
from quarterdeck.gateway.wishes import RequestWishes

# What a translation can do without: it steers OpenAI's machines, not the answer.
_LEFT_OUT = (
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "truncation",
    "max_tool_calls",
    "top_logprobs",
    "stream_options",
)
# What is done by OpenAI's servers, and by nobody else's.
_ONLY_THERE = ("conversation", "prompt", "context_management", "moderation")
_INCLUDED_ANYWAY = {"reasoning.encrypted_content"}


class _Body(RequestWishes):
    model: str
    input: str | list[Json] | None = None
    instructions: str | None = None
    stream: bool | None = False
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    tools: list[Json] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    text: Json | None = None
    reasoning: Json | None = None
    include: list[str] | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    background: bool | None = None
    metadata: Json | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: Any = None  # Any, from here on: only whether it is there, or to be repeated
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None
    prompt_cache_options: Any = None
    truncation: Any = None
    max_tool_calls: Any = None
    top_logprobs: Any = None
    stream_options: Any = None
    conversation: Any = None
    prompt: Any = None
    context_management: Any = None
    moderation: Any = None


_BODY = msgspec.json.Decoder(_Body)


def read_responses_request(body: bytes) -> Asked:
    """The request, with what no other dialect can hold named."""
    sent = parse(body, _BODY)
    if sent.background:
        # Nobody would be there when it is done, to see what it took.
        raise InvalidInput(
            "`background` cannot be metered here, so it is not taken. Stream the answer, or use `/v1/batches`.",
            param="background",
        )
    if not sent.input and sent.prompt is None and sent.previous_response_id is None and sent.conversation is None:
        raise InvalidInput("`input` is missing. Send a text, or a list of items.", param="input")
    strange = Strange()
    for name in _ONLY_THERE:
        if getattr(sent, name) is not None:
            strange.note(f"`{name}`")
    if sent.previous_response_id is not None:
        strange.note(f"`previous_response_id`: this gateway has not kept `{sent.previous_response_id}`, so it")
    tools, names = read_tools(sent.tools or [], strange)
    transcript = Transcript(strange)
    transcript.instruct(sent.instructions)
    transcript.read(sent.input)
    effort = (sent.reasoning or {}).get("effort")
    request = ResponsesRequest(
        model=sent.model,
        messages=transcript.messages(),
        stream=sent.stream,
        stream_options={"include_usage": True} if sent.stream else None,
        temperature=sent.temperature,
        top_p=sent.top_p,
        max_tokens=sent.max_output_tokens,
        tools=tools or None,
        response_format=_format((sent.text or {}).get("format")),
        parallel_tool_calls=sent.parallel_tool_calls if tools else None,
        user=sent.user or sent.safety_identifier,
        metadata=sent.metadata,
        store=sent.store,
        thinking=_thinking(effort),
        told=_told(sent),
        tool_names=names,
        previous=sent.previous_response_id,
        keeps=sent.store is not False,
        **sent.wishes(),
    )
    read_choice(request, sent.tool_choice, strange)
    for name in _LEFT_OUT:
        if getattr(sent, name) is not None:
            strange.leave_out(name)
    if (sent.text or {}).get("verbosity") is not None:
        strange.leave_out("text.verbosity")
    for included in sent.include or ():
        if included not in _INCLUDED_ANYWAY:
            strange.leave_out(f"include:{included}")
    return Asked(body, request, tuple(strange.left_out), strange.first, previous=sent.previous_response_id)


def _format(wanted: Any) -> Json | None:  # Any: JSON of the client's
    match wanted:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return {"type": "json_object"}
        case {"type": "json_schema", "name": str(name), "schema": dict(schema)}:
            described = {key: wanted[key] for key in ("strict", "description") if wanted.get(key) is not None}
            return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, **described}}
    raise InvalidInput(
        "`text.format` has the type `text`, `json_object`, or `json_schema` with a `name` and a `schema`.",
        param="text.format",
    )


def _thinking(effort: object) -> Json | None:
    if effort is None:
        return None
    if not isinstance(effort, str):
        raise InvalidInput("`reasoning.effort` is a word: `none`, `low`, `medium`, `high` …", param="reasoning.effort")
    # A wish: what it is for a model that cannot think, or knows no such effort, is up to its provider.
    return {"type": "disabled"} if effort in ("none", "minimal") else {"effort": effort}


def _told(sent: _Body) -> Json:
    """What a response says of its request."""
    reasoning = sent.reasoning or {}
    return {
        "instructions": sent.instructions,
        "max_output_tokens": sent.max_output_tokens,
        "max_tool_calls": sent.max_tool_calls,
        "parallel_tool_calls": sent.parallel_tool_calls is not False,
        "previous_response_id": sent.previous_response_id,
        "prompt_cache_key": sent.prompt_cache_key,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": sent.safety_identifier,
        "temperature": 1.0 if sent.temperature is None else sent.temperature,
        "text": {"format": {"type": "text"}, **(sent.text or {})},
        "tool_choice": sent.tool_choice or "auto",
        "tools": sent.tools or [],
        "top_logprobs": 0,
        "top_p": 1.0 if sent.top_p is None else sent.top_p,
        "truncation": "disabled",
        "user": sent.user,
        "metadata": sent.metadata or {},
    }
