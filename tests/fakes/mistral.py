"""Mistral's manners beside OpenAI's: fields and ids that are refused, usage unasked, and thoughts in parts of the content."""

from __future__ import annotations

import json
import re

from tests.fakes.turn import Json, Script, Turn, script

RATE_LIMIT: Json = {
    "object": "error",
    "message": "Rate limit exceeded",
    "type": "rate_limited",
    "param": None,
    "code": "1300",
}
BAD_KEY: Json = {"detail": "Unauthorized"}
_FIELDS = {
    "model", "messages", "stream", "temperature", "top_p", "max_tokens", "stop", "random_seed", "metadata",
    "response_format", "tools", "tool_choice", "presence_penalty", "frequency_penalty", "n", "prediction",
    "parallel_tool_calls", "prompt_mode", "reasoning_effort", "guardrails", "safe_prompt",
}  # fmt: skip
_MESSAGE_FIELDS = {"role", "content", "tool_calls", "tool_call_id", "name", "prefix"}
_ID = "cmpl-e5cc70bb28c444948073e77776eb30ef"


def refusal(asked: Json) -> Json | None:
    """Why a request is answered 422, if it is."""
    for name in asked.keys() - _FIELDS:
        return _extra("body", name)
    for number, message in enumerate(asked["messages"]):
        if message["role"] not in ("system", "user", "assistant", "tool"):
            return _wrong("body", "messages", number, "role", reason="Input should be 'system', 'user', …")
        for name in message.keys() - _MESSAGE_FIELDS:
            return _extra("body", "messages", number, name)
        ids = [call["id"] for call in message.get("tool_calls") or ()]
        ids += [message["tool_call_id"]] if "tool_call_id" in message else []
        for one in ids:
            if not re.fullmatch(r"[A-Za-z0-9]{9}", one):
                words = f"Tool call id was {one} but must be a-z, A-Z, 0-9, with a length of 9."
                return {"object": "error", "message": words, "type": "invalid_request_message_order", "code": "3280"}
    return None


def completion(turn: Turn) -> Json:
    """A plain answer."""
    message: Json = {"role": "assistant", "tool_calls": None, "content": _content(turn, "".join(turn.words))}
    if turn.tool_calls:
        message |= {"content": "", "tool_calls": _calls(turn)}
    choice = {"index": 0, "finish_reason": _finish(turn), "message": message}
    return _head("chat.completion") | {"choices": [choice], "usage": usage(turn)}


def events(turn: Turn) -> Script:
    """A stream: whole tool calls, and usage with the last words."""
    deltas: list[Json] = [{"content": [_thought(thought)]} for thought in turn.thinking]
    deltas += [{"tool_calls": [call]} for call in _calls(turn)] or [{"content": word} for word in turn.words]
    last: Json = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": _finish(turn)}]}
    if turn.usage != "none":
        last["usage"] = usage(turn)
    after: Script = [_event(last)]
    after += ["data: [DONE]\n\n"] if turn.done else []
    first = _event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
    contents = [_event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}) for delta in deltas]
    broken = {"error": {"object": "error", "message": "Service unavailable.", "type": "internal_server_error"}}
    return script(turn, [first], contents, after, f"data: {json.dumps(broken)}\n\n")


def usage(turn: Turn) -> Json:
    """Mistral tells nothing of reasoning tokens; they are inside the completion."""
    total = turn.input_tokens + turn.output_tokens
    told: Json = {"prompt_tokens": turn.input_tokens, "total_tokens": total, "completion_tokens": turn.output_tokens}
    return told | ({"prompt_tokens_details": {"cached_tokens": turn.cached_tokens}} if turn.cached_tokens else {})


MODELS: Json = {
    "object": "list",
    "data": [
        {"id": "mistral-small-latest", "object": "model", "created": 1_763_000_000, "owned_by": "mistralai"},
        {"id": "mistral-embed", "object": "model", "created": 1_763_000_000, "owned_by": "mistralai"},
    ],
}


def _content(turn: Turn, text: str) -> object:
    if not turn.thinking:
        return text
    return [*(_thought(thought) for thought in turn.thinking), {"type": "text", "text": text}]


def _thought(thought: str) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}


def _calls(turn: Turn) -> list[Json]:
    return [
        {"id": f"aBcDeFg{number:02d}", "function": {"name": call.name, "arguments": call.arguments}, "index": number}
        for number, call in enumerate(turn.tool_calls)
    ]


def _finish(turn: Turn) -> str:
    return turn.finish or ("tool_calls" if turn.tool_calls else "stop")


def _event(said: Json) -> str:
    return f"data: {json.dumps(_head('chat.completion.chunk') | said)}\n\n"


def _head(kind: str) -> Json:
    return {"id": _ID, "object": kind, "created": 1_763_000_000, "model": "mistral-small-latest"}


def _extra(*place: object) -> Json:
    return _wrong(*place, reason="Extra inputs are not permitted", kind="extra_forbidden")


def _wrong(*place: object, reason: str, kind: str = "literal_error") -> Json:
    detail = [{"type": kind, "loc": list(place), "msg": reason, "input": None}]
    said = {"detail": detail}
    return {"object": "error", "message": said, "type": "invalid_request_error", "param": None, "code": None}
