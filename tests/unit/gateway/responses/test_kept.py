"""Responses that were made here are kept, so that a client can go on from them, look at them and delete them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from quarterdeck.core import clock
from quarterdeck.gateway.responses import keeping, store
from quarterdeck.gateway.responses.store import KeptResponse
from tests.fakes.upstream import FakeUpstream, ToolCall, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

WEATHER: dict[str, Any] = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
async def chatty(gateway: Gateway) -> str:
    """A model whose provider has chat completions and nothing else."""
    return f"{await gateway.provider_at(gateway.upstream.openai_url, 'chatty')}/llama"


def kept(
    response_id: str, project_id: str, *, size: int = 10, previous: str | None = None, at: str = ""
) -> KeptResponse:
    return KeptResponse(response_id, project_id, previous, b"[]", b"x" * (size - 2), at or clock.iso(clock.now()))


async def test_a_conversation_goes_on_from_the_last_response(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()
    gateway.upstream.script(
        Turn(words=("One.",)), Turn(tool_calls=(ToolCall("call_1", "weather", "{}"),)), Turn(words=("Three.",))
    )

    first = await client.responses.create(model=chatty, input="First?", instructions="Not carried over.")
    second = await client.responses.create(
        model=chatty, input=[{"role": "user", "content": "Second?"}], previous_response_id=first.id, tools=[WEATHER]
    )
    result = [{"type": "function_call_output", "call_id": "call_1", "output": "Sun"}]
    third = await client.responses.create(
        model=chatty, input=result, previous_response_id=second.id, instructions="Now."
    )

    assert third.output_text == "Three."
    assert third.previous_response_id == second.id
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    assert gateway.upstream.last.body["messages"] == [
        {"role": "system", "content": "Now."},
        {"role": "user", "content": "First?"},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "Second?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "content": "Sun", "tool_call_id": "call_1"},
    ]


async def test_a_streamed_response_is_kept_before_its_last_event(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()

    async for event in await client.responses.create(model=chatty, input="First?", stream=True):
        if event.type == "response.completed":
            found = await client.responses.retrieve(event.response.id)
            assert found.output_text == event.response.output_text == "Paris is the capital."
            return
    pytest.fail("There was no last event.")


async def test_another_model_can_go_on_even_one_of_openai(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()
    first = await client.responses.create(model=chatty, input="First?")

    await client.responses.create(model="openai/gpt-4o-mini", input="Second?", previous_response_id=first.id)

    body = gateway.upstream.last.body
    assert gateway.upstream.last.path == "/v1/responses"
    assert "previous_response_id" not in body
    assert [item["role"] for item in body["input"]] == ["user", "assistant", "user"]


async def test_what_shall_not_be_stored_is_not(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()
    response = await client.responses.create(model=chatty, input="First?", store=False)

    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model=chatty, input="Second?", previous_response_id=response.id)

    assert response.store is False
    assert refused.value.code == "previous_response_not_found"
    assert "Send the whole conversation" in refused.value.message


async def test_what_is_not_recorded_is_not_kept_either(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()

    response = await client.responses.create(
        model=chatty, input="First?", extra_headers={"Helicone-Omit-Response": "true"}
    )

    assert response.store is False
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(response.id)


async def test_a_response_can_be_looked_at_with_its_input_and_deleted(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()
    first = await client.responses.create(model=chatty, input="First?")
    second = await client.responses.create(model=chatty, input="Second?", previous_response_id=first.id)

    found = await client.responses.retrieve(second.id)
    items = [item async for item in client.responses.input_items.list(second.id)]
    await client.responses.delete(second.id)

    assert found.to_dict() == second.to_dict()
    assert [item.content[0].text for item in items] == ["Second?", "Paris is the capital.", "First?"]
    with pytest.raises(openai.NotFoundError, match="is kept in this project"):
        await client.responses.retrieve(second.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.delete(second.id)
    assert (await client.responses.retrieve(first.id)).id == first.id


async def test_a_conversation_whose_beginning_was_deleted_says_so(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()
    first = await client.responses.create(model=chatty, input="First?")
    second = await client.responses.create(model=chatty, input="Second?", previous_response_id=first.id)
    await client.responses.delete(first.id)

    with pytest.raises(openai.BadRequestError, match=f"goes on from `{first.id}`, which is no longer kept"):
        await client.responses.create(model=chatty, input="Third?", previous_response_id=second.id)


async def test_other_projects_see_nothing_of_it(gateway: Gateway, chatty: str) -> None:
    response = await gateway.openai().responses.create(model=chatty, input="First?")
    database = gateway.runtime.database

    assert await store.conversation(database, gateway.work.project_id, response.id)
    assert await store.conversation(database, "prj_other", response.id) == []
    assert not await store.remove(database, "prj_other", response.id)


async def test_responses_of_openai_are_looked_up_there(gateway: Gateway) -> None:
    with pytest.raises(openai.NotFoundError, match=r"/passthrough/\{provider\}/v1/responses/resp_68af"):
        await gateway.openai().responses.retrieve("resp_68af")


async def test_only_so_much_is_kept_and_what_was_used_last_stays(gateway: Gateway) -> None:
    database, project = gateway.runtime.database, gateway.work.project_id
    await store.add(database, kept("resp_qd_old", project, at="2020-01-01T00:00:00.000000Z"))
    await store.add(database, kept("resp_qd_root", project, size=400, at="2026-01-01T00:00:00.000000Z"))
    await store.add(database, kept("resp_qd_lone", project, size=400, at="2026-02-01T00:00:00.000000Z"))
    newest = kept("resp_qd_tip", project, size=400, previous="resp_qd_root", at="2026-03-01T00:00:00.000000Z")
    await store.add(database, newest)

    too_old = await store.tidy(database, project, before="2021-01-01T00:00:00.000000Z", most_bytes=10_000)
    too_much = await store.tidy(database, project, before="2021-01-01T00:00:00.000000Z", most_bytes=900)

    assert (too_old, too_much) == (1, 1)
    line = await store.conversation(database, project, "resp_qd_tip")
    assert [one.id for one in line] == ["resp_qd_root", "resp_qd_tip"]
    assert await store.conversation(database, project, "resp_qd_lone") == []


async def test_tidying_obeys_the_settings(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with running_gateway(tmp_path / "home", upstream, responses_keep_days=1, responses_keep_mb=1) as gateway:
        work = gateway.work
        await store.add(work.runtime.database, kept("resp_qd_1", work.project_id, size=900_000))
        await store.add(work.runtime.database, kept("resp_qd_2", work.project_id, size=900_000))

        assert await keeping.tidy(work) == 1
        assert await keeping.tidy(work) == 0


async def test_an_answer_from_the_cache_can_be_gone_on_from(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        model = f"{await gateway.provider_at(upstream.openai_url, 'chatty')}/llama"
        client = gateway.openai()
        first = await client.responses.create(model=model, input="First?", temperature=0)
        again = await client.responses.create(model=model, input="First?", temperature=0)

        await client.responses.create(model=model, input="Second?", previous_response_id=again.id, temperature=0)

        assert again.id == first.id
        assert len(upstream.received) == 2
        assert [message["content"] for message in upstream.last.body["messages"]] == [
            "First?",
            "Paris is the capital.",
            "Second?",
        ]


async def test_conversations_with_different_beginnings_share_no_cached_answer(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        model = f"{await gateway.provider_at(upstream.openai_url, 'chatty')}/llama"
        client = gateway.openai()
        one = await client.responses.create(model=model, input="I am Ann.", temperature=0)
        other = await client.responses.create(model=model, input="I am Bob.", temperature=0)

        for earlier in (one, other):
            await client.responses.create(
                model=model, input="Who am I?", previous_response_id=earlier.id, temperature=0
            )

        assert len(upstream.received) == 4
