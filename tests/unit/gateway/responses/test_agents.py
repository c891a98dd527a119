"""Coding agents work against any chat model: the loops of Codex (Responses) and Claude Code (Messages), by their SDKs.

The upstream has chat completions and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.upstream import ToolCall, Turn
from tests.unit.gateway.conftest import Gateway

FILES = {"a.txt": "alpha", "b.txt": "beta"}
LOOP = (
    Turn(thinking=("I must read ", "both."), tool_calls=(
        ToolCall("call_a", "read_file", '{"path":"a.txt"}'), ToolCall("call_b", "read_file", '{"path":"b.txt"}'))),
    Turn(tool_calls=(ToolCall("call_c", "apply_patch", json.dumps({"input": "*** Begin Patch\n*** End Patch"})),)),
    Turn(words=("Both ", "are ", "read.")),
)  # fmt: skip
READ = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


def read_file(arguments: str) -> str:
    return FILES[json.loads(arguments)["path"]]


@pytest.fixture
async def chatty(gateway: Gateway) -> str:
    """A model whose provider has chat completions and nothing else."""
    return f"{await gateway.provider_at(gateway.upstream.openai_url, 'chatty')}/llama"


def chat_of_the_whole_loop(patch: Callable[[str], str]) -> list[dict[str, Any]]:
    """What the model must have been told in the end."""
    calls = [
        {
            "id": f"call_{name}",
            "type": "function",
            "function": {"name": "read_file", "arguments": f'{{"path":"{name}.txt"}}'},
        }
        for name in "ab"
    ]
    patching = {"name": "apply_patch", "arguments": patch("*** Begin Patch\n*** End Patch")}
    return [
        {"role": "user", "content": "Read them."},
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_a", "content": "alpha"},
        {"role": "tool", "tool_call_id": "call_b", "content": "beta"},
        {"role": "assistant", "tool_calls": [{"id": "call_c", "type": "function", "function": patching}]},
        {"role": "tool", "tool_call_id": "call_c", "content": "Success."},
    ]


def without_nothing(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in message.items() if value is not None} for message in messages]


@pytest.mark.parametrize("stream", [False, True])
async def test_codex_works_with_a_model_that_only_chats(gateway: Gateway, chatty: str, stream: bool) -> None:
    """As Codex asks: stateless, with reasoning to carry along, a plain and a custom tool, and a search it may not need."""
    gateway.upstream.script(*LOOP)
    client = gateway.openai()
    conversation: list[Any] = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Read them."}]}
    ]
    answer = ""

    for _ in range(5):
        asked: dict[str, Any] = {
            "model": chatty,
            "instructions": "You are a coding agent.",
            "input": conversation,
            "tools": [
                {"type": "function", "name": "read_file", "description": "", "strict": False, "parameters": READ},
                {"type": "custom", "name": "apply_patch", "description": "", "format": {"type": "text"}},
                {"type": "web_search", "external_web_access": False},
            ],
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "reasoning": {"effort": "medium", "summary": "auto"},
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": "thread-1",
        }
        if stream:
            # Codex takes each item when it is done, and waits for the end.
            events = [event async for event in await client.responses.create(stream=True, **asked)]
            items = [event.item for event in events if event.type == "response.output_item.done"]
            assert events[-1].type == "response.completed"
        else:
            items = (await client.responses.create(**asked)).output
        conversation += [item.to_dict() for item in items]
        results = []
        for item in items:
            if item.type == "function_call":
                results.append(
                    {"type": "function_call_output", "call_id": item.call_id, "output": read_file(item.arguments)}
                )
            elif item.type == "custom_tool_call":
                assert item.input == "*** Begin Patch\n*** End Patch"
                results.append({"type": "custom_tool_call_output", "call_id": item.call_id, "output": "Success."})
            elif item.type == "message":
                answer = item.content[0].text
        if not results:
            break
        conversation += results

    assert answer == "Both are read."
    assert len(gateway.upstream.received) == 3
    assert {request.path for request in gateway.upstream.received} == {"/v1/chat/completions"}
    system, *rest = without_nothing(gateway.upstream.last.body["messages"])
    assert system == {"role": "system", "content": "You are a coding agent."}
    assert rest == chat_of_the_whole_loop(lambda patch: json.dumps({"input": patch}, separators=(",", ":")))


@pytest.mark.parametrize("stream", [False, True])
async def test_claude_code_works_with_a_model_that_only_chats(gateway: Gateway, chatty: str, stream: bool) -> None:
    gateway.upstream.script(*LOOP)
    client = gateway.anthropic()
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Read them."}]
    answer = ""

    for _ in range(5):
        asked: dict[str, Any] = {
            "model": chatty,
            "max_tokens": 1000,
            "system": [{"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}}],
            "messages": messages,
            "tools": [
                {"name": "read_file", "input_schema": READ},
                {
                    "name": "apply_patch",
                    "input_schema": {"type": "object", "properties": {"input": {"type": "string"}}},
                },
            ],
            "thinking": {"type": "enabled", "budget_tokens": 512},
        }
        if stream:
            async with client.messages.stream(**asked) as events:
                message = await events.get_final_message()
        else:
            message = await client.messages.create(**asked)
        messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
        results = []
        for block in message.content:
            if block.type == "tool_use" and block.name == "read_file":
                output = read_file(json.dumps(block.input))
                results.append({"type": "tool_result", "tool_use_id": block.id, "content": output})
            elif block.type == "tool_use":
                results.append({"type": "tool_result", "tool_use_id": block.id, "content": "Success."})
            elif block.type == "text":
                answer = block.text
        if message.stop_reason != "tool_use":
            break
        messages.append({"role": "user", "content": results})

    assert answer == "Both are read."
    assert len(gateway.upstream.received) == 3
    assert {request.path for request in gateway.upstream.received} == {"/v1/chat/completions"}
    system, *rest = without_nothing(gateway.upstream.last.body["messages"])
    assert system == {"role": "system", "content": "You are a coding agent."}
    assert rest == chat_of_the_whole_loop(lambda patch: json.dumps({"input": patch}, separators=(",", ":")))
