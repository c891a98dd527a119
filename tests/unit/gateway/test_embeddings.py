"""Embeddings and the list of models."""

from __future__ import annotations

import base64
from array import array

import openai
import pytest

from tests.fakes import upstream
from tests.fakes.upstream import Turn
from tests.unit.gateway.conftest import FixedApp, Gateway


async def test_embeddings_pass_through_and_are_billed(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=1000))
    client = gateway.openai()

    raw = await client.embeddings.with_raw_response.create(
        model="openai/text-embedding-3-small", input=["one", "three"]
    )

    assert [vector.embedding[0] for vector in raw.parse().data] == [3.0, 5.0]
    assert gateway.upstream.last.body["model"] == "text-embedding-3-small"
    span = await gateway.only_span(raw.headers["x-quarterdeck-trace-id"])
    assert (span.kind, span.name, span.input) == ("embedding", "embeddings text-embedding-3-small", ["one", "three"])
    assert (span.input_tokens, span.cost_pico) == (1000, 1000 * 20_000)
    assert raw.headers["x-quarterdeck-cost-usd"] == "0.00002"


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_local_embeddings_come_in_the_encoding_that_was_asked_for(gateway: Gateway, encoding: str) -> None:
    body = {"model": "local/minilm", "input": "hello", "encoding_format": encoding}

    reply = await gateway.http().post("/v1/embeddings", json=body)

    assert reply.status_code == 200, reply.text
    vector = reply.json()["data"][0]["embedding"]
    numbers = array("f", base64.b64decode(vector)) if encoding == "base64" else vector
    assert sum(number * number for number in numbers) == pytest.approx(1, abs=1e-3)
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.cost_pico, span.unpriced, span.price_id) == (0, False, "free:run-here")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "openai/text-embedding-3-small", "input": []}, 400, "`input` is empty"),
        ({"model": "local/minilm", "input": [1, 2]}, 400, "takes texts"),
        ({"model": "anthropic/claude-sonnet-4-5", "input": "x"}, 400, "offers no embeddings"),
        ({"model": "text-embedding-3-smal", "input": "x"}, 404, "Did you mean `openai/text-embedding-3-small`?"),
    ],
)
async def test_what_cannot_be_embedded_is_refused_with_the_reason(
    gateway: Gateway, body: dict[str, object], status: int, words: str
) -> None:
    reply = await gateway.http().post("/v1/embeddings", json=body)

    assert reply.status_code == status
    assert words in reply.json()["error"]["message"]


async def test_a_provider_that_refuses_an_embedding_is_recorded(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=429, error=upstream.OPENAI_RATE_LIMIT))
    client = gateway.openai()

    with pytest.raises(openai.RateLimitError) as refused:
        await client.embeddings.create(model="openai/text-embedding-3-small", input="x")

    span = await gateway.only_span(refused.value.response.headers["x-quarterdeck-trace-id"])
    assert (span.kind, span.status, span.cost_pico) == ("embedding", "error", None)


async def test_the_list_of_models_has_apps_first_and_asks_no_provider(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = FixedApp("bot", "rel_1", [])

    models = [model.id async for model in gateway.openai().models.list()]

    assert models[0] == "bot"
    assert {"openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "openai/text-embedding-3-small"} <= set(models)
    assert gateway.upstream.received == []


async def test_a_model_can_be_asked_for_by_name(gateway: Gateway) -> None:
    client = gateway.openai()

    model = await client.models.retrieve("openai/gpt-4o-mini")

    assert (model.id, model.owned_by) == ("openai/gpt-4o-mini", "openai")
    with pytest.raises(openai.NotFoundError, match="Did you mean"):
        await client.models.retrieve("gpt-4o-minni")
