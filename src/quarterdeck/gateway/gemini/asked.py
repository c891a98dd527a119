"""Reads a request in the words of Google's `generateContent` into ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.gemini.schemas import json_schema
from quarterdeck.gateway.parsing import parse

Json = dict[str, Any]  # Any: JSON of the client's

STARTS = ("/v1beta/models/", "/v1/models/")
METHODS = ("generateContent", "streamGenerateContent")

# What a translation can do without: it steers Google's machines, not the answer.
_LEFT_OUT = ("safety_settings", "labels", "service_tier", "store")
_LEFT_OUT_OF_CONFIG = (
    "topK",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "mediaResolution",
    "enableEnhancedCivicAnswers",
    "routingConfig",
)
_ONLY_THERE = ("responseModalities", "speechConfig", "imageConfig", "audioTimestamp")
_IMAGE, _AUDIO = "image/", "audio/"


class _Turn(msgspec.Struct):
    parts: list[Json] = []
    role: str | None = None


class _Body(msgspec.Struct, rename="camel"):
    contents: list[_Turn] | _Turn | str = []
    system_instruction: _Turn | str | None = None
    generation_config: Json | None = None
    tools: list[Json] | None = None
    tool_config: Json | None = None
    cached_content: str | None = None
    safety_settings: Any = None  # Any, from here on: only whether it is there
    labels: dict[str, str] | None = None
    service_tier: Any = None
    store: Any = None


_BODY = msgspec.json.Decoder(_Body)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def model_and_method(path: str) -> tuple[str, str] | None:
    """The model and the method in a path such as `/v1beta/models/gemini-2.5-flash:generateContent`."""
    for start in STARTS:
        if path.startswith(start):
            model, colon, method = path.removeprefix(start).rpartition(":")
            if colon and model:
                return model, method
    return None


def read_generate_request(path: str, body: bytes) -> Asked:
    """The request, with what no other dialect can hold named."""
    found = model_and_method(path)
    if found is None or found[1] not in METHODS:
        raise NotFound(f"There is nothing at `{path}`.")
    model, streams = found[0], found[1] == "streamGenerateContent"
    sent = parse(in_camel_case(body), _BODY)
    strange = _Strange()
    if sent.cached_content:
        strange.note("`cachedContent`")
    config = sent.generation_config or {}
    for name in _ONLY_THERE:
        if config.get(name) not in (None, ["TEXT"]):
            strange.note(f"`generationConfig.{name}`")
    messages = _messages(sent, strange)
    if not messages and strange.first is None:
        raise InvalidInput("`contents` is empty. Send at least one turn with a part.", param="contents")
    request = ChatRequest(
        model=model,
        messages=messages,
        stream=streams,
        stream_options={"include_usage": True} if streams else None,
        temperature=_number(config, "temperature"),
        top_p=_number(config, "topP"),
        max_tokens=_whole(config, "maxOutputTokens"),
        stop=config.get("stopSequences") or None,
        seed=_whole(config, "seed"),
        n=_whole(config, "candidateCount"),
        tools=[tool for group in sent.tools or () for tool in _tools(group, strange)] or None,
        response_format=_format(config),
        thinking=_thinking(config.get("thinkingConfig")),
        metadata=dict(sent.labels) if sent.labels else None,
    )
    _choose(request, (sent.tool_config or {}).get("functionCallingConfig"))
    left_out = [msgspec.structs.fields(_Body)[_place(name)].encode_name for name in _LEFT_OUT if getattr(sent, name)]
    left_out += [f"generationConfig.{name}" for name in _LEFT_OUT_OF_CONFIG if config.get(name) is not None]
    return Asked(body, request, tuple(left_out), strange.first)


def in_camel_case(body: bytes) -> bytes:
    """The body with the names of its fields as Google's documents have them: its servers take `snake_case`, too."""
    if b"_" not in body[:200_000]:
        return body
    try:
        fields = _FIELDS.decode(body)
    except UNREADABLE:
        return body  # whoever reads it says what is wrong
    renamed = {_camel(name) if name in _SNAKES else name: value for name, value in fields.items()}
    return body if list(renamed) == list(fields) else msgspec.json.encode(renamed)


_SNAKES = {"system_instruction", "generation_config", "tool_config", "cached_content", "safety_settings"}


class _Strange:
    """What was found that only Google can do."""

    first: str | None = None

    def note(self, what: str) -> None:
        self.first = self.first or what


def _messages(sent: _Body, strange: _Strange) -> list[Message]:
    messages: list[Message] = []
    system = sent.system_instruction
    parts = [{"text": system}] if isinstance(system, str) else system.parts if system is not None else []
    words = "\n\n".join(str(part.get("text") or "") for part in parts)
    if words:
        messages.append(Message("system", words))
    contents = sent.contents
    turns = (
        contents
        if isinstance(contents, list)
        else [_Turn([{"text": contents}]) if isinstance(contents, str) else contents]
    )
    calls = _Calls()
    for turn in turns:
        if turn.role not in (None, "user", "model", "function", "system"):
            raise InvalidInput(f"A turn has the role `{turn.role}`. There are `user` and `model`.", param="contents")
        messages += [_of_model(turn, calls, strange)] if turn.role == "model" else _of_user(turn, calls, strange)
    return messages


class _Calls:
    """Gemini may leave out the ids of calls: results then belong to calls of the same name, in their order."""

    def __init__(self) -> None:
        self._made = 0
        self._open: list[tuple[str, str]] = []

    def begin(self, name: str, call_id: object) -> str:
        """The id of a call."""
        self._made += 1
        found = str(call_id or f"call_{self._made}")
        self._open.append((name, found))
        return found

    def end(self, name: str, call_id: object) -> str:
        """The id of the call that a result belongs to."""
        wanted = str(call_id or "")
        for place, (called, found) in enumerate(self._open):
            if found == wanted or (not wanted and called == name):
                del self._open[place]
                return found
        return wanted or f"call_{name}"


