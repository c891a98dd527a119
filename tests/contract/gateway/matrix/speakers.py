"""Clients of every dialect: each says the same question in its own words, and reads the answer out of its own shape."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from tests.fakes.turn import Json

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
PARAMETERS: Json = {"type": "object", "properties": {"city": {"type": "string"}}}
SCHEMA: Json = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}
QUESTION = "What is the capital of France?"


@dataclass(frozen=True)
class Question:
    """What a client asks, whatever its words for it are."""

    stream: bool = False
    tools: bool = False
    schema: bool = False
    image: bool = False
    thinking: bool = False
    before: Heard | None = None
    """An answer that called tools: it is sent back as it was, with what the tools found."""


@dataclass
class Heard:
    """What a client has got out of an answer."""

    status: int
    headers: dict[str, str]
    events: list[Json]
    """The body, or the events of the stream."""
    ended: bool = True
    """Whether the stream has said that it is whole."""
    text: str = ""
    thoughts: str = ""
    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    """Id, name and arguments."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reason: str | None = None
    chunks: int = 0
    """In how many pieces the words came."""
    said: list[Json] = field(default_factory=list)
    """What this client sends back to go on: the assistant's turn in its own words."""


class Speaker(ABC):
    """A client of one dialect."""

    name: ClassVar[str]
    cut_short: ClassVar[str]
    """The dialect's word for an answer that reached its limit."""
    calls_tools: ClassVar[str]
    lacks: ClassVar[frozenset[str]] = frozenset()
    """The features that the dialect has no words for."""

    def path(self, model: str, question: Question) -> str:
        return self._path

    _path: ClassVar[str] = ""

    @abstractmethod
    def body(self, model: str, question: Question) -> Json:
        """The request."""

    @abstractmethod
    def read(self, heard: Heard) -> None:
        """Fill in what the events say."""

    @abstractmethod
    def error(self, said: Json) -> tuple[str, str]:
        """The kind and the words of an error."""

    def hear(self, status: int, headers: dict[str, str], raw: bytes) -> Heard:
        """An answer, understood."""
        streamed = headers.get("content-type", "").startswith("text/event-stream")
        lines = [line[5:].strip() for line in raw.decode().splitlines() if line.startswith("data:")]
        events = [json.loads(line) for line in lines if line != "[DONE]"] if streamed else [json.loads(raw)]
        heard = Heard(status, headers, events)
        if status == 200:
            self.read(heard)
            heard.ended = not streamed or self.is_whole(lines, events)
        return heard

    def is_whole(self, lines: list[str], events: list[Json]) -> bool:
        """Whether a stream has ended as this dialect's streams end."""
        return lines[-1] == "[DONE]"


