"""Says an OpenAI chat request in the words of Google's `generateContent`, or says what cannot be said in them."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from yarl import URL

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.content_parts import (
    is_system,
    media_of,
    not_sent,
    stop_words,
    text_of,
    tool_arguments,
    tool_function,
    tool_names,
)
from quarterdeck.gateway.conversation import ChatRequest, Message

Json = dict[str, Any]  # Any: JSON, and content parts belong to the client

# What Google's own OpenAI endpoint makes of `reasoning_effort`: https://ai.google.dev/gemini-api/docs/openai
_LEVELS = {"none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH"}
_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}
_THINKS_BY_BUDGET = re.compile(r"gemini-2\.5")
_WANTS_SIGNATURES = re.compile(r"gemini-(?:[3-9]|\d\d)")
# Gemini 3 refuses a call of its own that comes back without its signature; for calls that another model made, Google
# has this word: https://ai.google.dev/gemini-api/docs/thought-signatures
_NO_SIGNATURE = "skip_thought_signature_validator"


def generate_request(model: str, request: ChatRequest) -> Json:
    """The body for `:generateContent` and `:streamGenerateContent`."""
    if (request.n or 1) > 1:
        raise InvalidInput("Gemini gives one answer at a time here: leave out `n`, or send it as 1.", param="n")
    body: Json = {"contents": _contents(model, request.messages)}
    system = [part for message in request.messages if is_system(message) for part in _parts(message.content)]
    if system:
        body["systemInstruction"] = {"parts": system}
    config = _generation_config(model, request)
    if config:
        body["generationConfig"] = config
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
        choice = _calling_config(request)
        if choice is not None:
            body["toolConfig"] = {"functionCallingConfig": choice}
    return body


def _contents(model: str, messages: list[Message]) -> list[Json]:
    """Turns of user and model, alternating: what several messages in a row say is put together in one."""
    names = tool_names(messages)
    turns: list[Json] = []
    for message in messages:
        if is_system(message):
            continue
        role = "model" if message.role == "assistant" else "user"
        parts = list(_content(model, message, names))
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            turns.append({"role": role, "parts": parts})
    if not turns:
        raise InvalidInput("Gemini needs at least one message that is not a system message.", param="messages")
    return turns


def _content(model: str, message: Message, names: dict[str, str]) -> Iterator[Json]:
    if message.role in ("tool", "function"):
        name = names.get(message.tool_call_id or "") or message.name or ""
        yield {"functionResponse": {"name": name, "response": _result(message)}}
        return
    yield from _parts(message.content)
    for number, call in enumerate(message.tool_calls or ()):
        part: Json = {"functionCall": {"name": (call.get("function") or {}).get("name"), "args": tool_arguments(call)}}
        signature = _signature(call)
        if signature is None and number == 0 and _WANTS_SIGNATURES.match(model):
            signature = _NO_SIGNATURE
        if signature is not None:
            part["thoughtSignature"] = signature
        yield part


def _signature(call: Json) -> str | None:
    match call:
        case {"extra_content": {"google": {"thought_signature": str(signature)}}}:
            return signature
    return None


def _result(message: Message) -> Json:
    text = message.text()
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE:
        return {"output": text}
    return found if isinstance(found, dict) else {"output": found}


def _parts(content: str | list[Json] | None) -> Iterator[Json]:
    if isinstance(content, str):
        if content:
            yield {"text": content}
        return
    for part in content or ():
        text = text_of(part)
        media = media_of(part)
        if text is not None:
            yield {"text": text}
        elif media is None:
            raise not_sent(part, "Gemini", "`text`, `image_url`, `file` and `input_audio`")
        elif media.url:
            guessed, _ = mimetypes.guess_type(URL(media.url).path)
            yield {"fileData": {"fileUri": media.url, "mimeType": guessed or "image/jpeg"}}
        else:
            yield {"inlineData": {"mimeType": media.type, "data": media.data}}


def _generation_config(model: str, request: ChatRequest) -> Json:
    said = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": request.max_completion_tokens or request.max_tokens,
        "stopSequences": stop_words(request.stop) or None,
        "seed": request.seed,
        "thinkingConfig": _thinking(model, request),
    }
    config: Json = {name: value for name, value in said.items() if value is not None}
    match request.response_format:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            config |= {"responseMimeType": "application/json", "responseJsonSchema": schema}
        case {"type": "json_object"}:
            config["responseMimeType"] = "application/json"
        case None | {"type": "text"}:
            pass
        case _:
            raise InvalidInput(
                "This `response_format` cannot be said to Gemini: use `text`, `json_object` or `json_schema`.",
                param="response_format",
            )
    return config


def _thinking(model: str, request: ChatRequest) -> Json | None:
    """How much to think. Whoever asks in the words of thinking dialects wants to see the thoughts, too."""
    wish = request.thinking if isinstance(request.thinking, dict) else {}
    shown: Json = {"includeThoughts": True} if wish and wish.get("type") != "disabled" else {}
    effort = request.reasoning_effort or wish.get("effort")
    if wish.get("type") == "disabled":
        effort = "none"
    by_budget, budget = _THINKS_BY_BUDGET.match(model), wish.get("budget_tokens")
    if by_budget and isinstance(budget, int) and request.reasoning_effort is None:
        return {"thinkingBudget": budget, **shown}
    if effort not in _LEVELS:
        return shown or None
    return {"thinkingBudget": _BUDGETS[effort], **shown} if by_budget else {"thinkingLevel": _LEVELS[effort], **shown}


def _declaration(tool: Json) -> Json:
    function = tool_function(tool, "Gemini")
    said: Json = {"name": function["name"]}
    if function.get("description"):
        said["description"] = function["description"]
    if function.get("parameters"):
        # The older `parameters` takes a part of OpenAPI's schemas; this one takes JSON Schema, which clients write.
        said["parametersJsonSchema"] = function["parameters"]
    return said


def _calling_config(request: ChatRequest) -> Json | None:
    match request.tool_choice:
        case None:
            return None
        case "auto" | "none":
            return {"mode": str(request.tool_choice).upper()}
        case "required":
            return {"mode": "ANY"}
        case {"function": {"name": str(name)}}:
            return {"mode": "ANY", "allowedFunctionNames": [name]}
    raise InvalidInput(
        "This `tool_choice` cannot be said to Gemini: use `auto`, `none`, `required` or a function.",
        param="tool_choice",
    )
