"""Guardrails and prompts before responses: what was taken out of a conversation is not kept in it either."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.safety import guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from tests.fakes.upstream import Turn
from tests.unit.gateway.conftest import Gateway

ADDRESS = "ann@example.com"


@pytest.fixture
async def chatty(gateway: Gateway) -> str:
    """A model whose provider has chat completions and nothing else, behind a guardrail that redacts e-mail addresses."""
    checks: list[Any] = [{"kind": "personal_data", "types": ["email"]}]
    await guardrails.put(
        gateway.work, "mail", GuardrailWish(checks=checks, stages=["input", "output"], action="redact")
    )
    return f"{await gateway.provider_at(gateway.upstream.openai_url, 'chatty')}/llama"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_redacted_is_not_kept(gateway: Gateway, chatty: str, stream: bool) -> None:
    gateway.upstream.script(Turn(words=("Write to ", "ann@exa", "mple.com", " soon.")), Turn())
    client = gateway.openai()

    if stream:
        events = [
            event async for event in await client.responses.create(model=chatty, input=f"I am {ADDRESS}.", stream=True)
        ]
        first = events[-1].response
        assert ADDRESS not in "".join(event.to_json() for event in events)
    else:
        first = await client.responses.create(model=chatty, input=f"I am {ADDRESS}.")
    kept = await client.responses.retrieve(first.id)
    await client.responses.create(model=chatty, input=f"Not {ADDRESS}?", previous_response_id=first.id)

    assert kept.to_dict() == first.to_dict()
    assert ADDRESS not in kept.to_json()
    assert "soon." in kept.output_text
    items = await client.responses.input_items.list(first.id)
    assert ADDRESS not in items.to_json()
    told = [message["content"] for message in gateway.upstream.last.body["messages"]]
    assert len(told) == 3
    assert ADDRESS not in str(told)


async def test_a_conversation_goes_on_although_its_words_were_changed(gateway: Gateway, chatty: str) -> None:
    client = gateway.openai()
    first = await client.responses.create(model=chatty, input="First?")

    second = await client.responses.create(model=chatty, input=f"I am {ADDRESS}.", previous_response_id=first.id)
    items = [item async for item in client.responses.input_items.list(second.id)]

    assert second.previous_response_id == first.id
    assert len(items) == 3
