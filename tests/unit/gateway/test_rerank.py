"""`/v1/rerank`: one shape for the client, whoever ranks behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway import rerank_shapes
from quarterdeck.gateway.conversation import Usage
from quarterdeck.gateway.manners import RerankShape
from quarterdeck.gateway.ranking import Ranked, RerankRequest
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

DOCUMENTS = ["Lisbon lies at the Tejo.", "Paris is the capital of France.", {"text": "France has a capital."}]
ASK = {"query": "What is the capital of France?", "documents": DOCUMENTS}


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    found = {
        "COHERE_API_KEY": "k",
        "COHERE_BASE_URL": f"{upstream.url}/cohere",
        "VLLM_BASE_URL": upstream.url,
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_BASE_URL": upstream.url,
    }
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
async def test_the_best_text_comes_first(gateway: Gateway, path: str) -> None:
    reply = await gateway.http().post(path, json={"model": "cohere/rerank-v3.5", "top_n": 2, **ASK})

    said = reply.json()
    assert [result["index"] for result in said["results"]] == [1, 2]
    assert said["results"][0]["relevance_score"] > said["results"][1]["relevance_score"]
    assert said["meta"]["billed_units"] == {"search_units": 1}
    assert (said["model"], reply.headers["x-quarterdeck-model"]) == ("cohere/rerank-v3.5", "cohere/rerank-v3.5")


async def test_documents_come_back_to_those_who_want_them(gateway: Gateway) -> None:
    wish = {"model": "vllm/reranker", "return_documents": True, **ASK}

    said = (await gateway.http().post("/v1/rerank", json=wish)).json()

    assert [result["document"]["text"] for result in said["results"]] == [
        "France has a capital.",
        "Paris is the capital of France.",
        "Lisbon lies at the Tejo.",
    ]


async def test_a_ranking_leaves_a_span_with_what_it_took(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=77))

    reply = await gateway.http().post("/v1/rerank", json={"model": "vllm/reranker", "user": "u1", **ASK})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.name, span.provider, span.model, span.user_id) == ("rerank reranker", "vllm", "reranker", "u1")
    assert (span.input_tokens, span.cost_pico, span.unpriced) == (77, 0, False)  # one's own server sends no bill
    assert span.output[0]["index"] == 2


async def test_a_search_without_a_price_is_unpriced_and_not_free(gateway: Gateway) -> None:
    reply = await gateway.http().post("/v1/rerank", json={"model": "cohere/rerank-v3.5", **ASK})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.unpriced, span.cost_pico) == (True, None)
    assert span.attributes["quarterdeck.usage"] == {"units": [["search", 1]]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"model": "vllm/m", "query": "q", "documents": []}, "`documents` is empty"),
        ({"model": "vllm/m", "documents": ["a"]}, "`query` is missing"),
        ({"model": "vllm/m", "query": "q", "documents": [{"title": "t"}]}, "has no `text`"),
        ({"model": "vllm/m", "query": "q", "documents": ["a"], "top_n": 0}, "at least 1"),
        ({"model": "anthropic/claude-sonnet-4-5", "query": "q", "documents": ["a"]}, "reranks nothing"),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(gateway: Gateway, body: dict[str, object], words: str) -> None:
    reply = await gateway.http().post("/v1/rerank", json=body)

    assert reply.status_code == 400
    assert words in reply.json()["error"]["message"]


async def test_a_failure_is_recorded_and_told(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=503, error={"message": "loading"}))

    reply = await gateway.http().post("/v1/rerank", json={"model": "cohere/rerank-v3.5", **ASK})

    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "upstream_unavailable")
    assert (await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])).status == "error"


ASKED = RerankRequest(model="m", query="q", documents=["a", "b", "c"], top_n=2)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("jina", {"model": "m", "query": "q", "documents": ["a", "b", "c"], "return_documents": False, "top_n": 2}),
        ("voyage", {"model": "m", "query": "q", "documents": ["a", "b", "c"], "return_documents": False, "top_k": 2}),
        ("tei", {"query": "q", "texts": ["a", "b", "c"], "truncate": True}),
    ],
)
def test_each_server_is_asked_in_its_own_words(shape: RerankShape, said: dict[str, object]) -> None:
    assert json.loads(rerank_shapes.body(shape, "m", ASKED)) == said


@pytest.mark.parametrize(
    ("shape", "answer", "usage"),
    [
        ("jina", {"results": [{"index": 2, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.5}],
                  "usage": {"total_tokens": 9}}, Usage(9, 0)),
        ("voyage", {"data": [{"index": 2, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.5}],
                    "usage": {"total_tokens": 9}}, Usage(9, 0)),
        ("tei", [{"index": 1, "score": 0.1}, {"index": 0, "score": 0.5}, {"index": 2, "score": 0.9}],
         Usage(2, 0, estimated=True)),
        ("jina", {"results": [{"index": 2, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.5}],
                  "meta": {"tokens": {"input_tokens": 8}}}, Usage(8, 0)),
    ],
)  # fmt: skip
def test_each_server_is_understood(shape: RerankShape, answer: object, usage: Usage) -> None:
    ranking = rerank_shapes.read(shape, "somebody", json.dumps(answer).encode(), ASKED)

    assert ranking.results == [Ranked(2, 0.9), Ranked(0, 0.5)]
    assert ranking.usage == usage


@pytest.mark.parametrize("answer", [b"<html>", b'{"results": [{"index": 3, "relevance_score": 1}]}', b'{"detail": 1}'])
def test_what_is_no_ranking_is_an_error(answer: bytes) -> None:
    with pytest.raises(UpstreamFailed, match="somebody"):
        rerank_shapes.read("jina", "somebody", answer, ASKED)
