"""Overhears a response whose bytes go through untouched: where it ends, what is wrong, what it took."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import sse
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.dialect import Listener, Verdict
from quarterdeck.gateway.outcome import Outcome, tool_calls
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.gateway.wire_usage import WireUsage
from quarterdeck.runtime.tracing import Attribute

_KEEP = 1024 * 1024
_ENDS = {"response.completed": "stop", "response.incomplete": "length"}
_CALLS = {"function_call", "custom_tool_call"}
_DELTAS = {"response.output_text.delta", "response.refusal.delta"}
_ARGUMENTS = {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}
_THOUGHTS = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_STATUS = {"rate_limit_exceeded": 429, "invalid_prompt": 400, "context_length_exceeded": 400, "server_error": 500}
"""What a failed response means, by the status that OpenAI gives the same error outside of streams."""


class _Part(msgspec.Struct):
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: Any = None  # Any: the text of a custom tool, or what another built-in tool has
    action: Any = None  # Any: what a built-in tool did; a search has a `type`

    def words(self) -> str:
        return "".join(part.text or part.refusal or "" for part in self.content or ())

    def thoughts(self) -> str:
        return "".join(part.text or "" for part in self.content or self.summary or ())


class _Details(msgspec.Struct):
    reason: str | None = None


class _Searches(msgspec.Struct):
    num_requests: int | None = None


class _ToolUsage(msgspec.Struct):
    web_search: _Searches | None = None


class _Response(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    status: str | None = None
    service_tier: str | None = None
    output: list[_Item] | None = None
    usage: WireUsage | None = None
    tool_usage: _ToolUsage | None = None
    incomplete_details: _Details | None = None
    error: Any = None  # Any: see `upstream_errors.refusal`


class _Event(msgspec.Struct):
    type: str = ""
    delta: Any = None  # Any: a text, in the events that are looked at
    item: _Item | None = None
    response: _Response | None = None


class _Kind(msgspec.Struct):
    type: str = ""


class _Failure(msgspec.Struct):
    class Failed(msgspec.Struct):
        error: msgspec.Raw = msgspec.Raw(b"null")

    response: Failed | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


_EVENT = msgspec.json.Decoder(_Event)
_WHOLE = msgspec.json.Decoder(_Response)


class ResponsesListener(Listener):
    """Looks at the last events and at errors; reads the rest when it is over, a megabyte at a time."""

    remarkable: ClassVar[tuple[bytes, ...]] = (
        b'"response.completed"',
        b'"response.incomplete"',
        b'"response.failed"',
        b'"type":"error"',
        b'"type": "error"',
        b'{"error"',
    )
    answer_name: ClassVar[str] = "a response"

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._size = 0
        self._words: list[str] = []
        self._thoughts: list[str] = []
        self._arguments: list[str] = []
        """Of the call that is being written."""
        self._items: list[_Item] = []
        self._outcome = Outcome()

    def speaks(self, block: bytes) -> bool:
        return b".delta" in block or b"response.output_item" in block

    def judge(self, data: bytes) -> Verdict:
        try:
            kind = msgspec.json.decode(data, type=_Kind).type
        except UNREADABLE:
            return "pass"
        if kind in _ENDS:
            return "end"
        return "error" if kind in ("error", "response.failed") or data.startswith(b'{"error"') else "pass"

    def failure(self, provider: str, data: bytes) -> QuarterdeckError:
        said = data
        try:
            found = msgspec.json.decode(data, type=_Failure)
            if found.response is not None and bytes(found.response.error) != b"null":
                said = b'{"error":' + bytes(found.response.error) + b"}"
            code = str((msgspec.json.decode(said).get("error") or {}).get("code"))
        except (*UNREADABLE, AttributeError):
            code = ""
        return refusal(provider, _STATUS.get(code, 502), {}, said)

    def keep(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        if self._size > _KEEP:
            self._fold()

    def outcome(self) -> Outcome:
        self._fold()
        outcome = self._outcome
        if outcome.output is None and (self._words or self._thoughts or self._items or self._arguments):
            # It broke off: the words as far as they came, the calls that were whole, and the one that was not.
            calls = [item for item in self._items if item.type in _CALLS]
            if self._arguments:
                calls.append(_Item("function_call", arguments="".join(self._arguments)))
            outcome.output = _message(calls, "".join(self._words), "".join(self._thoughts))
        return outcome

    def outcome_of_body(self, body: bytes) -> Outcome:
        try:
            response = _WHOLE.decode(body)
        except UNREADABLE:
            return Outcome(output=body[:2000].decode(errors="replace"), is_completion=False)
        if response.output is None or response.error is not None:
            return Outcome(is_completion=False)
        self._end(response, response.status)
        return self._outcome

    def _fold(self) -> None:
        block = b"".join(self._blocks)
        self._blocks, self._size = [], 0
        for data in map(sse.payload, sse.events(block)):
            try:
                event = _EVENT.decode(data)
            except UNREADABLE:
                continue  # the client has got it as it is; here it is only counted
            self._hear(event)

    def _hear(self, event: _Event) -> None:
        if event.type in _DELTAS and isinstance(event.delta, str):
            self._words.append(event.delta)
        elif event.type in _THOUGHTS and isinstance(event.delta, str):
            self._thoughts.append(event.delta)
        elif event.type in _ARGUMENTS and isinstance(event.delta, str):
            self._arguments.append(event.delta)
        elif event.type == "response.output_item.done" and event.item is not None:
            self._items.append(event.item)
            self._arguments = []
        elif event.response is not None:
            outcome, response = self._outcome, event.response
            outcome.model = response.model or outcome.model
            outcome.response_id = response.id or outcome.response_id
            if event.type in _ENDS:
                self._end(response, response.status or event.type.removeprefix("response."))
            elif event.type == "response.failed":
                outcome.usage = _usage(response)

    def _end(self, response: _Response, status: str | None) -> None:
        outcome = self._outcome
        outcome.output = _message(response.output or self._items, "", "")
        outcome.model, outcome.response_id = response.model, response.id
        outcome.service_tier = response.service_tier
        outcome.usage = _usage(response)
        reason = response.incomplete_details.reason if response.incomplete_details is not None else None
        called = any(item.type in _CALLS for item in response.output or ())
        if status == "incomplete":
            outcome.finish_reasons = ["content_filter" if reason == "content_filter" else "length"]
        else:
            outcome.finish_reasons = ["tool_calls" if called else "stop"]


def _message(items: list[_Item], words: str, thoughts: str) -> Attribute:
    """An answer as traces show it: one message, whatever the number of items."""
    said = "".join(item.words() for item in items if item.type == "message") or words
    thought = "".join(item.thoughts() for item in items if item.type == "reasoning") or thoughts
    message: dict[str, Attribute] = {"role": "assistant", "content": said}
    if thought:
        message["reasoning_content"] = thought
    calls = [
        {"id": item.call_id or "", "name": item.name or "", "arguments": item.arguments or str(item.input or "")}
        for item in items
        if item.type in _CALLS
    ]
    if calls:
        message["tool_calls"] = tool_calls(calls)
    return message


def _usage(response: _Response) -> Usage | None:
    if response.usage is None:
        return None
    usage = response.usage.buckets()
    searches = _searches(response)
    return msgspec.structs.replace(usage, units=(*usage.units, ("search", searches))) if searches else usage


def _searches(response: _Response) -> int:
    """The web searches that are paid apart: those that OpenAI counts, or those that it lists."""
    told = response.tool_usage.web_search if response.tool_usage is not None else None
    if told is not None and told.num_requests is not None:
        return told.num_requests
    listed = (item for item in response.output or () if item.type == "web_search_call")
    return sum(1 for item in listed if isinstance(item.action, dict) and item.action.get("type") == "search")
