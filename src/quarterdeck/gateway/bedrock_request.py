"""Says an OpenAI chat request in the words of Amazon Bedrock's Converse API, or says what cannot be said in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.anthropic_request import knows_effort
from quarterdeck.gateway.content_parts import (
    Media,
    alternating_turns,
    is_system,
    media_of,
    not_sent,
    stop_words,
    text_of,
    tool_arguments,
    tool_function,
)
from quarterdeck.gateway.conversation import ChatRequest, Message

Json = dict[str, Any]  # Any: JSON, and content parts belong to the client

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_CLAUDE = "anthropic."
# Nova 2 and OpenAI's open models, which have words of their own for how much to think.
_BY_EFFORT = re.compile(r"amazon\.nova-2|openai\.gpt-oss")
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")


def converse_request(model: str, request: ChatRequest) -> Json:
    """The body for `/model/{id}/converse` and `/model/{id}/converse-stream`."""
    if (request.n or 1) > 1:
        raise InvalidInput("Bedrock gives one answer at a time: leave out `n`, or send it as 1.", param="n")
    body: Json = {"messages": alternating_turns(request.messages, partial(_content, model), "Bedrock")}
    system = [block for message in request.messages if is_system(message) for block in _blocks(message.content)]
    if system:
        body["system"] = system
    limits = {
        "maxTokens": request.max_completion_tokens or request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": stop_words(request.stop) or None,
    }
    inference = {name: value for name, value in limits.items() if value is not None}
    if inference:
        body["inferenceConfig"] = inference
    tools = _tool_config(request)
    if tools:
        body["toolConfig"] = tools
    output = _output_config(model, request)
    if output:
        body["outputConfig"] = output
    thinking = _thinking(model, request)
    if thinking:
        body["additionalModelRequestFields"] = thinking
    return body


def _content(model: str, message: Message) -> Iterator[Json]:
    if message.role in ("tool", "function"):
        said = list(_blocks(message.content)) or [{"text": "(nothing)"}]
        yield {"toolResult": {"toolUseId": message.tool_call_id or message.name or "", "content": said}}
        return
    # Only Claude seals its thoughts, and wants them back before the calls that they led to.
    if message.role == "assistant" and _CLAUDE in model:
        yield from _thoughts(message)
    yield from _blocks(message.content)
    for call in message.tool_calls or ():
        name = (call.get("function") or {}).get("name") or ""
        yield {"toolUse": {"toolUseId": call.get("id") or "", "name": name, "input": tool_arguments(call)}}


def _thoughts(message: Message) -> Iterator[Json]:
    for block in message.thinking_blocks or ():
        match block:
            case {"type": "thinking", "thinking": str(text), "signature": str(signature)}:
                yield {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}
            case {"type": "redacted_thinking", "data": str(data)}:
                yield {"reasoningContent": {"redactedContent": data}}


def _blocks(content: str | list[Json] | None) -> Iterator[Json]:
    if isinstance(content, str):
        # Bedrock refuses blank text blocks.
        if content.strip():
            yield {"text": content}
        return
    for number, part in enumerate(content or ()):
        text = text_of(part)
        media = media_of(part)
        if text is not None:
            yield {"text": text}
        elif media is not None:
            yield _medium(part, media, number)
        else:
            raise not_sent(part, "Bedrock", "`text`, `image_url` and `file`")
        yield from _cache_point(part)


def _medium(part: Json, media: Media, number: int) -> Json:
    if media.url.startswith("s3://"):
        _, _, suffix = media.url.rpartition(".")
        source: Json = {"s3Location": {"uri": media.url}}
        return {"image": {"format": _IMAGES.get(f"image/{suffix.lower()}", "jpeg"), "source": source}}
    if media.url:
        raise InvalidInput(
            "Bedrock fetches no URLs: send the image as `data:…;base64,`, or as `s3://…`.", param="messages"
        )
    if media.type in _IMAGES:
        return {"image": {"format": _IMAGES[media.type], "source": {"bytes": media.data}}}
    if media.type in _DOCUMENTS:
        name = _NOT_IN_A_NAME.sub(" ", media.name.rpartition(".")[0] or media.name).strip() or f"document {number + 1}"
        return {"document": {"format": _DOCUMENTS[media.type], "name": name, "source": {"bytes": media.data}}}
    raise not_sent({"type": f"{part.get('type')}: {media.type}"}, "Bedrock", ", ".join([*_IMAGES, *_DOCUMENTS]))


def _cache_point(part: Json) -> Iterator[Json]:
    """What Anthropic marks on a block (`cache_control`), Bedrock marks after it."""
    mark = part.get("cache_control")
    if isinstance(mark, dict):
        point: Json = {"type": "default"}
        if mark.get("ttl"):
            point["ttl"] = mark["ttl"]
        yield {"cachePoint": point}


def _tool_config(request: ChatRequest) -> Json | None:
    if not request.tools:
        return None
    choice = _tool_choice(request)
    if choice is None and request.tool_choice == "none":
        if any(message.tool_calls for message in request.messages):
            raise InvalidInput(
                "Bedrock cannot be told to call no tools in a conversation that has calls: leave out `tool_choice`.",
                param="tool_choice",
            )
        return None
    config: Json = {"tools": [said for tool in request.tools for said in _tool(tool)]}
    if choice is not None:
        config["toolChoice"] = choice
    return config


def _tool(tool: Json) -> Iterator[Json]:
    function = tool_function(tool, "Bedrock")
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    said: Json = {"name": function["name"], "inputSchema": {"json": schema}}
    if function.get("description"):
        said["description"] = function["description"]
    if function.get("strict") is not None:
        said["strict"] = function["strict"]
    yield {"toolSpec": said}
    yield from _cache_point(tool)


def _tool_choice(request: ChatRequest) -> Json | None:
    match request.tool_choice:
        case None | "none":
            return None
        case "auto":
            return {"auto": {}}
        case "required":
            return {"any": {}}
        case {"function": {"name": str(name)}}:
            return {"tool": {"name": name}}
    raise InvalidInput(
        "This `tool_choice` cannot be said to Bedrock: use `auto`, `none`, `required` or a function.",
        param="tool_choice",
    )


def _output_config(model: str, request: ChatRequest) -> Json:
    config: Json = {}
    match request.response_format:
        case None | {"type": "text"}:
            pass
        case {"type": "json_schema", "json_schema": {"schema": dict(schema), **more}}:
            said: Json = {"schema": msgspec.json.encode(schema).decode()}
            if more.get("name"):
                said["name"] = more["name"]
            config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": said}}
        case _:
            raise InvalidInput(
                "Bedrock writes JSON by a schema: send `response_format` of type `json_schema`.",
                param="response_format",
            )
    effort = request.reasoning_effort
    if effort is None and _CLAUDE in model and knows_effort(model.rpartition(_CLAUDE)[2]):
        effort = _wish(request).get("effort")
    if effort not in (None, "none") and not _BY_EFFORT.search(model):
        config["effort"] = "low" if effort == "minimal" else effort
    return config


def _thinking(model: str, request: ChatRequest) -> Json:
    """What only the maker of a model has words for, and Bedrock passes on to it."""
    wish = _wish(request)
    if _CLAUDE in model:
        return {"thinking": {name: wish[name] for name in wish if name != "effort"}} if "type" in wish else {}
    effort = request.reasoning_effort or wish.get("effort")
    if effort in (None, "none") or wish.get("type") == "disabled" or not _BY_EFFORT.search(model):
        return {}
    effort = _EFFORTS.get(str(effort), "high")
    if "openai." in model:
        return {"reasoning_effort": effort}
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}


def _wish(request: ChatRequest) -> Json:
    return request.thinking if isinstance(request.thinking, dict) else {}
