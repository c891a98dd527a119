"""What Google's clients ask beside conversations: which models there are, how many tokens a text has, and vectors."""

from __future__ import annotations

from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.gateway import llm_span, model_list, refusals
from quarterdeck.gateway.admitting import Demand, admitted, require_model
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.compression.length import estimate
from quarterdeck.gateway.conversation import ChatRequest, Usage
from quarterdeck.gateway.envelope import read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.gemini.asked import STARTS, model_and_method, read_generate_request
from quarterdeck.gateway.parsing import EmbeddingRequest, parse
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import accept, cost_of, headers_of_answer, headers_of_request
from quarterdeck.gateway.route import Route
from quarterdeck.runtime.work import Work

PATH = STARTS[0].rstrip("/")


class _Content(msgspec.Struct):
    parts: list[dict[str, Any]] = []  # Any: JSON of the client's

    def text(self) -> str:
        return "\n".join(str(part.get("text") or "") for part in self.parts)


class _Embed(msgspec.Struct):
    content: _Content


class _EmbedMany(msgspec.Struct):
    requests: list[_Embed]


class _Count(msgspec.Struct, rename="camel"):
    generate_content_request: msgspec.Raw | None = None


_EMBED = msgspec.json.Decoder(_Embed)
_EMBED_MANY = msgspec.json.Decoder(_EmbedMany)


async def answer_near(plane: Plane, exchange: Exchange, work: Work) -> None:
    """Whatever stands below `/v1beta/models` and is no conversation."""
    found = model_and_method(exchange.path)
    if exchange.method != "POST":
        name = exchange.path.removeprefix(PATH).strip("/")
        await _give(
            exchange, work, _models(work) if not name else model_list.in_googles_words(model_list.one_model(work, name))
        )
    elif found is not None and found[1] == "countTokens":
        await _give(
            exchange, work, {"totalTokens": _counted(work, found[0], await exchange.body(plane.max_body_bytes))}
        )
    elif found is not None and found[1] in ("embedContent", "batchEmbedContents"):
        await _embed(plane, exchange, work, found[0], many=found[1].startswith("batch"))
    else:
        raise NotFound(f"There is nothing at `{exchange.path}`. There are `:generateContent`, `:streamGenerateContent`, "
                       "`:countTokens`, `:embedContent` and `:batchEmbedContents`.")  # fmt: skip


async def _embed(plane: Plane, exchange: Exchange, work: Work, model: str, *, many: bool) -> None:
    body = await exchange.body(plane.max_body_bytes)
    texts = (
        [one.content.text() for one in parse(body, _EMBED_MANY).requests]
        if many
        else [parse(body, _EMBED).content.text()]
    )
    if not any(texts):
        raise InvalidInput("There is no text to embed.", param="content")
    envelope = read_envelope(exchange)
    target = plane.catalogue.find(work.project_id, envelope.model_for(model))
    if isinstance(target, Application):
        raise InvalidInput(f"`{model}` is an app and gives no vectors. Name an embedding model.", param="model")
    route: Route = target.first
    async with admitted(plane, work, envelope, Demand(target, len(body), 0, model)) as hold:
        exchange.watch()
        span = llm_span.start_embedding(work, route, EmbeddingRequest(model=model, input=[*texts]))
        usage: Usage | None = None
        ended: BaseException | None = None
        began_ns = span.now_ns()
        try:
            found = await route.provider.embed(work.under(span), route.model, texts)
            usage = Usage(found.input_tokens, 0, estimated=found.estimated)
        except BaseException as error:
            ended = error
            raise
        finally:
            waited_ns = span.now_ns() - began_ns
            llm_span.settle_embedding(work, span, route, usage, error=ended)
            spans = accept(plane.recorder, work)
            hold.settle(spans)
    vectors = [{"values": vector} for vector in found.vectors]
    answer = {"embeddings": vectors} if many else {"embedding": vectors[0]}
    headers = [refusals.JSON, *headers_of_answer(exchange, work, waited_ns, cost_of(spans)), *hold.headers()]
    await exchange.answer(200, headers, msgspec.json.encode(answer))


def _counted(work: Work, model: str, body: bytes) -> int:
    """An estimate by length, as for everybody else but Anthropic."""
    inner = parse(body, msgspec.json.Decoder(_Count)).generate_content_request
    asked = read_generate_request(f"{PATH}/{model}:generateContent", body if inner is None else bytes(inner)).request
    require_model(work, (model,))
    return estimate(ChatRequest(model=model, messages=asked.messages, tools=asked.tools))


def _models(work: Work) -> dict[str, Any]:  # Any: JSON
    return {"models": [model_list.in_googles_words(entry) for entry in model_list.list_models(work)["data"]]}


async def _give(exchange: Exchange, work: Work, found: dict[str, Any]) -> None:  # Any: JSON
    await exchange.answer(200, [refusals.JSON, *headers_of_request(exchange, work)], msgspec.json.encode(found))
