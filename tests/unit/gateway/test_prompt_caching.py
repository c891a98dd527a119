"""Marks for the prompt caches of providers: set for who asks for them, and never beside a client's own."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.gateway.bedrock_request import converse_request
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.prompt_caching import marked
from tests.unit.gateway.conftest import Gateway

MARK = {"type": "ephemeral"}
CHAT: dict[str, Any] = {
    "model": "anthropic/claude-sonnet-4-5",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "First?"},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "Second?"},
    ],
}


async def test_a_chat_client_gets_its_prompt_and_its_last_message_marked_for_anthropic(gateway: Gateway) -> None:
    reply = await gateway.http().post(
        "/v1/chat/completions", json=CHAT, headers={"x-quarterdeck-prompt-caching": "auto"}
    )

    sent = gateway.upstream.received[-1].body
    assert reply.status_code == 200
    assert sent["system"] == [{"type": "text", "text": "Be brief.", "cache_control": MARK}]
    assert sent["messages"][-1]["content"] == [{"type": "text", "text": "Second?", "cache_control": MARK}]
    assert "cache_control" not in str(sent["messages"][:-1])


async def test_an_anthropic_client_gets_anthropics_own_automatic_caching(gateway: Gateway) -> None:
    body = {"model": CHAT["model"], "max_tokens": 9, "messages": CHAT["messages"][1:]}

    await gateway.http().post("/v1/messages", json=body, headers={"x-quarterdeck-prompt-caching": "auto"})

    sent = gateway.upstream.received[-1].body
    assert sent["cache_control"] == MARK and sent["messages"] == body["messages"]


async def test_without_the_header_nothing_is_marked(gateway: Gateway) -> None:
    await gateway.http().post("/v1/chat/completions", json=CHAT)

    assert "cache_control" not in gateway.upstream.received[-1].raw.decode()


async def test_a_client_that_marks_for_itself_is_left_alone(gateway: Gateway) -> None:
    content = [{"type": "text", "text": "First?", "cache_control": MARK}]
    body = {**CHAT, "messages": [{"role": "user", "content": content}, *CHAT["messages"][2:]]}

    await gateway.http().post("/v1/chat/completions", json=body, headers={"x-quarterdeck-prompt-caching": "auto"})

    assert gateway.upstream.received[-1].raw.decode().count("cache_control") == 1


async def test_a_wish_that_means_nothing_is_refused(gateway: Gateway) -> None:
    reply = await gateway.http().post(
        "/v1/chat/completions", json=CHAT, headers={"x-quarterdeck-prompt-caching": "always"}
    )

    assert reply.status_code == 400
    assert "`auto` or `off`" in reply.json()["error"]["message"]


def test_bedrock_gets_cache_points_and_none_within_the_result_of_a_tool() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    request = ChatRequest(
        "m",
        [
            Message("system", "Be brief."),
            Message("user", "Look."),
            Message("assistant", None, tool_calls=[call]),
            Message("tool", "seen", tool_call_id="c1"),
        ],
    )

    body = converse_request(request.model, marked(Asked(b"{}", request), "openai-chat").request)

    assert body["system"] == [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}]
    assert body["messages"][0]["content"] == [{"text": "Look."}, {"cachePoint": {"type": "default"}}]
    assert str(body).count("cachePoint") == 2


@pytest.mark.parametrize("content", [None, "", [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]])
def test_a_message_whose_end_cannot_be_marked_is_left_as_it_is(content: Any) -> None:
    request = ChatRequest("m", [Message("user", content)])

    assert marked(Asked(b"{}", request), "openai-chat").request.messages[0].content == content
