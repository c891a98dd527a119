"""Google's Gemini API as it is on the wire: `streamGenerateContent?alt=sse`, `batchEmbedContents` and the list of models."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.fakes.turn import Json, Script, ToolCall, Turn, script

MODEL = "gemini-2.5-flash"
RATE_LIMIT: Json = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota. Please retry in 34.1s.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"},
        ],
    }
}
BAD_KEY: Json = {
    "error": {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        ],
    }
}
BROKEN: Json = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
NO_MODEL: Json = {
    "error": {
        "code": 404,
        "message": "models/gemini-9 is not found for API version v1beta.",
        "status": "NOT_FOUND",
    }
}
_FINISH = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}


def answer(path: str, query: Mapping[str, str], asked: Json, turn: Turn) -> Json | Script:
    """What a request gets."""
    if path.endswith("/models"):
        return _MODELS
    if path.endswith(":batchEmbedContents"):
        sizes = [sum(len(part["text"]) for part in one["content"]["parts"]) for one in asked["requests"]]
        found: Json = {"embeddings": [{"values": [float(size), 0.5, -0.25]} for size in sizes]}
        return found if turn.usage == "none" else found | {"usageMetadata": {"promptTokenCount": turn.input_tokens}}
    if path.endswith(":streamGenerateContent") and query.get("alt") == "sse":
        return events(turn)
    if path.endswith(":generateContent"):
        return whole(turn)
    return {"error": {"code": 404, "message": f"no route {path}", "status": "NOT_FOUND"}}


def events(turn: Turn) -> Script:
    """A stream: thoughts, words or calls, each with the count so far; the reason comes with the last one."""
    thoughts = [{"text": thought, "thought": True} for thought in turn.thinking]
    calls: list[Json] = [_call(call, number) for number, call in enumerate(turn.tool_calls)]
    words: list[Json] = [] if calls else [{"text": word} for word in turn.words]
    parts = [*thoughts, *words, *calls]
    contents = [_event(_response(turn, [part], finish=None)) for part in parts]
    if contents and turn.finish is None:  # Gemini says why it ended together with the last words
        contents[-1] = _event(_response(turn, [parts[-1]], finish="STOP"))
        return script(turn, [], contents, [], _event(BROKEN))
    last = _response(turn, [{"text": ""}], finish=_FINISH.get(turn.finish or "", turn.finish or "STOP"))
    return script(turn, [], contents, [_event(last)], _event(BROKEN))


def whole(turn: Turn) -> Json:
    """A plain answer."""
    thoughts: list[Json] = [{"text": "".join(turn.thinking), "thought": True}] if turn.thinking else []
    calls: list[Json] = [_call(call, number) for number, call in enumerate(turn.tool_calls)]
    words: list[Json] = [] if calls else [{"text": "".join(turn.words)}]
    return _response(turn, [*thoughts, *words, *calls], finish=_FINISH.get(turn.finish or "", turn.finish or "STOP"))


def _response(turn: Turn, parts: list[Json], finish: str | None) -> Json:
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    said: Json = {"candidates": [candidate], "modelVersion": MODEL, "responseId": "mN8faZmXF8G1"}
    if turn.usage != "none":
        said["usageMetadata"] = usage(turn, turn.output_tokens if finish else 1)
    return said


def usage(turn: Turn, output_tokens: int) -> Json:
    """Cached tokens inside the prompt; thoughts beside the candidates."""
    written = max(0, output_tokens - turn.reasoning_tokens)
    said: Json = {
        "promptTokenCount": turn.input_tokens,
        "candidatesTokenCount": written,
        "totalTokenCount": turn.input_tokens + written + turn.reasoning_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": turn.input_tokens}],
    }
    if turn.cached_tokens:
        said["cachedContentTokenCount"] = turn.cached_tokens
        said["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": turn.cached_tokens}]
    if turn.reasoning_tokens:
        said["thoughtsTokenCount"] = turn.reasoning_tokens
    return said


def _call(call: ToolCall, number: int) -> Json:
    said: Json = {"functionCall": {"id": call.id, "name": call.name, "args": json.loads(call.arguments)}}
    return said | {"thoughtSignature": "c2lnbmF0dXJl"} if number == 0 else said


def _event(said: Json) -> str:
    return f"data: {json.dumps(said)}\r\n\r\n"


_MODELS: Json = {
    "models": [
        {
            "name": "models/gemini-2.5-flash",
            "version": "001",
            "displayName": "Gemini 2.5 Flash",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens", "createCachedContent"],
        },
        {
            "name": "models/gemini-embedding-001",
            "version": "001",
            "displayName": "Gemini Embedding 001",
            "inputTokenLimit": 2048,
            "outputTokenLimit": 1,
            "supportedGenerationMethods": ["embedContent"],
        },
        {"name": "models/imagen-4", "displayName": "Imagen", "supportedGenerationMethods": ["predict"]},
    ]
}