def _of_model(turn: _Turn, calls: _Calls, strange: _Strange) -> Message:
    texts: list[str] = []
    thoughts: list[Json] = []
    called: list[Json] = []
    for part in turn.parts:
        signature = part.get("thoughtSignature")
        match part:
            case {"functionCall": dict(call)}:
                name = str(call.get("name") or "")
                arguments = msgspec.json.encode(call.get("args") or {}).decode()
                made: Json = {
                    "id": calls.begin(name, call.get("id")),
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                }
                if isinstance(signature, str):
                    made["extra_content"] = {"google": {"thought_signature": signature}}
                called.append(made)
            case {"text": str(text), "thought": True}:
                thoughts.append({"type": "thinking", "thinking": text, "signature": signature or ""})
            case {"text": str(text)}:
                texts.append(text)
            case _:
                strange.note(f"A part with {_said(part)}")
    words = "".join(block["thinking"] for block in thoughts)
    return Message(
        "assistant",
        "".join(texts) or ("" if not called else None),
        tool_calls=called or None,
        reasoning_content=words or None,
        # Blocks without a signature are worth nothing to those who look for one.
        thinking_blocks=[block for block in thoughts if block["signature"]] or None,
    )


def _of_user(turn: _Turn, calls: _Calls, strange: _Strange) -> Iterator[Message]:
    said: list[Json] = []
    for part in turn.parts:
        match part:
            case {"functionResponse": dict(response)}:
                name = str(response.get("name") or "")
                content = msgspec.json.encode(response.get("response") or {}).decode()
                yield Message("tool", content, name=name or None, tool_call_id=calls.end(name, response.get("id")))
            case {"text": str(text)}:
                said.append({"type": "text", "text": text})
            case {"inlineData": dict(data)} | {"inline_data": dict(data)}:
                said.append(_inline(data))
            case {"fileData": dict(data)} if str(data.get("mimeType") or "").startswith(_IMAGE):
                said.append({"type": "image_url", "image_url": {"url": str(data.get("fileUri") or "")}})
            case _:
                strange.note(f"A part with {_said(part)}")
    if said:
        only_words = all(part["type"] == "text" for part in said)
        yield Message("user", "\n".join(part["text"] for part in said) if only_words else said)


def _inline(data: Json) -> Json:
    kind = str(data.get("mimeType") or data.get("mime_type") or "application/octet-stream")
    content = str(data.get("data") or "")
    if kind.startswith(_IMAGE):
        return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{content}"}}
    if kind.startswith(_AUDIO):
        return {"type": "input_audio", "input_audio": {"data": content, "format": kind.removeprefix(_AUDIO)}}
    name = str(data.get("displayName") or "document")
    return {"type": "file", "file": {"filename": name, "file_data": f"data:{kind};base64,{content}"}}


def _said(part: Json) -> str:
    names = [name for name in part if name not in ("thought", "thoughtSignature", "videoMetadata")]
    return f"`{names[0]}`" if names else "nothing in it"


def _tools(group: Json, strange: _Strange) -> Iterator[Json]:
    for name, value in group.items():
        if name not in ("functionDeclarations", "function_declarations"):
            strange.note(f"The tool `{name}`")
            continue
        for declared in value if isinstance(value, list) else ():
            if not isinstance(declared, dict) or not isinstance(declared.get("name"), str):
                raise InvalidInput("A function declaration has no `name`.", param="tools")
            schema = declared.get("parametersJsonSchema") or json_schema(declared.get("parameters"))
            function: Json = {"name": declared["name"], "parameters": schema or {"type": "object", "properties": {}}}
            if declared.get("description"):
                function["description"] = declared["description"]
            yield {"type": "function", "function": function}


def _choose(request: ChatRequest, choice: Any) -> None:  # Any: JSON of the client's
    match choice:
        case None:
            return
        case {"mode": "ANY" | "VALIDATED", "allowedFunctionNames": [str(name)]}:
            request.tool_choice = {"type": "function", "function": {"name": name}}
        case {"mode": "ANY", **more}:
            request.tool_choice = "required"
            allowed = more.get("allowedFunctionNames")
            if isinstance(allowed, list) and allowed:
                request.tools = [tool for tool in request.tools or () if tool["function"]["name"] in allowed]
        case {"mode": "NONE"}:
            request.tool_choice = "none"
        case {"mode": "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED"} | {}:
            request.tool_choice = "auto" if request.tools else None


def _format(config: Json) -> Json | None:
    schema = config.get("responseJsonSchema") or json_schema(config.get("responseSchema"))
    if isinstance(schema, dict):
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": False}}
    return {"type": "json_object"} if config.get("responseMimeType") == "application/json" else None


def _thinking(config: Any) -> Json | None:  # Any: JSON of the client's
    match config:
        case {"thinkingLevel": str(level)}:
            return {"type": "enabled", "effort": level.lower()}
        case {"thinkingBudget": 0}:
            return {"type": "disabled"}
        case {"thinkingBudget": int(budget)} if budget > 0:
            return {"type": "enabled", "budget_tokens": budget}
    return None


def _number(config: Json, name: str) -> float | None:
    value = config.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InvalidInput(f"`generationConfig.{name}` must be a number.", param=f"generationConfig.{name}")
    return value


def _whole(config: Json, name: str) -> int | None:
    value = _number(config, name)
    return None if value is None else int(value)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _place(name: str) -> int:
    return _Body.__struct_fields__.index(name)
