"""Reads a request in the words of Anthropic's Messages API into ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.parsing import parse
from quarterdeck.gateway.wishes import RequestWishes

Json = dict[str, Any]  # Any: JSON of the client's

# What a translation can do without: it steers Anthropic's machines, not the answer.
_LEFT_OUT = ("top_k", "service_tier", "context_management", "speed", "inference_geo", "diagnostics", "cache_control")
# What is done by Anthropic's servers, and by nobody else's.
_ONLY_THERE = ("container", "mcp_servers")
# Marks stand on any block. Text cannot contain this: quotes inside JSON are escaped.
_CACHE_MARK = b'"cache_control"'


class _Turn(msgspec.Struct):
    role: str
    content: str | list[Json]


class _Body(RequestWishes):
    model: str
    messages: list[_Turn]
    max_tokens: int | None = None
    system: str | list[Json] | None = None
    stream: bool | None = False
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    tools: list[Json] | None = None
    tool_choice: Json | None = None
    thinking: Json | None = None
    output_config: Json | None = None
    output_format: Json | None = None
    metadata: Json | None = None
    top_k: Any = None  # Any, from here on: only whether it is there
    service_tier: Any = None
    context_management: Any = None
    speed: Any = None
    inference_geo: Any = None
    diagnostics: Any = None
    cache_control: Any = None
    container: Any = None
    mcp_servers: Any = None


_BODY = msgspec.json.Decoder(_Body)


def read_messages_request(body: bytes, *, counting: bool = False) -> Asked:
    """The request, with what no other dialect can hold named. Only counting needs no `max_tokens`."""
    sent = parse(body, _BODY)
    if not sent.messages:
        raise InvalidInput("`messages` is empty. Send at least one message.", param="messages")
    if sent.max_tokens is None and not counting:
        raise InvalidInput("`max_tokens` is missing.", param="max_tokens")
    strange = _Strange()
    for name in _ONLY_THERE:
        if getattr(sent, name):
            strange.note(f"`{name}`")
    config = sent.output_config or {}
    request = ChatRequest(
        model=sent.model,
        messages=[*_system(sent.system), *(message for turn in sent.messages for message in _messages(turn, strange))],
        stream=sent.stream,
        stream_options={"include_usage": True} if sent.stream else None,
        temperature=sent.temperature,
        top_p=sent.top_p,
        max_tokens=sent.max_tokens,
        stop=sent.stop_sequences,
        tools=[_tool(tool, strange) for tool in sent.tools] if sent.tools else None,
        response_format=_format(config.get("format") or sent.output_format),
        user=str((sent.metadata or {}).get("user_id") or "") or None,
        metadata={name: value for name, value in (sent.metadata or {}).items() if name != "user_id"} or None,
        thinking=_thinking(sent.thinking, config.get("effort")),
        **sent.wishes(),
    )
    _choose(request, sent.tool_choice)
    left_out = [name for name in _LEFT_OUT if getattr(sent, name) is not None]
    if "cache_control" not in left_out and _CACHE_MARK in body:
        left_out.append("cache_control")
    if strange.failed_results:
        left_out.append("tool_result.is_error")
    return Asked(body, request, tuple(left_out), strange.first)


class _Strange:
    """What was found that only Anthropic can do."""

    first: str | None = None
    failed_results = False
    """Whether a tool's result was said to be an error, apart from its words."""

    def note(self, what: str) -> None:
        self.first = self.first or what


def _system(system: str | list[Json] | None) -> Iterator[Message]:
    # One text, because many servers take no list here.
    words = system if isinstance(system, str) else "\n\n".join(str(block.get("text") or "") for block in system or ())
    if words:
        yield Message("system", words)


def _messages(turn: _Turn, strange: _Strange) -> Iterator[Message]:
    if turn.role not in ("user", "assistant", "system"):
        raise InvalidInput(f"A message has the role `{turn.role}`. There are `user` and `assistant`.", param="messages")
    if isinstance(turn.content, str):
        yield Message(turn.role, turn.content)  # type: ignore[arg-type]  # checked just here
    elif turn.role == "assistant":
        yield _of_assistant(turn.content, strange)
    elif turn.role == "system":
        yield from _system(turn.content)
    else:
        yield from _of_user(turn.content, strange)


