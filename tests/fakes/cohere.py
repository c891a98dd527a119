"""Cohere's API as it is on the wire: `/v2/chat` as a stream, `/v2/embed`, `/v2/rerank` and the list of models."""

from __future__ import annotations

import json
import re

from tests.fakes.turn import Json, Script, Turn, script

RATE_LIMIT: Json = {
    "id": "5bd1e4ec-0b3a-4b8c-8a5d-3f2f4c1a0d52",
    "message": "You are using a Trial key, which is limited to 20 API calls / minute.",
}
BAD_KEY: Json = {"id": "7c1b2f0e-9f3c-4a0f-b7f3-2f3a5c8f4d10", "message": "invalid api token"}
_FINISH = {"length": "MAX_TOKENS", "content_filter": "ERROR_TOXIC"}
_ID = "c14c80c3-18eb-4519-9460-6c92edd8cfb4"
_CHAT_FIELDS = {
    "model", "messages", "stream", "tools", "tool_choice", "documents", "citation_options", "response_format",
    "safety_mode", "max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty",
    "k", "p", "logprobs", "thinking", "strict_tools", "priority",
}  # fmt: skip


def answer(path: str, asked: Json, turn: Turn) -> Json | Script:
    """What a request gets."""
    match path:
        case "/v1/models":
            return _MODELS
        case "/v2/embed":
            sizes = [float(len(text)) for text in asked["texts"]]
            return {
                "id": _ID,
                "embeddings": {"float": [[size, 0.5, -0.25] for size in sizes]},
                "texts": asked["texts"],
                "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": turn.input_tokens}},
                "response_type": "embeddings_by_type",
            }
        case "/v2/rerank":
            return _ranking(asked)
        case "/v2/chat" if asked.get("stream") is True and not set(asked) - _CHAT_FIELDS:
            return events(turn)
    return {"id": _ID, "message": f"unknown field or path: {path}"}


def events(turn: Turn) -> Script:
    """A stream: parts begin and end, calls come in fragments, and the end tells why and how much."""
    contents: list[str | bytes] = []
    if turn.tool_calls:
        contents.append(_event("tool-plan-delta", delta={"message": {"tool_plan": "I will look it up."}}))
        for index, call in enumerate(turn.tool_calls):
            function = {"name": call.name, "arguments": ""}
            started = {"id": call.id, "type": "function", "function": function}
            contents.append(_event("tool-call-start", index=index, delta={"message": {"tool_calls": started}}))
            middle = len(call.arguments) // 2
            for part in (call.arguments[:middle], call.arguments[middle:]):
                more = {"message": {"tool_calls": {"function": {"arguments": part}}}}
                contents.append(_event("tool-call-delta", index=index, delta=more))
            contents.append(_event("tool-call-end", index=index))
    else:
        for thought in turn.thinking:
            said = {"message": {"content": {"thinking": thought}}}
            contents.append(_event("content-delta", index=0, delta=said))
        contents += [
            _event("content-delta", index=0, delta={"message": {"content": {"text": word}}}) for word in turn.words
        ]
    start = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    before: Script = [_event("message-start", id=_ID, delta=start)]
    if not turn.tool_calls:
        begun = {"message": {"content": {"type": "text", "text": ""}}}
        before.append(_event("content-start", index=0, delta=begun))
    reason = "TOOL_CALL" if turn.tool_calls else "COMPLETE"
    end: Json = {"finish_reason": _FINISH.get(turn.finish or "", turn.finish or reason)}
    if turn.usage != "none":
        end["usage"] = usage(turn)
    citation = {
        "message": {"citations": {"start": 0, "end": 5, "text": "Paris", "sources": [], "type": "TEXT_CONTENT"}}
    }
    after: Script = [] if turn.tool_calls else [_event("citation-start", index=0, delta=citation)]
    after += [] if turn.tool_calls else [_event("citation-end", index=0), _event("content-end", index=0)]
    after.append(_event("message-end", delta=end))
    return script(turn, before, contents, after, 'data: {"message":"internal server error"}\n\n')


def usage(turn: Turn) -> Json:
    """Billed are fewer tokens than were read: Cohere's own preamble is free."""
    return {
        "billed_units": {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens},
        "tokens": {"input_tokens": turn.input_tokens + 476, "output_tokens": turn.output_tokens + 2},
        "cached_tokens": turn.cached_tokens,
    }


def _ranking(asked: Json) -> Json:
    """By how many words of the query a document has."""
    words = set(re.findall(r"\w+", asked["query"].lower()))
    scores = [len(words & set(re.findall(r"\w+", text.lower()))) / len(words) for text in asked["documents"]]
    ranked = sorted(range(len(scores)), key=lambda index: -scores[index])[: asked.get("top_n")]
    return {
        "id": _ID,
        "results": [{"index": index, "relevance_score": round(scores[index], 6)} for index in ranked],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
    }


def _event(kind: str, **said: object) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **said})}\n\n"


_MODELS: Json = {
    "models": [
        {"name": "command-a-03-2025", "endpoints": ["chat"], "context_length": 288_000, "finetuned": False},
        {"name": "embed-v4.0", "endpoints": ["embed"], "context_length": 128_000, "finetuned": False},
        {"name": "rerank-v3.5", "endpoints": ["rerank"], "context_length": 4096, "finetuned": False},
    ],
    "next_page_token": None,
}
