"""Says an OpenAI chat request in the words of Anthropic's Messages API, or says what cannot be said in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.content_parts import (
    Json,
    alternating_turns,
    is_system,
    not_sent,
    stop_words,
    tool_arguments,
    tool_function,
)
from quarterdeck.gateway.conversation import ChatRequest, Message

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
# Anthropic wants a limit where OpenAI needs none, so we send the most that the model's generation can write at once.
_LONGEST_ANSWERS = ((re.compile(r"claude-(3-(haiku|opus|sonnet)|2|instant)"), 4096), (re.compile(r"claude-3-5"), 8192))
_LONGEST_ANSWER = 32_000
_KNOWS_NO_EFFORT = re.compile(r"claude-(2|3|instant|haiku-4|(sonnet|opus)-4(-0|-1|-2025|$)|sonnet-4-5)")


def messages_request(model: str, request: ChatRequest) -> Json:
    """The body for `POST /v1/messages`, streaming."""
    if (request.n or 1) > 1:
        raise InvalidInput("Anthropic gives one answer at a time: leave out `n`, or send it as 1.", param="n")
    body: Json = {
        "model": model,
        "max_tokens": request.max_completion_tokens or request.max_tokens or _longest_answer(model),
        "messages": alternating_turns(request.messages, _content, "Anthropic"),
        "stream": True,
    }
    system = [block for message in request.messages if is_system(message) for block in _blocks(message.content)]
    if system:
        body["system"] = system
    if request.temperature is not None:
        # OpenAI's scale ends at 2, Anthropic's at 1.
        body["temperature"] = min(1.0, request.temperature)
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.stop:
        body["stop_sequences"] = stop_words(request.stop)
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        choice = _tool_choice(request)
        if choice is not None:
            body["tool_choice"] = choice
    if isinstance(request.thinking, dict) and "type" in request.thinking:
        body["thinking"] = {name: value for name, value in request.thinking.items() if name != "effort"}
    output = _output_config(model, request)
    if output:
        body["output_config"] = output
    return body


def _content(message: Message) -> Iterator[Json]:
    if message.role in ("tool", "function"):
        yield {
            "type": "tool_result",
            "tool_use_id": message.tool_call_id or message.name or "",
            "content": list(_blocks(message.content)),
        }
        return
    if message.role == "assistant":
        yield from message.thinking_blocks or ()
    yield from _blocks(message.content)
    for call in message.tool_calls or ():
        function = call.get("function") or {}
        yield {
            "type": "tool_use",
            "id": call.get("id") or "",
            "name": function.get("name") or "",
            "input": tool_arguments(call),
        }


def _blocks(content: str | list[Json] | None) -> Iterator[Json]:
    if isinstance(content, str):
        # Anthropic refuses empty text blocks.
        if content:
            yield {"type": "text", "text": content}
        return
    for part in content or ():
        yield _block(part)


def _block(part: Json) -> Json:
    # A client that knows whom it talks to may mark what Anthropic is to cache.
    mark = {"cache_control": part["cache_control"]} if "cache_control" in part else {}
    match part.get("type"):
        case "text" | "refusal":
            return {"type": "text", "text": str(part.get("text") or part.get("refusal") or ""), **mark}
        case "image_url":
            image = part.get("image_url")
            url = image.get("url") if isinstance(image, dict) else image
            return {"type": "image", "source": _source(str(url or "")), **mark}
        case "file":
            file = part.get("file") or {}
            if "file_data" in file:
                return {"type": "document", "source": _source(str(file["file_data"])), **mark}
    raise not_sent(part, "Anthropic", "`text`, `image_url` and `file`")


def _source(url: str) -> Json:
    data = _DATA_URL.fullmatch(url)
    if data is not None:
        return {"type": "base64", "media_type": data["type"], "data": data["data"]}
    if url.startswith(("http://", "https://")):
        return {"type": "url", "url": url}
    raise InvalidInput("An image or file is an `https:` URL or a `data:…;base64,` URL.", param="messages")


def _tool(tool: Json) -> Json:
    function = tool_function(tool, "Anthropic")
    said: Json = {
        "name": function["name"],
        "input_schema": function.get("parameters") or {"type": "object", "properties": {}},
    }
    for name in ("description", "strict"):
        if function.get(name) is not None:
            said[name] = function[name]
    if "cache_control" in tool:
        said["cache_control"] = tool["cache_control"]
    return said


def _tool_choice(request: ChatRequest) -> Json | None:
    wanted = request.tool_choice
    one_at_a_time = {"disable_parallel_tool_use": True} if request.parallel_tool_calls is False else {}
    match wanted:
        case "none":
            return {"type": "none"}
        case "required":
            return {"type": "any", **one_at_a_time}
        case {"function": {"name": str(name)}}:
            return {"type": "tool", "name": name, **one_at_a_time}
        case "auto" | None:
            return {"type": "auto", **one_at_a_time} if wanted or one_at_a_time else None
    raise InvalidInput(
        "This `tool_choice` cannot be said to Anthropic: use `auto`, `none`, `required` or a function.",
        param="tool_choice",
    )


def _output_config(model: str, request: ChatRequest) -> Json:
    config: Json = {}
    match request.response_format:
        case None | {"type": "text"}:
            pass
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            config["format"] = {"type": "json_schema", "schema": schema}
        case _:
            raise InvalidInput(
                "Anthropic writes JSON by a schema: send `response_format` of type `json_schema`.",
                param="response_format",
            )
    wished = request.thinking.get("effort") if isinstance(request.thinking, dict) else None
    if not knows_effort(model):
        wished = None  # it would refuse, and a wish is no demand
    effort = _EFFORTS.get(request.reasoning_effort or wished or "")
    if effort is not None:
        config["effort"] = effort
    return config


def knows_effort(model: str) -> bool:
    """Whether a model of Anthropic's, by Anthropic's name for it, can be told how much effort to make."""
    return _KNOWS_NO_EFFORT.match(model) is None


def _longest_answer(model: str) -> int:
    return next((limit for pattern, limit in _LONGEST_ANSWERS if pattern.match(model)), _LONGEST_ANSWER)
