"""`local`: a provider that needs nobody's key, called with the official SDK."""

from __future__ import annotations

import openai
import pytest

from tests.unit.gateway.conftest import Gateway

LEAVE = "A full-time employee has 25 days of paid annual leave. Ask in Mooring."
PAY = "Salaries are paid on the 20th of each month. There is no automatic raise."
DOCUMENTS = [{"id": "a", "title": "Leave", "text": LEAVE}, {"id": "b", "title": "Pay", "text": PAY}]
QUESTION = "On which day of the month are salaries paid?"
CITED = "Salaries are paid on the 20th of each month. [2]"


async def test_it_answers_from_the_documents_of_the_request(gateway: Gateway) -> None:
    reply = await gateway.openai().chat.completions.create(
        model="local/extractive",
        messages=[{"role": "user", "content": QUESTION}],
        extra_body={"documents": DOCUMENTS},
    )

    assert reply.choices[0].message.content.startswith(CITED)
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model_extra["declined"] is False
    assert 30 < reply.usage.prompt_tokens < 80
    assert reply.usage.completion_tokens > 5


async def test_it_streams_sentence_by_sentence(gateway: Gateway) -> None:
    stream = await gateway.openai().chat.completions.create(
        model="local/extractive",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        extra_body={"documents": DOCUMENTS},
    )

    texts = [
        chunk.choices[0].delta.content async for chunk in stream if chunk.choices and chunk.choices[0].delta.content
    ]

    assert texts[0] == CITED


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": f"Answer from this:\n\n{PAY}"}, {"role": "user", "content": QUESTION}],
        [{"role": "user", "content": f"Context:\n{PAY}\n\nQuestion: {QUESTION}"}],
        [
            {"role": "system", "content": f'<passage n="1">\n{LEAVE}\n</passage>\n<passage n="2">\n{PAY}\n</passage>'},
            {"role": "user", "content": QUESTION},
        ],
    ],
)
async def test_it_finds_passages_wherever_the_client_has_put_them(
    gateway: Gateway, messages: list[dict[str, str]]
) -> None:
    reply = await gateway.openai().chat.completions.create(model="local/extractive", messages=messages)

    assert reply.choices[0].message.content.startswith("Salaries are paid on the 20th of each month. [")


async def test_without_passages_it_says_that_it_has_none(gateway: Gateway) -> None:
    reply = await gateway.openai().chat.completions.create(
        model="local/extractive", messages=[{"role": "user", "content": QUESTION}]
    )

    assert reply.choices[0].message.content.startswith("I have no documents to answer from.")
    assert reply.model_extra["declined"] is True


async def test_a_request_without_a_question_is_refused(gateway: Gateway) -> None:
    with pytest.raises(openai.BadRequestError, match="no user message"):
        await gateway.openai().chat.completions.create(
            model="local/extractive", messages=[{"role": "system", "content": LEAVE}]
        )


async def test_other_models_of_it_are_unknown(gateway: Gateway) -> None:
    with pytest.raises(openai.NotFoundError, match="local/extractive"):
        await gateway.openai().chat.completions.create(
            model="local/generative", messages=[{"role": "user", "content": QUESTION}]
        )
    with pytest.raises(openai.BadRequestError, match="local/minilm"):
        await gateway.openai().embeddings.create(model="local/maxilm", input="text", encoding_format="float")


async def test_its_embeddings_have_length_one_and_are_counted_and_free(gateway: Gateway) -> None:
    reply = await gateway.openai().embeddings.create(
        model="local/minilm", input=["annual leave", "vacation", "a diesel engine"], encoding_format="float"
    )

    vectors = [entry.embedding for entry in reply.data]
    near, far = (sum(a * b for a, b in zip(vectors[0], vectors[n], strict=True)) for n in (1, 2))
    assert all(abs(sum(x * x for x in vector) - 1) < 1e-3 for vector in vectors)
    assert near > far
    assert 5 <= reply.usage.prompt_tokens <= 12


async def test_it_is_listed_among_the_models(gateway: Gateway) -> None:
    names = {model.id async for model in gateway.openai().models.list()}

    assert {"local/extractive", "local/minilm"} <= names