class Chat(Speaker):
    name, cut_short, calls_tools = "chat", "length", "tool_calls"
    _path = "/v1/chat/completions"

    def body(self, model: str, question: Question) -> Json:
        content: object = QUESTION
        if question.image:
            url = {"url": f"data:image/png;base64,{PIXEL}"}
            content = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": url}]
        messages: list[Json] = [{"role": "user", "content": content}]
        if question.before is not None:
            messages += question.before.said
            messages += [
                {"role": "tool", "tool_call_id": call_id, "content": json.dumps(found(arguments))}
                for call_id, _, arguments in question.before.calls
            ]
        body: Json = {"model": model, "messages": messages}
        if question.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if question.tools:
            body["tools"] = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
        if question.schema:
            described = {"name": "place", "schema": SCHEMA, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        if question.thinking:
            body["reasoning_effort"] = "high"
        return body

    def read(self, heard: Heard) -> None:
        message: Json = {"role": "assistant", "content": ""}
        calls: dict[int, Json] = {}
        for event in heard.events:
            _count(heard, event.get("usage"), "prompt", "completion")
            for choice in event["choices"]:
                heard.reason = choice.get("finish_reason") or heard.reason
                delta = choice["delta"] if "delta" in choice else choice["message"]
                heard.chunks += bool(delta.get("content"))
                content = delta.get("content") or ""
                if isinstance(content, list):  # Mistral's thoughts
                    thoughts = [part["thinking"][0]["text"] for part in content if part["type"] == "thinking"]
                    heard.thoughts += "".join(thoughts)
                    content = "".join(part["text"] for part in content if part["type"] == "text")
                message["content"] += content
                heard.thoughts += delta.get("reasoning_content") or ""
                for block in delta.get("thinking_blocks") or ():
                    message.setdefault("thinking_blocks", []).append(block)
                for number, call in enumerate(delta.get("tool_calls") or ()):
                    known = calls.setdefault(call.get("index", number), {"function": {"name": "", "arguments": ""}})
                    more = call.get("function") or {}
                    known["function"]["name"] += more.get("name") or ""
                    known["function"]["arguments"] += more.get("arguments") or ""
                    known |= {key: call[key] for key in ("id", "type", "extra_content") if call.get(key)}
        heard.text = message["content"]
        if heard.thoughts:
            message["reasoning_content"] = heard.thoughts
        if calls:
            message["tool_calls"] = [{"type": "function", **calls[index]} for index in sorted(calls)]
        heard.calls = [
            (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in message.get("tool_calls", ())
        ]
        heard.said = [message]

    def error(self, said: Json) -> tuple[str, str]:
        return said["error"]["type"], said["error"]["message"]


class Completions(Speaker):
    name, cut_short, calls_tools = "completions", "length", ""
    _path = "/v1/completions"
    lacks = frozenset(
        {"tools", "streamed call", "parallel calls", "tool results", "schema", "image", "thinking", "thoughts",
         "signature"}
    )  # fmt: skip

    def body(self, model: str, question: Question) -> Json:
        body: Json = {"model": model, "prompt": QUESTION}
        return body | ({"stream": True, "stream_options": {"include_usage": True}} if question.stream else {})

    def read(self, heard: Heard) -> None:
        for event in heard.events:
            _count(heard, event.get("usage"), "prompt", "completion")
            for choice in event["choices"]:
                heard.reason = choice.get("finish_reason") or heard.reason
                heard.text += choice["text"]
                heard.chunks += bool(choice["text"])

    def error(self, said: Json) -> tuple[str, str]:
        return said["error"]["type"], said["error"]["message"]


class Responses(Speaker):
    name, cut_short, calls_tools = "responses", "max_output_tokens", "completed"
    _path = "/v1/responses"

    def body(self, model: str, question: Question) -> Json:
        content: list[Json] = [{"type": "input_text", "text": QUESTION}]
        if question.image:
            content.append({"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"})
        items: list[Json] = [{"role": "user", "content": content}]
        if question.before is not None:
            items += question.before.said
            items += [
                {"type": "function_call_output", "call_id": call_id, "output": json.dumps(found(arguments))}
                for call_id, _, arguments in question.before.calls
            ]
        body: Json = {"model": model, "input": items, "store": False, "stream": question.stream}
        if question.tools:
            body["tools"] = [{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}]
        if question.schema:
            body["text"] = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
        if question.thinking:
            body |= {
                "reasoning": {"effort": "high", "summary": "auto"},
                "include": ["reasoning.encrypted_content"],
            }
        return body

    def read(self, heard: Heard) -> None:
        response = heard.events[-1].get("response") or heard.events[-1]
        for event in heard.events:
            heard.chunks += event.get("type") == "response.output_text.delta"
        used = response["usage"]
        _count(heard, used, "input", "output")
        heard.said = response["output"]
        for item in response["output"]:
            if item["type"] == "message":
                heard.text += "".join(part["text"] for part in item["content"])
            elif item["type"] == "reasoning":
                heard.thoughts += "".join(part["text"] for part in item["summary"])
            elif item["type"] == "function_call":
                heard.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
        heard.reason = (response.get("incomplete_details") or {}).get("reason") or response["status"]

    def is_whole(self, lines: list[str], events: list[Json]) -> bool:
        return events[-1]["type"] in ("response.completed", "response.incomplete")

    def error(self, said: Json) -> tuple[str, str]:
        return said["error"]["type"], said["error"]["message"]


class Messages(Speaker):
    name, cut_short, calls_tools = "messages", "max_tokens", "tool_use"
    _path = "/v1/messages"

    def body(self, model: str, question: Question) -> Json:
        content: list[Json] = [{"type": "text", "text": QUESTION}]
        if question.image:
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            content.append({"type": "image", "source": source})
        messages: list[Json] = [{"role": "user", "content": content}]
        if question.before is not None:
            messages.append({"role": "assistant", "content": question.before.said})
            results = [
                {"type": "tool_result", "tool_use_id": call_id, "content": json.dumps(found(arguments))}
                for call_id, _, arguments in question.before.calls
            ]
            messages.append({"role": "user", "content": results})
        body: Json = {"model": model, "max_tokens": 4096, "messages": messages, "stream": question.stream}
        if question.tools:
            body["tools"] = [{"name": "weather", "input_schema": PARAMETERS}]
        if question.schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
        if question.thinking:
            body["thinking"] = {"type": "enabled", "budget_tokens": 2048}
        return body

    def read(self, heard: Heard) -> None:
        blocks: list[Json] = []
        written: dict[int, str] = {}
        for event in heard.events:
            match event:
                case {"type": "message", "content": list(content)}:
                    blocks = content
                    heard.reason = event["stop_reason"]
                    _count(heard, event["usage"], "input", "output")
                case {"type": "message_start"}:
                    _count(heard, event["message"]["usage"], "input", "output")
                case {"type": "content_block_start", "content_block": dict(block)}:
                    blocks.append(dict(block))
                case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                    heard.chunks += delta["type"] == "text_delta"
                    for name in ("text", "thinking", "signature"):
                        if name in delta:
                            blocks[index][name] = blocks[index].get(name, "") + delta[name]
                    written[index] = written.get(index, "") + delta.get("partial_json", "")
                case {"type": "message_delta"}:
                    heard.reason = event["delta"]["stop_reason"]
                    _count(heard, event["usage"], "input", "output")
        for index, block in enumerate(blocks):
            if block["type"] == "tool_use":
                block["input"] = json.loads(written[index]) if written.get(index) else block["input"]
                heard.calls.append((block["id"], block["name"], block["input"]))
        heard.text = "".join(block["text"] for block in blocks if block["type"] == "text")
        heard.thoughts = "".join(block["thinking"] for block in blocks if block["type"] == "thinking")
        heard.said = blocks

    def is_whole(self, lines: list[str], events: list[Json]) -> bool:
        return bool(events[-1]["type"] == "message_stop")

    def error(self, said: Json) -> tuple[str, str]:
        assert said["type"] == "error"
        return said["error"]["type"], said["error"]["message"]


class Gemini(Speaker):
    name, cut_short, calls_tools = "gemini", "MAX_TOKENS", "STOP"

    def path(self, model: str, question: Question) -> str:
        return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if question.stream else "generateContent")

    def body(self, model: str, question: Question) -> Json:
        parts: list[Json] = [{"text": QUESTION}]
        if question.image:
            parts.append({"inlineData": {"mimeType": "image/png", "data": PIXEL}})
        contents: list[Json] = [{"role": "user", "parts": parts}]
        if question.before is not None:
            contents.append({"role": "model", "parts": question.before.said})
            results = [
                {"functionResponse": {"id": call_id, "name": name, "response": found(arguments)}}
                for call_id, name, arguments in question.before.calls
            ]
            contents.append({"role": "user", "parts": results})
        body: Json = {"contents": contents}
        config: Json = {}
        if question.tools:
            body["tools"] = [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": PARAMETERS}]}]
        if question.schema:
            config |= {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
        if question.thinking:
            config["thinkingConfig"] = {"thinkingBudget": 2048, "includeThoughts": True}
        return body | ({"generationConfig": config} if config else {})

    def read(self, heard: Heard) -> None:
        for event in heard.events:
            used = event.get("usageMetadata")
            if used is not None:
                heard.input_tokens = used["promptTokenCount"]
                heard.output_tokens = used.get("candidatesTokenCount", 0) + used.get("thoughtsTokenCount", 0)
                heard.cached_tokens = used.get("cachedContentTokenCount")
            for candidate in event["candidates"]:
                heard.reason = candidate.get("finishReason") or heard.reason
                for part in candidate["content"]["parts"]:
                    heard.said.append(part)
                    if part.get("thought"):
                        heard.thoughts += part["text"]
                    elif "functionCall" in part:
                        call = part["functionCall"]
                        heard.calls.append((call["id"], call["name"], call["args"]))
                    else:
                        heard.text += part["text"]
                        heard.chunks += bool(part["text"])

    def is_whole(self, lines: list[str], events: list[Json]) -> bool:
        return "finishReason" in events[-1]["candidates"][0]

    def error(self, said: Json) -> tuple[str, str]:
        assert said["error"]["code"] in (400, 429)
        return said["error"]["status"], said["error"]["message"]


SPEAKERS: tuple[Speaker, ...] = (Chat(), Responses(), Completions(), Messages(), Gemini())


def found(arguments: Json) -> Json:
    """What the tool finds for a city."""
    return {"sky": f"blue over {arguments['city']}"}


def _count(heard: Heard, used: Json | None, read: str, written: str) -> None:
    """Tokens as OpenAI and Anthropic tell them; Anthropic's events tell some anew."""
    if not used:
        return
    details = used.get(f"{read}_tokens_details") or {}
    cached = used.get("cache_read_input_tokens", details.get("cached_tokens"))
    if f"{read}_tokens" in used:
        beside = [used.get(name) or 0 for name in ("cache_read_input_tokens", "cache_creation_input_tokens")]
        heard.input_tokens = used[f"{read}_tokens"] + sum(beside)
    heard.output_tokens = used.get(f"{written}_tokens", heard.output_tokens)
    heard.cached_tokens = heard.cached_tokens if cached is None else cached
