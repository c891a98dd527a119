"""The official client through the gateway to the official servers: both eras, both transports."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp import MCPError
from mcp_types import ElicitResult, TextContent, TextResourceContents

from quarterdeck.gateway.mcp import servers
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.mcp.conftest import a_server, client_of, listening

ERAS = ("legacy", "2026-07-28", "auto")


@pytest.mark.parametrize("mode", ERAS)
async def test_tools_are_listed_and_called_under_the_name_of_their_server(with_numbers: Gateway, mode: str) -> None:
    async with client_of(with_numbers, mode=mode) as client:
        listed = await client.list_tools()
        answer = await client.call_tool("numbers__add", {"a": 2, "b": 40})

    assert {tool.name for tool in listed.tools} == {
        f"numbers__{name}" for name in ("add", "fail", "count", "paint", "sleep")
    }
    assert answer.structured_content == {"result": 42}
    assert not answer.is_error


@pytest.mark.parametrize("mode", ERAS)
async def test_one_server_alone_keeps_its_own_names(with_numbers: Gateway, mode: str) -> None:
    async with client_of(with_numbers, "/mcp/numbers", mode=mode) as client:
        listed = await client.list_tools()
        answer = await client.call_tool("add", {"a": 1, "b": 1})

    assert "add" in {tool.name for tool in listed.tools}
    assert answer.structured_content == {"result": 2}


@pytest.mark.parametrize("mode", ERAS)
async def test_resources_and_prompts_pass_through(with_numbers: Gateway, mode: str) -> None:
    async with client_of(with_numbers, mode=mode) as client:
        resources = await client.list_resources()
        read = await client.read_resource("note://numbers/today")
        prompts = await client.list_prompts()
        prompt = await client.get_prompt("numbers__greet", {"who": "Ada"})

    assert [str(resource.uri) for resource in resources.resources] == ["note://numbers/today"]
    content = read.contents[0]
    assert isinstance(content, TextResourceContents)
    assert content.text == "sail"
    assert [one.name for one in prompts.prompts] == ["numbers__greet"]
    assert isinstance(prompt.messages[0].content, TextContent)
    assert prompt.messages[0].content.text == "Greet Ada."


async def test_a_tool_that_fails_says_so_in_its_own_words(with_numbers: Gateway) -> None:
    async with client_of(with_numbers) as client:
        answer = await client.call_tool("numbers__fail", {})

    assert answer.is_error
    assert isinstance(answer.content[0], TextContent)
    assert "Error executing tool fail" in answer.content[0].text


@pytest.mark.parametrize("mode", ("legacy", "auto"))
async def test_progress_is_heard_before_the_answer(with_numbers: Gateway, mode: str) -> None:
    heard: list[float] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with client_of(with_numbers, mode=mode) as client:
        answer = await client.call_tool("numbers__count", {"to": 3}, progress_callback=progress)

    assert answer.structured_content == {"result": "done"}
    assert heard == [1, 2, 3]


async def test_a_server_may_ask_the_client_back_in_the_middle_of_a_call(with_numbers: Gateway) -> None:
    async def choose(context: Any, params: Any) -> ElicitResult:
        assert params.message == "Which colour?"
        return ElicitResult(action="accept", content={"colour": "red"})

    async with client_of(with_numbers, mode="legacy", elicitation_callback=choose) as client:
        answer = await client.call_tool("numbers__paint", {})

    assert answer.structured_content == {"result": "painted red"}


async def test_the_older_event_stream_transport_is_found_out_and_spoken(gateway: Gateway) -> None:
    async with listening(a_server("old").sse_app()) as url:
        await servers.put(gateway.work, "old", url=f"{url}/sse")
        async with client_of(gateway) as client:
            answer = await client.call_tool("old__add", {"a": 20, "b": 22})
            checked = await servers.check(gateway.work, "old")

    assert answer.structured_content == {"result": 42}
    assert checked.ok
    assert checked.tools == 5


async def test_a_server_without_sessions_and_without_streams_is_spoken_to_as_well(gateway: Gateway) -> None:
    app = a_server("plain").streamable_http_app(json_response=True, stateless_http=True)
    async with listening(app) as url:
        await servers.put(gateway.work, "plain", url=f"{url}/mcp")
        async with client_of(gateway, mode="legacy") as client:
            answer = await client.call_tool("plain__add", {"a": 3, "b": 4})

    assert answer.structured_content == {"result": 7}


async def test_a_server_that_is_down_leaves_a_named_gap_in_the_list_and_an_error_when_called(
    with_numbers: Gateway,
) -> None:
    await servers.put(with_numbers.work, "gone", url="http://127.0.0.1:9/mcp")

    async with client_of(with_numbers) as client:
        listed = await client.list_tools()
        with pytest.raises(MCPError, match="cannot be reached"):
            await client.call_tool("gone__add", {})

    assert "numbers__add" in {tool.name for tool in listed.tools}
    assert listed.meta is not None
    assert "cannot be reached" in listed.meta["quarterdeck/unavailable"]["gone"]


async def test_a_server_that_was_restarted_is_called_again_without_the_client_noticing(gateway: Gateway) -> None:
    async with listening(a_server().streamable_http_app()) as url:
        port = int(url.rpartition(":")[2])
        await servers.put(gateway.work, "numbers", url=f"{url}/mcp")
        async with client_of(gateway, mode="legacy") as client:
            await client.call_tool("numbers__add", {"a": 1, "b": 1})
    async with listening(a_server().streamable_http_app(), port), client_of(gateway, mode="legacy") as client:
        answer = await client.call_tool("numbers__add", {"a": 2, "b": 2})

    assert answer.structured_content == {"result": 4}


async def test_a_silent_tool_is_given_up_after_its_time(gateway: Gateway, numbers: str) -> None:
    await servers.put(gateway.work, "numbers", url=numbers, timeout_s=0.5)

    async with client_of(gateway) as client:
        with pytest.raises(MCPError, match=r"silent for 0\.5 s"):
            await client.call_tool("numbers__sleep", {})


async def test_a_client_that_hangs_up_lets_go_of_the_server(with_numbers: Gateway) -> None:
    async with client_of(with_numbers, mode="legacy") as client:
        with pytest.raises((TimeoutError, MCPError)):
            await asyncio.wait_for(client.call_tool("numbers__sleep", {}), 0.3)
        answer = await client.call_tool("numbers__add", {"a": 5, "b": 5})

    assert answer.structured_content == {"result": 10}