def _of_assistant(blocks: list[Json], strange: _Strange) -> Message:
    texts: list[str] = []
    calls: list[Json] = []
    thoughts: list[Json] = []
    for block in blocks:
        match block.get("type"):
            case "text":
                texts.append(str(block.get("text") or ""))
            case "tool_use":
                arguments = msgspec.json.encode(block.get("input") or {}).decode()
                function = {"name": block.get("name") or "", "arguments": arguments}
                calls.append({"id": block.get("id") or "", "type": "function", "function": function})
            case "thinking" | "redacted_thinking":
                thoughts.append(block)
            case kind:
                strange.note(f"A content block of type `{kind}`")
    words = "".join(str(block.get("thinking") or "") for block in thoughts)
    return Message(
        "assistant",
        "".join(texts) or ("" if not calls else None),
        tool_calls=calls or None,
        reasoning_content=words or None,
        thinking_blocks=thoughts or None,
    )


def _of_user(blocks: list[Json], strange: _Strange) -> Iterator[Message]:
    """Results of tools first, as messages of their own; then what the person says."""
    said: list[Json] = []
    for block in blocks:
        if block.get("type") != "tool_result":
            said += _parts(block, strange)
            continue
        strange.failed_results = strange.failed_results or bool(block.get("is_error"))
        content = block.get("content")
        parts = [part for inner in content for part in _parts(inner, strange)] if isinstance(content, list) else []
        seen = [part for part in parts if part["type"] != "text"]
        words = content if isinstance(content, str) else "\n".join(p["text"] for p in parts if p["type"] == "text")
        yield Message("tool", words or "", tool_call_id=str(block.get("tool_use_id") or ""))
        # A tool's message carries only words; what it shows follows in the person's.
        said += seen
    if said:
        yield Message("user", _simplest(said))


def _parts(block: Any, strange: _Strange) -> Iterator[Json]:  # Any: within a block, nobody has looked
    match block:
        case {"type": "text"}:
            yield {"type": "text", "text": str(block.get("text") or "")}
        case {"type": "image", "source": {"type": "base64" | "url"} as source}:
            yield {"type": "image_url", "image_url": {"url": _url(source)}}
        case {"type": "document", "source": {"type": "text", "data": str(words)}}:
            yield {"type": "text", "text": words}
        case {"type": "document", "source": {"type": "base64"} as source}:
            name = str(block.get("title") or "document.pdf")
            yield {"type": "file", "file": {"filename": name, "file_data": _url(source)}}
        case {"type": "search_result", "content": [*inner]}:
            for part in inner:
                yield from _parts(part, strange)
        case _:
            strange.note(f"A content block of type `{block.get('type') if isinstance(block, dict) else block}`")


def _url(source: Json) -> str:
    if source["type"] == "url":
        return str(source.get("url") or "")
    return f"data:{source.get('media_type') or 'application/octet-stream'};base64,{source.get('data') or ''}"


def _simplest(parts: list[Json]) -> str | list[Json]:
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _tool(tool: Json, strange: _Strange) -> Json:
    if tool.get("type") not in (None, "custom") or "name" not in tool:
        strange.note(f"A tool of type `{tool.get('type')}`")
    function: Json = {
        "name": tool.get("name") or "",
        "parameters": tool.get("input_schema") or {"type": "object", "properties": {}},
    }
    for name in ("description", "strict"):
        if tool.get(name) is not None:
            function[name] = tool[name]
    return {"type": "function", "function": function}


def _choose(request: ChatRequest, choice: Json | None) -> None:
    match choice:
        case None:
            return
        case {"type": "tool", "name": str(name)}:
            request.tool_choice = {"type": "function", "function": {"name": name}}
        case {"type": "auto" | "any" | "none" as kind}:
            request.tool_choice = "required" if kind == "any" else kind
        case _:
            raise InvalidInput("`tool_choice` has a `type` of `auto`, `any`, `tool` or `none`.", param="tool_choice")
    if choice.get("disable_parallel_tool_use"):
        request.parallel_tool_calls = False


def _format(wanted: Any) -> Json | None:  # Any: JSON of the client's
    match wanted:
        case {"type": "json_schema", "schema": dict(schema)}:
            return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        case None:
            return None
    raise InvalidInput(
        "`output_config.format` has the type `json_schema`, and a `schema`.", param="output_config.format"
    )


def _thinking(thinking: Json | None, effort: object) -> Json | None:
    if effort is None:
        return thinking
    return {**(thinking or {}), "effort": effort}
