"""Says an OpenAI chat request in the words of Cohere's v2 chat, or says what cannot be said in them."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.content_parts import (
    Json,
    is_system,
    media_of,
    not_sent,
    stop_words,
    text_of,
    tool_arguments,
    tool_function,
)
from quarterdeck.gateway.conversation import ChatRequest, Message


def chat_request(model: str, request: ChatRequest) -> Json:
    """The body for `POST /v2/chat`, streaming."""
    if (request.n or 1) > 1:
        raise InvalidInput("Cohere gives one answer at a time: leave out `n`, or send it as 1.", param="n")
    said: Json = {
        "max_tokens": request.max_completion_tokens or request.max_tokens,
        # OpenAI's scale ends at 2, Cohere's at 1.
        "temperature": None if request.temperature is None else min(1.0, request.temperature),
        "p": request.top_p,
        "seed": request.seed,
        "stop_sequences": stop_words(request.stop) or None,
        "tools": [_tool(tool) for tool in request.tools] if request.tools else None,
        "tool_choice": _tool_choice(request),
        "response_format": _response_format(request),
        "thinking": _thinking(request),
    }
    messages = [_message(message) for message in request.messages]
    body: Json = {"model": model, "messages": messages, "stream": True}
    return body | {name: value for name, value in said.items() if value is not None}


def _message(message: Message) -> Json:
    if message.role in ("tool", "function"):
        result = "\n".join(part["text"] for part in _parts(message.content) if "text" in part)
        document = {"type": "document", "document": {"data": {"result": result}}}
        return {"role": "tool", "tool_call_id": message.tool_call_id or message.name or "", "content": [document]}
    said: Json = {"role": "system" if is_system(message) else message.role}
    parts = list(_parts(message.content))
    thoughts = message.reasoning_content if message.role == "assistant" else None
    if message.tool_calls:
        # What was thought or said before a call is its plan, which stands in a field of its own.
        plan = "".join(part["text"] for part in parts if part["type"] == "text") or thoughts
        parts = [part for part in parts if part["type"] != "text"]
        said["tool_calls"] = [_call(call) for call in message.tool_calls]
        if plan:
            said["tool_plan"] = plan
    elif thoughts:
        parts.insert(0, {"type": "thinking", "thinking": thoughts})
    if parts or not message.tool_calls:
        plain = len(parts) == 1 and parts[0]["type"] == "text"
        said["content"] = parts[0]["text"] if plain else parts or ""
    return said


def _parts(content: str | list[Json] | None) -> Iterator[Json]:
    if isinstance(content, str):
        if content:
            yield {"type": "text", "text": content}
        return
    for part in content or ():
        text = text_of(part)
        media = media_of(part)
        if text is not None:
            yield {"type": "text", "text": text}
        elif media is not None and part.get("type") == "image_url":
            url = media.url or f"data:{media.type};base64,{media.data}"
            yield {"type": "image_url", "image_url": {"url": url}}
        else:
            raise not_sent(part, "Cohere", "`text` and `image_url`")


def _call(call: Json) -> Json:
    tool_arguments(call)  # what is no JSON is refused here, with better words
    function = call.get("function") or {}
    said = {"name": function.get("name") or "", "arguments": function.get("arguments") or "{}"}
    return {"id": call.get("id") or "", "type": "function", "function": said}


def _tool(tool: Json) -> Json:
    function = tool_function(tool, "Cohere")
    said = {name: function[name] for name in ("name", "description") if function.get(name)}
    said["parameters"] = function.get("parameters") or {"type": "object", "properties": {}}
    return {"type": "function", "function": said}


def _tool_choice(request: ChatRequest) -> str | None:
    match request.tool_choice:
        case None | "auto":
            return None
        case "required":
            return "REQUIRED"
        case "none":
            return "NONE"
        case {"function": {"name": str(name)}} if [_name(tool) for tool in request.tools or ()] == [name]:
            return "REQUIRED"
    raise InvalidInput(
        "Cohere cannot be told which of several tools to call: use `auto`, `none` or `required`.", param="tool_choice"
    )


def _name(tool: Json) -> str:
    return str((tool.get("function") or {}).get("name"))


def _response_format(request: ChatRequest) -> Json | None:
    match request.response_format:
        case None | {"type": "text"}:
            return None
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return {"type": "json_object", "json_schema": schema}
        case {"type": "json_object"}:
            return {"type": "json_object"}
    raise InvalidInput(
        "This `response_format` cannot be said to Cohere: use `text`, `json_object` or `json_schema`.",
        param="response_format",
    )


def _thinking(request: ChatRequest) -> Json | None:
    if request.reasoning_effort is not None:
        return {"type": "disabled" if request.reasoning_effort == "none" else "enabled"}
    match request.thinking:
        case {"effort": str()} if "type" not in request.thinking and "reasoning" in request.model:
            return {"type": "enabled"}
        case {"type": "enabled", "budget_tokens": int(budget)}:
            return {"type": "enabled", "token_budget": budget}
        case {"type": "enabled" | "disabled" as kind}:
            return {"type": kind}
    return None
