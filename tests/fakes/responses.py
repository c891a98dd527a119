"""OpenAI's Responses API and its old Completions, as they are on the wire."""

from __future__ import annotations

import json

from tests.fakes.turn import Json, Script, Turn, script

MODEL = "gpt-4o-mini-2024-07-18"


def answer(asked: Json, turn: Turn, number: int) -> Json | Script:
    """A response: whole, or as the events of its stream."""
    whole = _response(asked, turn, number)
    return _events(whole, turn) if asked.get("stream") else whole


def completion(asked: Json, turn: Turn, number: int) -> Json | Script:
    """A completion of the old kind."""
    head: Json = {"id": f"cmpl-{number:029d}", "object": "text_completion", "created": 1_763_000_000}
    head["model"] = asked["model"]
    finish = turn.finish or "stop"
    used = {
        "prompt_tokens": turn.input_tokens,
        "completion_tokens": turn.output_tokens,
        "total_tokens": turn.input_tokens + turn.output_tokens,
    }
    if not asked.get("stream"):
        choice = {"text": "".join(turn.words), "index": 0, "logprobs": None, "finish_reason": finish}
        return {**head, "choices": [choice], "usage": used}

    def chunk(text: str, finish_reason: str | None = None) -> str:
        choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"

    after: Script = [chunk("", finish)]
    if (asked.get("stream_options") or {}).get("include_usage"):
        after.append(f"data: {json.dumps({**head, 'choices': [], 'usage': used})}\n\n")
    broken = {"error": {"message": "The server had an error.", "type": "server_error", "param": None, "code": None}}
    words = [chunk(word) for word in turn.words]
    return script(turn, [], words, [*after, "data: [DONE]\n\n"], f"data: {json.dumps(broken)}\n\n")


def _response(asked: Json, turn: Turn, number: int) -> Json:
    output: list[Json] = []
    if turn.thinking:
        summary = [{"type": "summary_text", "text": "".join(turn.thinking)}]
        output.append({"id": f"rs_{number:032d}", "type": "reasoning", "summary": summary})
        if "reasoning.encrypted_content" in (asked.get("include") or ()):
            output[-1]["encrypted_content"] = "gAAAAAB-opaque"
    for call in turn.tool_calls:
        output.append(
            {
                "id": f"fc_{number:030d}{len(output):02d}",
                "type": "function_call",
                "status": "completed",
                "arguments": call.arguments,
                "call_id": call.id,
                "name": call.name,
            }
        )
    if turn.words and not turn.tool_calls:
        text = {"type": "output_text", "annotations": [], "logprobs": [], "text": "".join(turn.words)}
        message = {"id": f"msg_{number:032d}", "type": "message", "status": "completed", "role": "assistant"}
        output.append({**message, "content": [text]})
    incomplete = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(turn.finish or "")
    return {
        "id": f"resp_{number:048d}",
        "object": "response",
        "created_at": 1_763_000_000,
        "status": "incomplete" if incomplete else "completed",
        "background": False,
        "billing": {"payer": "developer"},
        "error": None,
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": asked.get("previous_response_id"),
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": turn.service_tier,
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": asked.get("tools") or [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": turn.input_tokens,
            "input_tokens_details": {"cached_tokens": turn.cached_tokens},
            "output_tokens": turn.output_tokens,
            "output_tokens_details": {"reasoning_tokens": turn.reasoning_tokens},
            "total_tokens": turn.input_tokens + turn.output_tokens,
        },
        "user": None,
        "metadata": {},
    }


class _Numbered:
    """Events with their running number, as they come."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, kind: str, **said: object) -> str:
        data = json.dumps({"type": kind, "sequence_number": self._count, **said})
        self._count += 1
        return f"event: {kind}\ndata: {data}\n\n"


def _events(whole: Json, turn: Turn) -> Script:
    event = _Numbered()
    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    before: Script = [event("response.created", response=begun), event("response.in_progress", response=begun)]
    contents: list[str] = []
    for index, item in enumerate(whole["output"]):
        contents += _item(event, index, item, turn)
    after: Script = [event(f"response.{whole['status']}", response=whole)]
    error = {"type": "server_error", "code": "server_error", "message": "The server had an error.", "param": None}
    failed = {**begun, "status": "failed", "error": {"code": "server_error", "message": "The server had an error."}}
    broken = event("error", error=error) + event("response.failed", response=failed)
    return script(turn, before, contents, after, broken)


def _item(event: _Numbered, index: int, item: Json, turn: Turn) -> list[str]:
    at = {"item_id": item["id"], "output_index": index}
    if item["type"] == "reasoning":
        part = {**at, "summary_index": 0}
        text = item["summary"][0]["text"]
        middle = [
            event("response.reasoning_summary_part.added", **part, part={"type": "summary_text", "text": ""}),
            *(event("response.reasoning_summary_text.delta", **part, delta=thought) for thought in turn.thinking),
            event("response.reasoning_summary_text.done", **part, text=text),
            event("response.reasoning_summary_part.done", **part, part=item["summary"][0]),
        ]
        empty = {**item, "summary": []}
    elif item["type"] == "function_call":
        half = len(item["arguments"]) // 2
        parts = (item["arguments"][:half], item["arguments"][half:])
        middle = [
            *(event("response.function_call_arguments.delta", **at, delta=part) for part in parts),
            event("response.function_call_arguments.done", **at, arguments=item["arguments"]),
        ]
        empty = {**item, "arguments": "", "status": "in_progress"}
    else:
        part = {**at, "content_index": 0}
        blank = {**item["content"][0], "text": ""}
        middle = [
            event("response.content_part.added", **part, part=blank),
            *(event("response.output_text.delta", **part, delta=word, logprobs=[]) for word in turn.words),
            event("response.output_text.done", **part, text=item["content"][0]["text"], logprobs=[]),
            event("response.content_part.done", **part, part=item["content"][0]),
        ]
        empty = {**item, "content": [], "status": "in_progress"}
    return [
        event("response.output_item.added", output_index=index, item=empty),
        *middle,
        event("response.output_item.done", output_index=index, item=item),
    ]
