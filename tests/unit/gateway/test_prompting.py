"""Prompts and apps called like models, in every dialect."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.gateway.conversation import FinishPiece, TextPiece
from quarterdeck.prompts import library
from quarterdeck.safety import guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from tests.unit.gateway.conftest import FixedApp, Gateway

CHAT = "/v1/chat/completions"
ASK = [{"role": "user", "content": "How long?"}]
TEMPLATE = "You speak {{ language }}.\n=== user ===\n{{ question }} Answer in one word."


async def add(gateway: Gateway, template: str = TEMPLATE, **more: Any) -> None:
    await library.add_version(gateway.work, "greeting", template, **{"model": "openai/gpt-4o-mini", **more})


async def test_a_prompt_is_filled_in_and_its_model_is_called_with_its_parameters(gateway: Gateway) -> None:
    await add(gateway, parameters={"temperature": 0.2, "max_tokens": 50})
    body = {"model": "prompt:greeting", "messages": ASK, "prompt_variables": {"language": "Latin"}, "max_tokens": 9}

    reply = await gateway.http().post(CHAT, json=body)

    assert gateway.upstream.last.body == {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "You speak Latin."},
            {"role": "user", "content": "How long? Answer in one word."},
        ],
        "max_tokens": 9,
        "temperature": 0.2,
    }
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.prompt, span.prompt_version) == ("greeting", "1")


async def test_labels_choose_the_version(gateway: Gateway) -> None:
    for number in (1, 2, 3):
        await add(gateway, f"Wording {number}.")

    async def said(reference: str) -> str:
        reply = await gateway.http().post(CHAT, json={"model": f"prompt:{reference}", "messages": ASK})
        return str(gateway.upstream.last.body["messages"][0]["content"]) if reply.status_code == 200 else reply.text

    assert await said("greeting") == "Wording 3."
    await library.move_label(gateway.work, "greeting", "production", 1)
    assert await said("greeting") == await said("greeting@production") == "Wording 1."
    assert await said("greeting@latest") == "Wording 3."
    assert await said("greeting@v2") == await said("greeting@2") == "Wording 2."
    await library.move_label(gateway.work, "greeting", "production", 2)
    assert await said("greeting") == "Wording 2."
    assert "versions 1 to 3" in await said("greeting@v9")
    assert "Did you mean `greeting`" in await said("greting")


async def test_variables_come_from_metadata_and_from_a_header_too(gateway: Gateway) -> None:
    await add(gateway, "{{ a }} {{ b }}")
    headers = {"x-quarterdeck-prompt-variables": '{"b": "header"}'}
    body = {"model": "prompt:greeting", "messages": ASK, "metadata": {"a": "metadata"}}

    await gateway.http().post(CHAT, json=body, headers=headers)

    assert gateway.upstream.last.body["messages"][0]["content"] == "metadata header"


async def test_a_missing_variable_is_named(gateway: Gateway) -> None:
    await add(gateway)

    reply = await gateway.http().post(CHAT, json={"model": "prompt:greeting", "messages": ASK})

    assert reply.status_code == 400
    assert "language" in reply.json()["error"]["message"]


async def test_a_prompt_with_a_part_for_the_user_needs_no_message(gateway: Gateway) -> None:
    await add(gateway, "Be brief.\n=== user ===\nTell me about {{ topic }}.")
    body = {"model": "prompt:greeting", "messages": [], "prompt_variables": {"topic": "tea"}}

    reply = await gateway.http().post(CHAT, json=body)

    assert reply.status_code == 200
    assert gateway.upstream.last.body["messages"][-1] == {"role": "user", "content": "Tell me about tea."}


async def test_a_prompt_without_a_model_takes_the_one_of_the_request(gateway: Gateway) -> None:
    await add(gateway, "Be brief.", model=None)
    body = {"model": "prompt:greeting", "messages": ASK}

    without = await gateway.http().post(CHAT, json=body)
    with_one = await gateway.http().post(CHAT, json=body, headers={"x-quarterdeck-model": "openai/gpt-4o"})

    assert (without.status_code, with_one.status_code) == (400, 200)
    assert "x-quarterdeck-model" in without.json()["error"]["message"]
    assert gateway.upstream.last.body["model"] == "gpt-4o"


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_is_called_in_anthropics_dialect_too(gateway: Gateway, model: str, stream: bool) -> None:
    await add(gateway, "You speak Latin.", model=model)

    body = {"model": "prompt:greeting", "max_tokens": 20, "messages": ASK, "stream": stream}
    reply = await gateway.http().post("/v1/messages", json=body)

    assert reply.status_code == 200, reply.text
    sent = gateway.upstream.last.body
    assert sent["model"] == model.partition("/")[2]
    assert "You speak Latin." in (str(sent["system"]) if "system" in sent else sent["messages"][0]["content"])


@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
@pytest.mark.parametrize("stream", [False, True])
async def test_an_app_in_an_environment_is_called_in_every_dialect(gateway: Gateway, path: str, stream: bool) -> None:
    gateway.apps.apps["bot@staging"] = FixedApp("bot", "rel_2", [TextPiece("Thirty days."), FinishPiece()])
    body = {"model": "bot@staging", "max_tokens": 20, "messages": ASK, "stream": stream}

    reply = await gateway.http().post(path, json=body)

    assert (reply.status_code, reply.headers["x-quarterdeck-release"]) == (200, "rel_2")
    assert "Thirty days." in reply.text


async def test_the_words_of_a_prompt_pass_the_guardrails_of_the_project(gateway: Gateway) -> None:

    await add(gateway, "Be brief.\n=== user ===\nTell {{ who }}.", model="anthropic/claude-sonnet-4-5")
    wish = GuardrailWish(checks=[{"kind": "personal_data"}], stages=["input"], action="redact")
    await guardrails.put(gateway.work, "mail", wish)
    body = {
        "model": "prompt:greeting",
        "max_tokens": 9,
        "messages": ASK,
        "prompt_variables": {"who": "ada@example.org"},
    }

    for path in (CHAT, "/v1/messages"):
        reply = await gateway.http().post(path, json=body)

        assert reply.status_code == 200, reply.text
        assert "[EMAIL]" in str(gateway.upstream.last.body["messages"])
