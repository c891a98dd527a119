"""Cohere's v2 API, asked in OpenAI's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quarterdeck.core.errors import InvalidInput, UpstreamFailed
from quarterdeck.gateway.cohere_request import chat_request
from quarterdeck.gateway.cohere_stream import CohereReading
from quarterdeck.gateway.conversation import ChatRequest, Message
from tests.fakes.turn import Json
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

TOOL: Json = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
OTHER: Json = {"type": "function", "function": {"name": "g"}}


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {"CO_API_KEY": "k", "COHERE_BASE_URL": f"{upstream.url}/cohere/v2"}
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


def asked(**more: object) -> Json:
    messages = [Message("developer", "Be brief."), Message("user", "Hi")]
    return chat_request("command-a", ChatRequest(model="m", messages=messages, **more))  # type: ignore[arg-type]


def test_parameters_are_said_in_coheres_words() -> None:
    said = asked(temperature=1.7, top_p=0.5, stop="END", max_completion_tokens=9, seed=3, reasoning_effort="low")

    assert said == {
        "model": "command-a",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": True,
        "temperature": 1.0,
        "p": 0.5,
        "stop_sequences": ["END"],
        "max_tokens": 9,
        "seed": 3,
        "thinking": {"type": "enabled"},
    }


@pytest.mark.parametrize(
    ("choice", "said"),
    [("auto", None), ("none", "NONE"), ("required", "REQUIRED"), ({"function": {"name": "f"}}, "REQUIRED")],
)
def test_tool_choices(choice: object, said: str | None) -> None:
    assert asked(tools=[TOOL], tool_choice=choice).get("tool_choice") == said


def test_what_cannot_be_said_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidInput, match="which of several tools"):
        asked(tools=[TOOL, OTHER], tool_choice={"function": {"name": "f"}})
    with pytest.raises(InvalidInput, match="one answer at a time"):
        asked(n=2)
    sound = [Message("user", [{"type": "input_audio", "input_audio": {"data": "AAAA"}}])]
    with pytest.raises(InvalidInput, match="cannot be sent to Cohere"):
        chat_request("m", ChatRequest(model="m", messages=sound))


def test_a_schema_is_a_json_object_with_a_schema() -> None:
    schema = {"type": "object"}

    said = asked(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}})

    assert said["response_format"] == {"type": "json_object", "json_schema": schema}


def test_words_before_a_call_are_its_plan_and_results_are_documents() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    messages = [
        Message("user", "?"),
        Message("assistant", "Let me see.", tool_calls=[call]),
        Message("tool", "42", tool_call_id="c1"),
    ]

    _, assistant, tool = chat_request("m", ChatRequest(model="m", messages=messages))["messages"]

    assert assistant == {"role": "assistant", "tool_calls": [call], "tool_plan": "Let me see."}
    document = {"type": "document", "document": {"data": {"result": "42"}}}
    assert tool == {"role": "tool", "tool_call_id": "c1", "content": [document]}


def test_an_answer_that_cohere_could_not_finish_is_an_error() -> None:
    reading = CohereReading("cohere", "m")

    with pytest.raises(UpstreamFailed, match="could not finish its answer: out of memory"):
        reading.read(b'{"type":"message-end","delta":{"finish_reason":"ERROR","error":"out of memory"}}')


async def test_paid_is_what_was_billed(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=1_000_000, output_tokens=100_000))

    reply = await gateway.http().post(
        "/v1/chat/completions", json={"model": "cohere/command-a", "messages": [{"role": "user", "content": "Hi"}]}
    )

    assert reply.headers["x-quarterdeck-cost-usd"] == "3.5"  # 2.50 and 10 dollars a million


async def test_thoughts_come_as_reasoning(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(thinking=("Hm.",), words=("Yes.",)))

    wish = {"model": "cohere/command-a", "messages": [{"role": "user", "content": "Hi"}]}
    message = (await gateway.http().post("/v1/chat/completions", json=wish)).json()["choices"][0]["message"]

    assert (message["reasoning_content"], message["content"]) == ("Hm.", "Yes.")


async def test_many_texts_are_embedded_in_portions_and_keep_their_order(gateway: Gateway) -> None:
    texts = ["x" * (number + 1) for number in range(100)]

    reply = await gateway.http().post("/v1/embeddings", json={"model": "cohere/embed-v4.0", "input": texts})

    assert [entry["embedding"][0] for entry in reply.json()["data"]] == [float(len(text)) for text in texts]
    assert len(gateway.upstream.received) == 2
