"""Guardrails at the door: what is refused before it goes on, what is taken out, and what the audit says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from openai import APIError, BadRequestError

from quarterdeck.gateway.conversation import FinishPiece, TextPiece
from quarterdeck.runtime.tracing import Span
from quarterdeck.safety import guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from quarterdeck.safety.records import GuardrailScope
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import FixedApp, Gateway, running_gateway

MODEL = "openai/gpt-4o-mini"
CHAT = "/v1/chat/completions"
MAIL = {"kind": "personal_data", "types": ["email"]}
WORD = {"kind": "deny_list", "words": ["xyzzy"]}


def asking(text: str, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


async def forbid(gateway: Gateway, *checks: Any, name: str = "rule", **wishes: Any) -> None:
    await guardrails.put(gateway.work, name, GuardrailWish(checks=list(checks), **wishes))


async def verdicts(gateway: Gateway, trace_id: str) -> list[tuple[str, str, str, str]]:
    """Stage, outcome, action and label of every verdict of a trace."""
    return [
        (one["stage"], one["outcome"], one["action"], one["label"] or "")
        for span in await gateway.spans(trace_id)
        if span.kind == "guardrail"
        for one in span.output
    ]


def root_of(spans: list[Span]) -> Span:
    (root,) = [span for span in spans if span.parent_id is None]
    return root


def said(body: str) -> str:
    """The words of a stream."""
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    return "".join(
        choice["delta"].get("content") or "" for event in events for choice in event.get("choices", ()) if "delta" in choice
    )  # fmt: skip


async def test_without_guardrails_nothing_is_said_of_them(gateway: Gateway) -> None:
    reply = await gateway.http().post(CHAT, json=asking("xyzzy"))

    assert "x-quarterdeck-guardrails" not in reply.headers
    assert [span.kind for span in await gateway.spans(reply.headers["x-quarterdeck-trace-id"])] == ["llm"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refused_question_answers_400_and_reaches_no_model(gateway: Gateway, stream: bool) -> None:
    await forbid(gateway, WORD, stages=["input"])

    reply = await gateway.http().post(CHAT, json=asking("Say Xyzzy!", stream=stream))

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "content_policy_violation")
    assert "`rule`" in reply.json()["error"]["message"]
    assert gateway.upstream.received == []
    trace_id = reply.headers["x-quarterdeck-trace-id"]
    assert await verdicts(gateway, trace_id) == [("input", "blocked", "block", "denied")]
    root = root_of(await gateway.spans(trace_id))
    assert (root.kind, root.status) == ("chain", "error")
    assert "Xyzzy" in json.dumps(root.input)


async def test_a_good_question_goes_untouched_and_the_audit_says_passed(gateway: Gateway) -> None:
    await forbid(gateway, WORD, MAIL)

    reply = await gateway.http().post(CHAT, json=asking("Hello"))

    assert reply.headers["x-quarterdeck-guardrails"] == "rule=passed"
    assert gateway.upstream.last.body == {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    trace_id = reply.headers["x-quarterdeck-trace-id"]
    assert await verdicts(gateway, trace_id) == [("input", "passed", "none", ""), ("input", "passed", "none", ""), ("output", "passed", "none", ""), ("output", "passed", "none", "")]  # fmt: skip
    spans = await gateway.spans(trace_id)
    assert root_of(spans).output == next(span.output for span in spans if span.kind == "llm")


@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
async def test_what_is_redacted_in_a_question_reaches_neither_model_nor_trace(gateway: Gateway, path: str) -> None:
    await forbid(gateway, MAIL, stages=["input"], action="redact")
    model = MODEL if path == CHAT else "anthropic/claude-sonnet-4-5"
    parts = [{"type": "text", "text": "I am ada@example.org"}, {"type": "text", "text": "Hi"}]
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": parts}]}

    reply = await gateway.http().post(path, json=body)

    assert reply.status_code == 200
    assert gateway.upstream.last.body["messages"][0]["content"][0]["text"] == "I am [EMAIL]"
    spans = await gateway.spans(reply.headers["x-quarterdeck-trace-id"])
    assert "ada@" not in json.dumps([[span.input, span.output] for span in spans])


async def test_a_secret_in_a_refused_question_is_not_recorded(gateway: Gateway) -> None:
    await forbid(gateway, {"kind": "secrets"}, stages=["input"])
    key = "ghp_" + "aB3dE6gH9j" * 4

    reply = await gateway.http().post(CHAT, json=asking(f"use {key}"))

    assert reply.status_code == 400
    spans = await gateway.spans(reply.headers["x-quarterdeck-trace-id"])
    assert key not in json.dumps([[span.input, span.output, span.status_message] for span in spans]) + reply.text


@pytest.mark.parametrize("role", ["system", "assistant", "tool"])
async def test_only_the_words_of_the_wanted_roles_are_looked_at(gateway: Gateway, role: str) -> None:
    await forbid(gateway, WORD, stages=["input"], roles=["user", "tool"])
    other = {"role": role, "content": "xyzzy"} | ({"tool_call_id": "c"} if role == "tool" else {})

    reply = await gateway.http().post(
        CHAT, json={"model": MODEL, "messages": [other, {"role": "user", "content": "Hi"}]}
    )

    assert reply.status_code == (400 if role == "tool" else 200)


async def test_a_plain_answer_that_is_refused_is_a_400_and_is_billed(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("The word is xyzzy.",)))
    await forbid(gateway, WORD, stages=["output"])

    reply = await gateway.http().post(CHAT, json=asking("Hello"))

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "content_policy_violation")
    trace_id = reply.headers["x-quarterdeck-trace-id"]
    assert await verdicts(gateway, trace_id) == [("output", "blocked", "block", "denied")]
    (llm,) = [span for span in await gateway.spans(trace_id) if span.kind == "llm"]
    assert llm.cost_pico and not llm.usage_estimated


async def test_a_stream_whose_first_words_are_refused_is_a_400(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("xy", "zzy", " and more")))
    await forbid(gateway, WORD, stages=["output"])

    with pytest.raises(BadRequestError, match="does not let the answer through"):
        await gateway.openai().chat.completions.create(**asking("Hello", stream=True))


async def test_a_word_cut_across_chunks_ends_the_stream_in_band_and_what_was_said_is_billed(gateway: Gateway) -> None:
    before = [f"{word} " for word in ("This is a long and harmless beginning. " * 20).split()]
    words = (*before, "x", "yz", "zy ", *("and so on " for _ in range(10)), "never said")
    gateway.upstream.script(Turn(words=words, pause_before=len(words) - 1))
    await forbid(gateway, WORD, stages=["output"])

    reply = await gateway.http().post(CHAT, json=asking("Hello", stream=True))

    assert reply.status_code == 200
    assert "xyz" not in said(reply.text)
    assert said(reply.text).startswith("This is a long")
    assert '"finish_reason":"content_filter"' in reply.text
    assert "content_policy_violation" in reply.text
    assert "[DONE]" not in reply.text
    trace_id = reply.headers["x-quarterdeck-trace-id"]
    assert await verdicts(gateway, trace_id) == [("output", "blocked", "block", "denied")]
    (llm,) = [span for span in await gateway.spans(trace_id) if span.kind == "llm"]
    assert llm.cost_pico and llm.usage_estimated


async def test_a_partial_stream_breaks_for_the_official_client(gateway: Gateway) -> None:
    gateway.upstream.script(
        Turn(words=(*("harmless words " for _ in range(40)), "xyzzy", *(" go on" for _ in range(40))))
    )
    await forbid(gateway, WORD, stages=["output"])

    heard = ""
    with pytest.raises(APIError, match="does not let"):
        async for chunk in await gateway.openai().chat.completions.create(**asking("Hello", stream=True)):
            heard += (chunk.choices[0].delta.content or "") if chunk.choices else ""

    assert heard.startswith("harmless words") and "xyzzy" not in heard


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_redaction_in_a_stream_does_not_depend_on_where_it_is_cut(gateway: Gateway, size: int) -> None:
    text = "Hello! Mail ada.lovelace@example.org or bob@example.org. " + "Anything else? " * 12
    gateway.upstream.script(Turn(words=tuple(text[at : at + size] for at in range(0, len(text), size))))
    await forbid(gateway, MAIL, stages=["output"], action="redact")

    reply = await gateway.http().post(CHAT, json=asking("Hi", stream=True))

    assert said(reply.text) == "Hello! Mail [EMAIL] or [EMAIL]. " + "Anything else? " * 12
    assert reply.text.endswith("data: [DONE]\n\n")
    spans = await gateway.spans(reply.headers["x-quarterdeck-trace-id"])
    assert "lovelace" not in json.dumps([[span.input, span.output] for span in spans])
    assert [span.cost_pico for span in spans if span.kind == "llm"] != [None]


@pytest.mark.parametrize("stream", [False, True])
async def test_redaction_holds_in_anthropics_dialect_and_across_dialects(gateway: Gateway, stream: bool) -> None:
    gateway.upstream.script(Turn(words=("Mail ada@exa", "mple.org now")))
    await forbid(gateway, MAIL, stages=["output"], action="redact")

    for model in ("anthropic/claude-sonnet-4-5", MODEL):
        body = {**asking("Hi"), "model": model, "max_tokens": 50, "stream": stream}
        reply = await gateway.http().post("/v1/messages", json=body)

        assert reply.status_code == 200
        assert (
            "[EMAIL]" in reply.text and "exa" not in reply.text.replace("example", "") and "mple.org" not in reply.text
        )


async def test_events_that_need_no_change_go_out_as_the_very_bytes(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("One ", "two ", "three.")))
    plain = await gateway.http().post(CHAT, json=asking("Hi", stream=True))
    await forbid(gateway, WORD, MAIL, action="redact")

    guarded = await gateway.http().post(CHAT, json=asking("Hi", stream=True))

    def stripped(body: str) -> str:
        return "\n".join(line.partition('"model"')[2] or line for line in body.splitlines())

    assert stripped(guarded.text) == stripped(plain.text)


async def test_a_stream_that_is_not_to_be_held_back_is_told_as_not_evaluated(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("xyzzy",)))
    await forbid(gateway, WORD, stages=["output"], streaming="skip")

    streamed = await gateway.http().post(CHAT, json=asking("Hi", stream=True))
    plain = await gateway.http().post(CHAT, json=asking("Hi"))

    assert (streamed.status_code, plain.status_code) == (200, 400)
    found = await verdicts(gateway, streamed.headers["x-quarterdeck-trace-id"])
    assert found == [("output", "not_evaluated", "none", "")]


async def test_an_answer_that_fails_is_told_as_not_evaluated(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=500, error={"error": {"message": "no"}}))
    await forbid(gateway, WORD, stages=["output"])

    reply = await gateway.http().post(CHAT, json=asking("Hi"))

    found = await verdicts(gateway, reply.headers["x-quarterdeck-trace-id"])
    assert found == [("output", "not_evaluated", "none", "")]


async def test_flagging_lets_everything_through_and_says_what_it_saw(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("xyzzy",)))
    await forbid(gateway, WORD, action="flag")

    reply = await gateway.http().post(CHAT, json=asking("xyzzy?"))

    assert reply.json()["choices"][0]["message"]["content"] == "xyzzy"
    found = await verdicts(gateway, reply.headers["x-quarterdeck-trace-id"])
    assert found == [("input", "passed", "flag", "denied"), ("output", "passed", "flag", "denied")]


async def test_an_app_is_guarded_like_a_model(gateway: Gateway) -> None:
    gateway.apps.apps["bot"] = FixedApp("bot", "rel_1", [TextPiece("Ask ada@example.org"), FinishPiece()])
    await forbid(gateway, MAIL, stages=["output"], action="redact", scope=GuardrailScope(apps=["b*"]))

    plain = await gateway.http().post(CHAT, json={**asking("Hi"), "model": "bot"})
    streamed = await gateway.http().post(CHAT, json={**asking("Hi", stream=True), "model": "bot"})
    model = await gateway.http().post(CHAT, json=asking("Hi"))

    assert plain.json()["choices"][0]["message"]["content"] == said(streamed.text) == "Ask [EMAIL]"
    assert "x-quarterdeck-guardrails" not in model.headers


async def test_scopes_by_model_and_key_and_wish(gateway: Gateway) -> None:
    other = await gateway.another_key("other")
    await forbid(gateway, WORD, name="models", scope=GuardrailScope(models=["anthropic/*"]))
    await forbid(gateway, WORD, name="keys", scope=GuardrailScope(keys=["other"]))
    await forbid(gateway, WORD, name="asked", scope=GuardrailScope(asked_only=True))

    async def status(**headers: str) -> int:
        return (await gateway.http().post(CHAT, json=asking("xyzzy"), headers=headers)).status_code

    assert await status() == 200
    assert await status(Authorization=f"Bearer {other}") == 400
    assert await status(**{"x-quarterdeck-guardrails": "asked"}) == 400
    assert (await gateway.http().post(CHAT, json=asking("xyzzy", guardrails=["asked"]))).status_code == 400
    assert (await gateway.http().post(CHAT, json={**asking("xyzzy"), "model": "anthropic/claude-sonnet-4-5"})).status_code == 400  # fmt: skip


async def test_asking_for_a_guardrail_that_is_not_there_is_an_error(gateway: Gateway) -> None:
    reply = await gateway.http().post(CHAT, json=asking("Hi", guardrails=["nowhere"]))

    assert reply.status_code == 400
    assert "nowhere" in reply.json()["error"]["message"]


async def test_a_guardrail_that_is_off_or_gone_looks_at_nothing(gateway: Gateway) -> None:
    await forbid(gateway, WORD)
    await guardrails.switch(gateway.work, "rule", enabled=False)
    off = await gateway.http().post(CHAT, json=asking("xyzzy"))
    await guardrails.switch(gateway.work, "rule", enabled=True)
    on = await gateway.http().post(CHAT, json=asking("xyzzy"))
    await guardrails.remove(gateway.work, "rule")
    gone = await gateway.http().post(CHAT, json=asking("xyzzy"))

    assert (off.status_code, on.status_code, gone.status_code) == (200, 400, 200)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_from_the_cache_is_looked_at_again(
    tmp_path: Path, upstream: FakeUpstream, stream: bool
) -> None:
    upstream.script(Turn(words=("Mail ada@example.org",)))
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        first = await gateway.http().post(CHAT, json=asking("Hi", stream=stream))
        await forbid(gateway, MAIL, stages=["output"])
        second = await gateway.http().post(CHAT, json=asking("Hi", stream=stream))
        await guardrails.remove(gateway.work, "rule")
        third = await gateway.http().post(CHAT, json=asking("Hi", stream=stream))

    assert (first.status_code, second.status_code, third.status_code) == (200, 400, 200)
    assert third.headers["x-quarterdeck-cache"] == "hit"
    assert len(upstream.received) == 1


async def test_a_guarded_answer_is_kept_and_given_again(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with running_gateway(tmp_path / "home", upstream) as gateway:
        await forbid(gateway, WORD)
        await gateway.http().post(CHAT, json=asking("Hi"))
        again = await gateway.http().post(CHAT, json=asking("Hi"))
        spans = await gateway.spans(again.headers["x-quarterdeck-trace-id"])

    assert again.headers["x-quarterdeck-cache"] == "hit"
    assert [(span.kind, span.cached) for span in spans if span.kind != "guardrail"] == [("chain", False), ("llm", True)]


async def test_texts_to_be_embedded_are_looked_at(gateway: Gateway) -> None:
    await forbid(gateway, MAIL, stages=["input"], action="redact", name="mail")
    await forbid(gateway, WORD, stages=["input"], name="word")
    body = {"model": "openai/text-embedding-3-small", "input": ["I am ada@example.org", "Hi"]}

    redacted = await gateway.http().post("/v1/embeddings", json=body)
    refused = await gateway.http().post("/v1/embeddings", json={**body, "input": "xyzzy"})

    assert (redacted.status_code, refused.status_code) == (200, 400)
    assert gateway.upstream.last.body["input"] == ["I am [EMAIL]", "Hi"]


async def test_tool_arguments_are_words_too(gateway: Gateway) -> None:
    await forbid(gateway, WORD, stages=["input"])
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "xyzzy"},
    ]

    reply = await gateway.http().post(CHAT, json={"model": MODEL, "messages": messages})

    assert reply.status_code == 400


# --- a judge elsewhere ----------------------------------------------------------------------------------------


@asynccontextmanager
async def judge(answer: Any, status: int = 200) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []

    async def serve(request: web.Request) -> web.Response:
        asked.append({**(await request.json()), "authorization": request.headers.get("authorization")})
        return web.json_response(answer(asked[-1]) if callable(answer) else answer, status=status)

    app = web.Application()
    app.router.add_post("/judge", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/judge", asked
    finally:
        await runner.cleanup()


def webhook(url: str, on_failure: str = "block") -> dict[str, Any]:
    return {"kind": "webhook", "url": url, "on_failure": on_failure, "timeout_s": 2}


async def test_a_webhook_blocks_and_gets_its_credential(gateway: Gateway) -> None:
    async with judge({"action": "block", "label": "toxic", "score": 0.9, "reason": "rude"}) as (url, asked):
        await forbid(gateway, webhook(url), stages=["input"], secret="hook-secret")
        reply = await gateway.http().post(CHAT, json=asking("You fool", user="ada"))

    assert reply.status_code == 400
    assert "toxic" in reply.json()["error"]["message"]
    assert (asked[0]["texts"], asked[0]["stage"], asked[0]["user_id"]) == (["You fool"], "input", "ada")
    assert asked[0]["authorization"] == "Bearer hook-secret"
    spans = await gateway.spans(reply.headers["x-quarterdeck-trace-id"])
    (verdict,) = next(span.output for span in spans if span.kind == "guardrail")
    assert (verdict["label"], verdict["score"], verdict["reason"], verdict["tier"]) == ("toxic", 0.9, "rude", "remote")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_webhook_rewrites_an_answer(gateway: Gateway, stream: bool) -> None:
    gateway.upstream.script(Turn(words=("You ", "fool")))
    async with judge(
        lambda said: {"action": "redact", "texts": [t.replace("fool", "friend") for t in said["texts"]]}
    ) as (
        url,
        _,
    ):
        await forbid(gateway, webhook(url), stages=["output"], action="redact")
        reply = await gateway.http().post(CHAT, json=asking("Hi", stream=stream))

    words = said(reply.text) if stream else reply.json()["choices"][0]["message"]["content"]
    assert words == "You friend"


@pytest.mark.parametrize(("on_failure", "status"), [("block", 400), ("pass", 200)])
@pytest.mark.parametrize("silence", ["nobody there", "error", "nonsense"])
async def test_a_webhook_that_gives_no_opinion_does_what_its_owner_declared(
    gateway: Gateway, on_failure: str, status: int, silence: str
) -> None:
    async with judge({"hello": 1}, 500 if silence == "error" else 200) as (url, _):
        url = "http://127.0.0.1:9/" if silence == "nobody there" else url
        await forbid(gateway, webhook(url, on_failure), stages=["input"])
        reply = await gateway.http().post(CHAT, json=asking("Hi"))

    assert reply.status_code == status
    ((_, outcome, _, _),) = await verdicts(gateway, reply.headers["x-quarterdeck-trace-id"])
    assert outcome == ("blocked" if status == 400 else "not_evaluated")


async def test_portkeys_word_for_a_verdict_is_understood(gateway: Gateway) -> None:
    async with judge({"verdict": False}) as (url, _):
        await forbid(gateway, webhook(url), stages=["input"])
        reply = await gateway.http().post(CHAT, json=asking("Hi"))

    assert reply.status_code == 400


# --- every other dialect --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [MODEL, "anthropic/claude-sonnet-4-5"])
@pytest.mark.parametrize("path", ["/v1/responses", "/v1/completions"])
async def test_other_dialects_are_guarded_forwarded_or_translated(
    gateway: Gateway, path: str, model: str, stream: bool
) -> None:
    gateway.upstream.script(Turn(words=("Mail ada@exa", "mple.org now", " and more words" * 10)))
    await forbid(gateway, MAIL, name="mail", action="redact")
    await forbid(gateway, WORD, name="word", stages=["input"])
    asked_in = "input" if path == "/v1/responses" else "prompt"
    body = {"model": model, "stream": stream, "tags": ["a"]} | ({"max_tokens": 50} if asked_in == "prompt" else {})

    reply = await gateway.http().post(path, json={**body, asked_in: "I am bob@example.org"})
    refused = await gateway.http().post(path, json={**body, asked_in: "xyzzy"})

    assert (reply.status_code, refused.status_code) == (200, 400)
    assert "[EMAIL]" in reply.text and "mple.org" not in reply.text
    assert "bob@" not in json.dumps(gateway.upstream.last.body)
    assert "tags" not in gateway.upstream.last.body
